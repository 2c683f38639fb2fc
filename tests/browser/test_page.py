"""What a reader sees: the real program, a real log, a real browser."""

import json
import os
import re
import signal
import time

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.timeout(90)

XS = "chart => chart.data.map(trace => trace.x).flat()"


def lines(first: int, last: int) -> str:
    return "".join(f"step={step} loss={1 / step:.6f} val_loss={1.1 / step:.6f}\n" for step in range(first, last + 1))


def chart(page, key="loss"):
    return page.locator(f'.chart[data-chart="{key}"]')


def wait_for_step(page, step, key="loss"):
    """Waits until the newest point of a chart's first trace is the one of a step."""
    page.wait_for_function(
        """([key, step]) => {
          const chart = document.querySelector(`.chart[data-chart="${key}"]`);
          return chart?.data?.at(-1)?.x?.at(-1) === step;
        }""",
        arg=[key, step],
        timeout=15_000,
    )


@pytest.fixture
def shown(serve, log, page):
    """A server, and the page with its first 50 steps on it."""
    log.append(lines(1, 50))
    server = serve(log.path)
    page.goto(server.url)
    wait_for_step(page, 50)
    return server


def test_a_line_that_is_written_becomes_a_point_in_the_same_trace(shown, log, page):
    page.evaluate("window.before = document.querySelector('.chart').data[0]")

    log.append(lines(51, 51))
    wait_for_step(page, 51)

    assert page.evaluate("window.before === document.querySelector('.chart').data[0]")
    assert chart(page).evaluate(XS) == [*range(1, 52), *range(1, 52)]
    assert page.problems == []


def test_train_and_val_of_one_quantity_share_a_chart_with_their_last_values(shown, page):
    card = page.locator(".card", has=chart(page))
    assert page.locator(".chart").count() == 1
    assert "train 0.02" in re.sub(r"\s+", " ", card.inner_text())
    assert "val 0.022" in re.sub(r"\s+", " ", card.inner_text())


def test_a_zoomed_window_stays_while_points_come(shown, log, page):
    chart(page).evaluate("chart => Plotly.relayout(chart, {'xaxis.range': [10, 20]})")
    page.wait_for_url(re.compile(r"from=10"))
    page.wait_for_load_state("networkidle")

    log.append(lines(51, 60))
    wait_for_step(page, 60)

    assert chart(page).evaluate("chart => chart.layout.xaxis.range.map(Math.round)") == [10, 20]
    assert page.problems == []


def test_nothing_is_missing_and_nothing_twice_after_the_server_was_killed(shown, serve, log, page):
    os.killpg(shown.pid, signal.SIGKILL)
    shown.process.wait()
    log.append(lines(51, 80))

    serve(log.path, port=shown.port)
    wait_for_step(page, 80)
    log.append(lines(81, 90))
    wait_for_step(page, 90)

    assert chart(page).evaluate(XS) == [*range(1, 91), *range(1, 91)]


def test_the_page_waits_in_words_and_then_shows_the_first_points(serve, log, page):
    server = serve(log.path)
    page.goto(server.url)
    page.get_by_text("Waiting for train.log").first.wait_for()

    log.append(lines(1, 5))
    wait_for_step(page, 5)

    assert page.get_by_text("Waiting for").count() == 0
    assert page.problems == []


def test_a_truncated_log_goes_on_in_a_new_segment(shown, log, page):
    log.truncate()
    log.append(lines(1, 3))
    wait_for_step(page, 3)

    page.wait_for_function("() => document.querySelector('.chart').data.length === 4")
    # The earlier 50 points of each, dimmed, and the 3 of the new life.
    assert chart(page).evaluate("chart => chart.data.map(trace => trace.meta.live)") == [False, True] * 2
    assert page.get_by_text("truncated").first.is_visible()


def test_the_state_is_told_when_the_server_goes(shown, page):
    shown.stop()
    page.wait_for_function(
        "() => /stopped|reconnecting/i.test(document.getElementById('state').textContent)", timeout=10_000
    )


def test_x_can_be_wall_time_and_the_link_shows_the_same(serve, log, page):
    log.append("2026-01-01 10:00:00 step=1 loss=3\n2026-01-01 10:00:30 step=2 loss=2\n")
    server = serve(log.path)
    page.goto(f"{server.url}/?x=relative")
    page.wait_for_function("() => document.querySelector('.chart')?.data?.[0]?.x?.length === 2")
    assert chart(page).evaluate(XS) == [0, 30]


def test_hostile_names_are_shown_as_text(serve, log, page):
    names = ["<img src=x onerror=alert(1)>", "__proto__", "constructor", "</script>", "%{x}"]
    log.append("".join(json.dumps({"step": n} | dict.fromkeys(names, n)) + "\n" for n in range(9)))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    server = serve(log.path)
    page.goto(server.url)
    for name in names:
        page.get_by_text(name, exact=True).first.wait_for()
    log.append('{"step": 9, "__proto__": 9, "constructor": 9}\n')
    wait_for_step(page, 9, "__proto__")
    assert page.evaluate("({}).polluted === undefined")
    assert page.problems == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_fits_a_phone_in_both_themes(shown, chromium, theme):
    with chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=theme) as context:
        page = context.new_page()
        page.goto(shown.url)
        wait_for_step(page, 50)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(247, 247, 245)", "dark": "rgb(17, 19, 18)"}[theme]


def test_without_javascript_there_is_a_picture(shown, chromium):
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(shown.url)
        picture = page.locator("img[src^='plot.png']")
        picture.wait_for()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300


def test_the_plain_page_loads_itself_anew(shown, log, chromium):
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{shown.url}/plot?interval=1")
        assert page.get_by_text("0.02000", exact=True).first.is_visible()
        log.append("step=51 loss=0.125 val_loss=0.25\n")
        page.get_by_text("0.1250", exact=True).first.wait_for(timeout=5000)


def test_no_address_in_the_page_leaves_the_prefix():
    for file in [*(ROOT / "templates").glob("*.html"), *(ROOT / "static").rglob("*.js")]:
        assert not re.search(r"""(?:src|href)=["']/|fetch\(["'`]/|EventSource\(["'`]/""", file.read_text()), file


def test_polling_takes_over_where_a_stream_does_not_get_through(shown, log, page):
    page.route("**/events?*", lambda route: time.sleep(0))  # held for ever, as a buffering proxy does
    page.reload()
    wait_for_step(page, 50)
    page.wait_for_function("() => /polling/i.test(document.getElementById('state').textContent)", timeout=15_000)
    log.append(lines(51, 55))
    wait_for_step(page, 55)
    assert chart(page).evaluate(XS) == [*range(1, 56), *range(1, 56)]
