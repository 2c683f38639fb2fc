"""The page behind proxies that are broken for longer: what takes more than a few seconds each."""

import os
import signal
import threading
import time

import pytest

from tests.browser.reader import (
    drawn,
    lines,
    note_states,
    noted_states,
    tabs,
    told,
    wait_for_state,
    wait_for_step,
)
from tests.chaos.proxy import running_proxy

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def server(serve, log):
    log.append(lines(1, 50))
    return serve(log.path)


@pytest.fixture
def proxy(server):
    with running_proxy(server.port) as proxy:
        yield proxy


class Training:
    """Writes a step every 50 ms, in a thread of its own, until it is ended; `last` is the newest."""

    def __init__(self, log, first: int) -> None:
        self.last = first - 1
        self._log, self._ended = log, threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        while not self._ended.wait(0.05):
            self._log.append(lines(self.last + 1, self.last + 1))
            self.last += 1

    def end(self) -> int:
        self._ended.set()
        self._thread.join()
        return self.last


@pytest.fixture
def training(log):
    training = Training(log, 51)
    yield training
    training.end()


def open_page(page, proxy):
    page.goto(f"http://127.0.0.1:{proxy.port}/")
    page.wait_for_function("() => document.querySelector('.chart')?.data")
    wait_for_state(page, "^live$")
    note_states(page)


def is_whole_in_the_end(page, server, training, within=20.0):
    wait_for_step(page, training.end(), within)
    assert drawn(page) == told(server)


def test_20_s_of_502_leave_no_gap(page, server, proxy, training):
    open_page(page, proxy)
    proxy.set("reply502", for_s=20)
    wait_for_state(page, "reconnecting since ..:..…", within=19)
    wait_for_state(page, "^live$", within=40)
    is_whole_in_the_end(page, server, training)


def test_answers_without_content_leave_no_gap(page, server, proxy, training):
    open_page(page, proxy)
    for address in ("**/events?*", "**/metrics.json?*", "**/healthz", "**/status.json"):
        page.route(address, lambda route: route.fulfill(status=204))
    proxy.set("rst", for_s=0.2)
    wait_for_state(page, "reconnecting")
    page.wait_for_timeout(10_000)
    page.unroute_all()
    wait_for_state(page, "^live$", within=20)
    is_whole_in_the_end(page, server, training)


def test_behind_a_proxy_that_buffers_the_points_come_by_polling_until_streams_pass_again(
    page,
    server,
    proxy,
    log,
):
    proxy.set("buffer_until_close")
    page.goto(f"http://127.0.0.1:{proxy.port}/")
    loaded = time.monotonic()
    wait_for_step(page, 50)
    log.append(lines(51, 51))
    wait_for_step(page, 51)
    first = time.monotonic() - loaded
    wait_for_state(page, "polling")
    note_states(page)
    waits = []
    for step in range(52, 60):
        log.append(lines(step, step))
        wrote = time.monotonic()
        wait_for_step(page, step, 4)
        waits.append(time.monotonic() - wrote)
    proxy.set("pass")
    passes = time.monotonic()
    wait_for_state(page, "^live$", within=62)
    print(
        f"first point after {first:.1f} s, then after {max(waits):.1f} s at most; "
        f"a stream again after {time.monotonic() - passes:.0f} s"
    )
    log.append(lines(60, 60))
    wait_for_step(page, 60, 1)
    assert not any("econnecting" in words for words in noted_states(page))
    assert drawn(page) == told(server)


@pytest.mark.parametrize("rate", [1, 200])
def test_streams_that_are_cut_every_5_s_or_every_megabyte_are_no_news(page, server, proxy, log, rate):
    open_page(page, proxy)
    step, until = 50, time.monotonic() + 30
    cut = time.monotonic()
    if rate > 1:
        proxy.set("cut", after_bytes=1_000_000)
    while time.monotonic() < until:
        log.append(lines(step + 1, step + rate))
        step += rate
        if rate == 1 and time.monotonic() - cut > 5:
            proxy.set("rst", for_s=0.05)
            cut = time.monotonic()
        page.wait_for_timeout(100)
    wait_for_step(page, step)
    assert not any("econnecting" in words for words in noted_states(page))
    if step <= 2000:  # beyond, the page draws fewer
        assert drawn(page) == told(server)
    else:
        ends = {name: (x[-1], y[-1]) for name, (x, y) in drawn(page).items()}
        assert ends == {name: (x[-1], y[-1]) for name, (x, y) in told(server).items()}
        assert all(x == sorted(set(x)) for x, _ in drawn(page).values())


def test_a_black_hole_is_noticed_and_left_again(page, server, proxy, training):
    """Also what is asked while nothing comes through must end by itself, or nobody would ask again."""
    open_page(page, proxy)
    proxy.set("blackhole")
    began = time.monotonic()
    wait_for_state(page, "reconnecting", within=60)
    noticed = time.monotonic() - began
    page.wait_for_timeout(25_000)
    proxy.set("pass")
    passes = time.monotonic()
    wait_for_state(page, "^live", within=30)
    print(f"noticed after {noticed:.0f} s, mended after {time.monotonic() - passes:.1f} s")
    is_whole_in_the_end(page, server, training)


def test_a_page_opened_in_a_black_hole_comes_when_it_is_over(page, server, proxy, training):
    page.route(
        "**/figure.json?*", lambda route: (proxy.set("blackhole", for_s=20), route.continue_(), page.unroute_all())
    )
    page.goto(f"http://127.0.0.1:{proxy.port}/", wait_until="commit")
    wait_for_state(page, "^live$", within=60)
    is_whole_in_the_end(page, server, training)


ASKED = """async () => {
  const began = performance.now();
  await (await fetch("metrics.json")).text();
  return performance.now() - began;
}"""


def test_tabs_shown_one_after_another_are_all_right_and_the_server_stays_at_hand(server, log, chromium):
    """Six connections are all that a browser has for a server: more streams, and its next question waits for ever."""
    with tabs(chromium, 10) as window:
        for tab in window.pages:
            tab.goto(server.url, wait_until="commit")
        slowest = 0.0
        for n, tab in enumerate(window.pages):
            window.show(tab)
            log.append(lines(51 + n, 51 + n))
            wait_for_step(tab, 51 + n)
            tab.set_default_timeout(5_000)
            slowest = max(slowest, tab.evaluate(ASKED))
            assert drawn(tab) == told(server)
            # Of a hidden tab the server hears at its next write.
            assert server.json("/status.json")["clients"] <= 4
        for tab in window.pages:
            window.show(tab)
        print(f"/metrics.json within {slowest:.0f} ms")
        log.append(lines(61, 61))
        wait_for_step(tab, 61)
        assert drawn(tab) == told(server)


def test_a_server_that_comes_back_with_a_log_that_is_not_there_yet_shows_no_old_curves(serve, server, page, tmp_path):
    page.goto(server.url)
    wait_for_step(page, 50)
    os.killpg(server.pid, signal.SIGKILL)
    server.process.wait()

    serve(tmp_path / "other.log", port=server.port)

    page.get_by_text("Waiting for other.log").first.wait_for(timeout=20_000)
    page.wait_for_function("() => !document.querySelector('.chart')", timeout=20_000)
