"""What a reader sees when streams break: the real program, a real browser, a proxy between them that has faults."""

import os
import signal

import pytest

from tests.browser.reader import (
    drawn,
    lines,
    note_states,
    noted_states,
    state,
    tabs,
    told,
    wait_for_state,
    wait_for_step,
)
from tests.chaos.proxy import running_proxy
from tests.conftest import Log

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def server(serve, log):
    log.append(lines(1, 50))
    return serve(log.path)


@pytest.fixture
def proxy(server):
    with running_proxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def shown(proxy, page):
    """The page with its first 50 steps on it, seen through the proxy."""
    page.goto(f"http://127.0.0.1:{proxy.port}/")
    wait_for_step(page, 50)
    wait_for_state(page, "live")
    note_states(page)
    return page


def test_a_proxy_without_its_server_is_told_and_then_the_curves_go_on_without_gap_or_repeat(shown, server, proxy, log):
    proxy.set("reply502")
    log.append(lines(51, 70))
    wait_for_state(shown, "reconnecting…")
    shown.wait_for_function("() => document.title.includes('no answer')")
    proxy.set("pass")
    log.append(lines(71, 80))
    wait_for_step(shown, 80)
    wait_for_state(shown, "^live$")
    assert drawn(shown) == told(server)


@pytest.mark.parametrize("fault", ["rst", "cut"])
def test_connections_that_are_cut_in_the_middle_of_an_event_lose_nothing_and_are_no_news(
    shown, server, proxy, log, fault
):
    for first in range(51, 131, 20):
        # The headers of an answer are about 600 bytes, an event of 20 lines 1,700.
        proxy.set(fault, for_s=0.2, **({"after_bytes": 900} if fault == "cut" else {}))
        log.append(lines(first, first + 19))
        wait_for_step(shown, first + 19)
    assert drawn(shown) == told(server)
    assert set(noted_states(shown)) == {"Live"}


def test_a_server_that_comes_back_with_another_log_is_shown_as_it_is(serve, server, log, page, tmp_path):
    page.goto(server.url)
    wait_for_step(page, 50)
    os.killpg(server.pid, signal.SIGKILL)
    server.process.wait()
    other = Log(tmp_path / "other.log")
    other.append(lines(1, 20))

    another = serve(other.path, port=server.port)
    wait_for_step(page, 20)

    assert drawn(page) == told(another)
    assert page.locator("#names").inner_text() == "other"
    page.wait_for_function("() => document.title.endsWith('other')")


def test_a_run_that_is_asked_for_and_not_there_is_shown_when_it_comes(serve, server, page, tmp_path):
    page.goto(f"{server.url}/?run=train")
    wait_for_step(page, 50)
    os.killpg(server.pid, signal.SIGKILL)
    server.process.wait()
    other = Log(tmp_path / "other.log")
    other.append(lines(1, 20))

    serve(other.path, port=server.port)

    page.get_by_text("no run 'train'; there is 'other'").wait_for(timeout=20_000)
    assert page.locator(".chart").count() == 0
    assert state(page) == "Nothing to show"


def test_a_tab_that_was_opened_in_the_background_holds_no_stream_but_tells_how_far_the_run_is(server, log, chromium):
    with tabs(chromium, 1) as window:
        page = window.pages[0]
        loads = []
        page.on("request", lambda request: loads.append(request.url) if "figure.json" in request.url else None)
        page.goto(server.url)
        page.wait_for_function("() => document.title === '50 · train'")
        assert server.json("/status.json")["clients"] == 0
        assert loads == []

        window.show(page)
        wait_for_step(page, 50)
        log.append(lines(51, 51))
        wait_for_step(page, 51)
        assert len(loads) == 1


def test_the_title_of_a_hidden_tab_follows_the_run_and_says_nan_first(server, log, chromium):
    with tabs(chromium, 1) as window:
        page = window.pages[0]
        page.clock.install()
        page.goto(server.url)
        window.show(page)
        wait_for_step(page, 50)
        page.wait_for_function("() => document.title === '50 · train'")
        window.show(None)
        log.append("step=51 loss=nan val_loss=0.1\n")
        page.clock.fast_forward(61_000)
        page.wait_for_function("() => document.title === 'NaN · train'")
        assert "e0453a" in page.locator('link[rel="icon"]').get_attribute("href")
        log.append(lines(52, 52))
        page.clock.fast_forward(61_000)
        page.wait_for_function("() => document.title === '52 · train'")


def test_a_page_that_the_browser_kept_and_brings_back_is_live_again(shown, server, log):
    """As a browser does that keeps pages: the events alone, since what it keeps depends on the browser."""
    shown.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    for _ in range(2):  # the server finds a closed stream at its next write
        log.append(lines(51, 51) if _ == 0 else lines(52, 52))
        shown.wait_for_timeout(300)
    assert max(drawn(shown)["train/loss"][0]) == 50
    shown.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    wait_for_step(shown, 52)
    log.append(lines(53, 53))
    wait_for_step(shown, 53)
    assert drawn(shown) == told(server)


def test_a_phone_whose_network_is_back_tries_at_once(shown, server, proxy, log):
    tried = []
    shown.on("request", lambda request: tried.append(request.url) if "/events" in request.url else None)
    proxy.set("reply502")
    shown.wait_for_event("request", lambda request: "/events" in request.url)
    while len(tried) < 2:  # the next wait is 4 s, or 3 at least
        shown.wait_for_timeout(50)
    proxy.set("pass")
    log.append(lines(51, 60))
    shown.context.set_offline(True)
    shown.context.set_offline(False)
    wait_for_step(shown, 60, within=2.5)
    assert drawn(shown) == told(server)
