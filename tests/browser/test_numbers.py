"""What becomes of odd numbers and names on the page: the real program, a real log, a real browser."""

import json

import pytest

pytestmark = pytest.mark.timeout(90)

TRACES = "chart => chart.data.map(({x, y, meta}) => ({x, y, band: meta.band, live: meta.live}))"


def chart(page, key="loss"):
    return page.locator(f'.chart[data-chart="{key}"]')


def card(page, key="loss"):
    return page.locator(".card", has=chart(page, key))


def wait_for(page, condition, arg=None):
    """Waits until a condition holds for the first chart that is drawn, `chart`."""
    page.wait_for_function(
        f"arg => {{ const chart = document.querySelector('.chart'); return chart?.data && ({condition}); }}",
        arg=arg,
        timeout=15_000,
    )


def marks(page, key="loss"):
    """The paths of the marks of a chart that Plotly has drawn, as many `M` as there are strokes."""
    return chart(page, key).locator(".shapelayer path").evaluate_all("paths => paths.map(p => p.getAttribute('d'))")


def open_page(page, serve, log):
    server = serve(log.path)
    page.goto(server.url)
    wait_for(page, "chart.data.at(-1).x.length > 0")
    return server


# -- values that are no numbers ----------------------------------------------------------------------


def test_a_value_that_is_no_number_is_a_gap_a_red_tick_and_a_count_also_while_live(serve, log, page):
    log.append("".join(f"step={step} loss={'nan' if step == 5 else step}\n" for step in range(1, 50)))
    open_page(page, serve, log)
    assert chart(page).evaluate("chart => chart.data[0].y[4]") is None
    assert [path.count("M") for path in marks(page)] == [1]
    assert card(page).locator(".alert").inner_text() == "1 NaN, first at step 5"

    log.append("step=50 loss=-inf\nstep=51 loss=1\n")
    card(page).get_by_text("1 NaN and 1 inf, first at step 5").wait_for()
    page.wait_for_function("() => document.querySelector('.chart .shapelayer path')?.getAttribute('d').split('M')[2]")
    assert page.problems == []


# -- several values of one step ----------------------------------------------------------------------


def ranks(*steps):
    """What two processes print of each step: 1 and 3, and the same learning rate."""
    return "".join(f"step={step} loss={value} lr=0.1\n" for step in steps for value in (1, 3))


def test_the_values_of_several_ranks_are_their_mean_and_a_band_and_go_on_so_without_a_new_figure(serve, log, page):
    figures = []
    page.on("request", lambda request: figures.append(request.url) if "figure.json" in request.url else None)
    log.append(ranks(*range(1, 101)))
    open_page(page, serve, log)
    band, line = chart(page).evaluate(TRACES)
    assert (band["band"], line["band"]) == (True, False)
    assert (line["x"], set(line["y"])) == (list(range(1, 101)), {2})
    assert card(page).locator(".key li").count() == 1
    assert "mean and range of up to 2 values at a step" in card(page).inner_text()
    assert chart(page).locator(".scatterlayer .js-fill").count() == 1

    log.append("step=101 loss=1 lr=0.1\n")
    wait_for(page, "chart.data[1].x.at(-1) === 101")
    log.append("step=101 loss=6 lr=0.1\n")
    # What Plotly has drawn, not only what it was given.
    wait_for(page, "chart.calcdata[1].at(-1).y === 3.5")
    band, line = chart(page).evaluate(TRACES)
    assert (line["x"], len(line["y"])) == (list(range(1, 102)), 101)
    middle = len(band["x"]) // 2
    assert (band["x"][middle - 1 : middle + 1], band["y"][middle - 1 : middle + 1]) == ([101, 101], [6, 1])
    assert "3.500" in card(page).locator(".key").inner_text()
    assert len(figures) == 1
    assert page.problems == []


def test_ranks_that_begin_later_and_points_that_come_late_are_drawn_in_order(serve, log, page):
    log.append("".join(f"step={step} loss=1\n" for step in range(1, 51)))
    open_page(page, serve, log)

    log.append("step=51 loss=1\nstep=53 loss=1\n")
    wait_for(page, "chart.data.at(-1).x.at(-1) === 53")
    log.append("step=52 loss=1\nstep=53 loss=2\n")

    wait_for(page, "chart.data.length === 2 && chart.data[1].x.length === 53")
    assert chart(page).evaluate("chart => chart.data[1].x") == list(range(1, 54))
    assert chart(page).evaluate("chart => chart.data[1].y.at(-1)") == 1.5
    assert page.problems == []


# -- restarts ----------------------------------------------------------------------------------------


def test_a_restart_is_a_thin_line_and_dims_what_it_superseded_also_while_live(serve, log, page):
    log.append("".join(f"step={step} loss={step}\n" for step in [*range(1, 501), *range(300, 601)]))
    open_page(page, serve, log)
    assert [path.count("M") for path in marks(page)] == [1]
    assert chart(page).evaluate("chart => chart.data.map(({opacity}) => opacity)") == [0.35, 1]

    log.append("".join(f"step={step} loss={step}\n" for step in range(100, 120)))
    wait_for(page, "chart.data[1].x[0] === 100")
    page.wait_for_function("() => document.querySelector('.chart .shapelayer path')?.getAttribute('d').split('M')[2]")
    assert page.problems == []


# -- which x -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "x", "note"),
    [
        ("loss=3\nloss=2\nloss=1\n", [0, 1, 2], ""),
        ("epoch=0.5 loss=3\nepoch=1.25 loss=2\n", [0.5, 1.25], ""),
        ("2026-01-01 10:00:00 loss=3\n2026-01-01 10:00:30 loss=2\n", [0, 1], ""),
        (
            "loss=9\nloss=8\nstep=1 loss=3\nstep=2 loss=2\nstep=4 loss=1\n",
            [1, 2, 4],
            "2 points without a step left out",
        ),
    ],
    ids=["none", "epoch", "clock", "mixed"],
)
def test_x_is_what_the_log_prints_and_points_without_it_are_counted_in_words(serve, log, page, text, x, note):
    log.append(text)
    open_page(page, serve, log)
    assert chart(page).evaluate("chart => chart.data.at(-1).x") == x
    assert card(page).locator(".note").inner_text() == note


# -- names -------------------------------------------------------------------------------------------

HOSTILE = [
    "__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf",
    "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "</script><script>alert(1)</script>",
    "<svg/onload=alert(1)>", "<b>bold</b>", "<a href='javascript:alert(1)'>x</a>", "<!--", "]]>", "&lt;b&gt;", "&amp;",
    "%{x}", "%{y}<extra></extra>", "%{customdata}", "{{7*7}}", "${7*7}", "#{7*7}", "{%raw%}", "$\\frac", "$$", "a$b$c",
    "\\href{javascript:alert(1)}{x}", "javascript:alert(1)", "' onmouseover='alert(1)", '" onmouseover="alert(1)',
    "a\"]'b", "損失", "loss 🙂", "é", "`", "\\", "a/b\\c", "*", "[!x]", "?metric=x&run=y",
]  # fmt: skip
ESCAPED = {"\u202egnp": r"\u202egnp", "\x1b[31mred": r"\x1b[31mred", "a\u0000b": r"a\x00b", "\ud800": r"\ud800"}
LISTENING = """
  window.refused = [];
  addEventListener("securitypolicyviolation", (event) => window.refused.push(event.violatedDirective));
"""


def test_hostile_names_are_shown_letter_by_letter_and_do_nothing(serve, log, page):
    names = [*HOSTILE, *ESCAPED, "x" * 50_000]
    log.append("".join(json.dumps({"step": n} | dict.fromkeys(names, n)) + "\n" for n in range(3)))
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.add_init_script(LISTENING)
    open_page(page, serve, log)

    titles = page.locator(".card h2").all_text_contents()
    assert set(HOSTILE) <= set(titles)
    assert set(ESCAPED.values()) <= set(titles)
    assert max(map(len, titles)) == 128
    for place in (".card h2", "#names", "#system-words"):
        assert page.locator(f"{place} *").count() == 0
    keys = page.evaluate("[...document.querySelectorAll('.chart')].map(chart => chart.dataset.chart)")
    for key in keys:
        # Each is drawn when it is seen; its name is looked for in what Plotly made of it.
        page.evaluate(
            "key => [...document.querySelectorAll('.chart')].find(c => c.dataset.chart === key).scrollIntoView()", key
        )
        page.wait_for_function(
            "key => [...document.querySelectorAll('.chart')].find(c => c.dataset.chart === key).data", arg=key
        )
    page.evaluate(
        "document.querySelectorAll('.chart').forEach(c => Plotly.Fx.hover(c, [{curveNumber: 0, pointNumber: 1}]))"
    )

    log.append(json.dumps({"step": 3} | dict.fromkeys(names, 3)) + "\n")
    page.wait_for_function(
        "n => { const c = document.querySelectorAll('.chart'); return c[n].data.at(-1).x.at(-1) === 3; }",
        arg=len(keys) - 1,
    )
    assert page.evaluate("({}).polluted === undefined && Object.keys(Object.prototype).length === 0")
    assert page.locator("main img, main script, main a, main svg[onload]").count() == 0
    assert page.evaluate("window.refused") == []
    assert dialogs == []
    assert page.problems == []


# -- very many series --------------------------------------------------------------------------------


FRAMES = """async () => {
  for (let frame = 0; frame < 150; frame += 1) await new Promise(requestAnimationFrame);
}"""


@pytest.fixture
def many(serve, log, page):
    """A page of a log with 2,500 series."""
    log.append("".join(f"step={n // 2500} loss_{n % 2500}={n % 7}\n" for n in range(5000)))
    return open_page(page, serve, log)


def test_of_very_many_series_only_the_charts_that_are_seen_are_drawn(many, page):
    assert page.locator(".card").count() == 2000
    page.evaluate(FRAMES)  # time enough for many more to be drawn
    assert page.locator(".chart:has(.main-svg)").count() < 30
    assert page.problems == []


def test_how_many_series_are_left_out_is_said_for_good(many, page):
    page.locator("#beyond").get_by_text("2,000 of 2,500 series shown").wait_for()
