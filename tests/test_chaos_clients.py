"""The viewers and the proxy of the chaos harness: what they see wrong, and what they do to a stream."""

import asyncio
import contextlib
import json
import math
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from tests.chaos import client, mutants
from tests.chaos.events import Parser
from tests.chaos.held import BLOCK, Held, Tally
from tests.chaos.latency import Latency
from tests.chaos.points import points_of
from tests.chaos.proxy import running_proxy
from tests.chaos.swarm import Swarm, clients_of, obey
from tests.chaos.truth import loss_of
from tests.conftest import ROOT

T = TypeVar("T")
WITHIN = 10.0


def run(what: Coroutine[Any, Any, T]) -> T:
    """What it gives, from a loop of its own in a thread of its own: a browser's tests may have left one in this."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, what).result()


def until(met: Callable[[], bool], within: float = WITHIN) -> None:
    deadline = time.monotonic() + within
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Upstream:
    """A server of one answer: head and body as given, more as it comes, until it is told to end."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.asked: list[bytes] = []
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                taken = self.listening.accept()[0]
                taken.settimeout(WITHIN)
                self.asked.append(taken.recv(4096))
                self.open.append(taken)

    def say(self, text: bytes) -> None:
        until(lambda: bool(self.open))
        self.open[-1].sendall(text)

    def end(self) -> None:
        self.open.pop().close()

    def close(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for taken in self.open:
            taken.close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with contextlib.closing(Upstream()) as server:
        yield server


@contextlib.contextmanager
def viewer(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), WITHIN) as opened:
        opened.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        yield opened


def taken(opened: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size and (piece := opened.recv(size - len(found))):
        found += piece
    return found


def nothing_comes(opened: socket.socket, seconds: float = 0.2) -> bool:
    opened.settimeout(seconds)
    try:
        return not opened.recv(1)
    except TimeoutError:
        return True
    finally:
        opened.settimeout(WITHIN)


def test_a_proxy_that_passes_changes_no_byte(upstream):
    with running_proxy(upstream.port) as proxy, viewer(proxy.port) as page:
        sent = bytes(range(256)) * 4000
        upstream.say(b"")
        threading.Thread(target=upstream.say, args=(sent,)).start()
        assert taken(page, len(sent)) == sent
        assert upstream.asked == [b"GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"]
        upstream.end()
        assert page.recv(1) == b""


def test_a_blackhole_keeps_both_sockets_and_forgets_nothing(upstream):
    with running_proxy(upstream.port) as proxy, viewer(proxy.port) as page:
        upstream.say(b"one")
        assert taken(page, 3) == b"one"
        proxy.set("blackhole")
        upstream.say(b"two")
        assert nothing_comes(page)
        with viewer(proxy.port) as other:
            assert nothing_comes(other)
            assert proxy.streams == 1
            proxy.set("pass")
            assert taken(page, 3) == b"two"
            until(lambda: proxy.streams == 2)


def test_a_server_notices_in_time_that_a_blackhole_takes_nothing_more(upstream):
    with running_proxy(upstream.port) as proxy, viewer(proxy.port):
        upstream.say(b"one")
        proxy.set("blackhole")
        upstream.open[-1].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 12)
        upstream.open[-1].setblocking(False)
        taken_in = 0
        with pytest.raises(BlockingIOError):
            while taken_in < 80_000:
                taken_in += upstream.open[-1].send(bytes(1024))


def test_a_dead_viewer_behind_a_blackhole_is_not_told_to_the_server(upstream):
    with running_proxy(upstream.port) as proxy:
        with viewer(proxy.port) as page:
            upstream.say(b"one")
            assert taken(page, 3) == b"one"
            proxy.set("blackhole")
        upstream.open[-1].settimeout(0.2)
        with pytest.raises(TimeoutError):
            upstream.open[-1].recv(1)
        proxy.set("pass")
        upstream.open[-1].settimeout(WITHIN)
        with contextlib.suppress(ConnectionResetError):
            assert upstream.open[-1].recv(1) == b""


def test_a_cut_comes_after_just_so_many_bytes(upstream):
    with running_proxy(upstream.port) as proxy, viewer(proxy.port) as page:
        upstream.say(b"x" * 10)
        assert taken(page, 10) == b"x" * 10
        proxy.set("cut", after_bytes=7.5)
        upstream.say(b"abcdefghij")
        assert taken(page, 10) == b"abcdefg"
        with viewer(proxy.port) as other:
            until(lambda: len(upstream.open) == 2)
            upstream.say(b"abcdefghij")
            assert taken(other, 10) == b"abcdefg"


def test_a_reset_is_one_for_the_viewer(upstream):
    with running_proxy(upstream.port) as proxy, viewer(proxy.port) as page:
        upstream.say(b"one")
        assert taken(page, 3) == b"one"
        proxy.set("rst")
        with pytest.raises(ConnectionResetError):
            page.recv(1)
        proxy.set("pass")
        with viewer(proxy.port) as other:
            until(lambda: len(upstream.open) == 2)
            upstream.say(b"two")
            assert taken(other, 3) == b"two"


def test_a_proxy_without_its_server_says_502_until_it_is_over(upstream):
    with running_proxy(upstream.port) as proxy, viewer(proxy.port) as page:
        upstream.say(b"one")
        assert taken(page, 3) == b"one"
        proxy.set("reply502", for_s=0.3)
        assert page.recv(1) == b""
        with viewer(proxy.port) as other:
            assert taken(other, 12) == b"HTTP/1.1 502"
            while other.recv(100):
                pass

        def passes() -> bool:
            with viewer(proxy.port) as again:
                return nothing_comes(again, 0.1) and len(upstream.open) == 2

        until(passes)


def test_a_buffering_proxy_gives_an_answer_when_it_has_ended(upstream):
    with running_proxy(upstream.port) as proxy:
        proxy.set("buffer_until_close")
        with viewer(proxy.port) as page:
            upstream.say(b"one")
            upstream.say(b"two")
            assert nothing_comes(page)
            assert upstream.asked == [b"GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"]
            upstream.end()
            assert taken(page, 7) == b"onetwo"


def test_what_was_held_back_comes_when_the_proxy_passes_again(upstream):
    with running_proxy(upstream.port) as proxy:
        proxy.set("buffer_until_close")
        with viewer(proxy.port) as page:
            upstream.say(b"one")
            assert nothing_comes(page)
            proxy.set("pass")
            assert taken(page, 3) == b"one"


@pytest.mark.parametrize(("mode", "args"), [("delay", {"ms": 20}), ("dribble", {"bytes_per_s": 20_000})])
def test_a_slow_proxy_gives_all_bytes_in_order(upstream, mode, args):
    with running_proxy(upstream.port) as proxy, viewer(proxy.port) as page:
        proxy.set(mode, **args)
        sent = bytes(range(250)) * 20
        upstream.say(sent)
        assert taken(page, len(sent)) == sent


def test_an_unknown_mode_is_refused_in_words(upstream):
    with running_proxy(upstream.port) as proxy, pytest.raises(ValueError, match="mode must be one of pass, blackhole"):
        proxy.set("slow")


# -- the parser ------------------------------------------------------------------------------------------

STREAM = (
    "\ufeff: hello\n\nretry: 1000\nid: a\nevent: points\ndata: 1\n\n"
    "data: 2\ndata:3\ndata:  4\n\nid: b\n\nevent: status\ndata\n\nid: c\0d\ndata: 5\n\nid\nevent: reset\ndata: {}\n\n"
    "id: z\ndata: cut off"
).encode()
EVENTS = [
    ("points", b"1", "a"),
    ("message", b"2\n3\n 4", "a"),
    ("status", b"", "b"),
    ("message", b"5", "b"),
    ("reset", b"{}", ""),
]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_stream_is_read_as_the_standard_says_whatever_the_pieces(end, size):
    stream = STREAM.replace(b"\n", end)
    parser = Parser()
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert [tuple(event) for piece in pieces for event in parser.feed(piece)] == EVENTS
    assert parser.last_id == ""


def test_the_id_of_half_an_event_is_not_come_back_with():
    parser = Parser("before")
    assert parser.feed(b"id: after\ndata: 1\n") == []
    assert parser.last_id == "before"


# -- what is held ----------------------------------------------------------------------------------------


def event(
    *ks: int, cursor: str = "run.1.5.0", values: dict[int, float] | None = None, g: int = 1, **more: list
) -> bytes:
    """What an event says of these lines; `more`: further metrics."""
    losses_of = [(values or {}).get(k, loss_of(k)) for k in ks]
    metrics = {
        "loss": {"step": list(ks), "value": [None if math.isnan(loss) else loss for loss in losses_of]},
        "g": {"step": list(ks), "value": [g] * len(ks)},
        **{name: {"step": [1] * len(some), "value": some} for name, some in more.items()},
    }
    return json.dumps({"cursor": cursor, "runs": {"train": {"metrics": metrics}}}).encode()


class Page:
    """A viewer without a network: it takes what it is given, and is judged."""

    def __init__(self) -> None:
        self.held, self.at = Held(), 0

    def take(self, *ks: int, cursor: str = "", same_worker: bool = True, **given: Any) -> "Page":
        self.at += 1
        self.held.take(*points_of(event(*ks, cursor=cursor or f"run.1.{self.at}.0", **given)), same_worker=same_worker)
        return self

    def verdict(self, must: int, waves: int = 0) -> dict[str, int]:
        """What is wrong where the lines 0 .. must - 1 have to be there, and one more may."""
        loss, wave = np.arange(must + 1) < must, np.ones(waves, bool)
        found = self.held.verdict({"loss_must": loss, "loss_may": ~loss, "wave_must": wave, "wave_may": ~wave})
        return {kind: number for kind, number in found.items() if isinstance(number, int) and number}


def test_who_has_each_point_once_is_right_and_what_may_be_may_be():
    assert Page().take(0, 1, 2).take(3, 97, g=2).verdict(98) == {"lost": 93}
    assert Page().take(0, 1, 2).verdict(3) == Page().take(0, 1, 2, 3).verdict(3) == {}


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (lambda page: page.take(0, 2), {"lost": 1}),
        (lambda page: page.take(0, 1, 2).take(2), {"repeated": 1}),
        (lambda page: page.take(0, 1, 2, 7), {"invented": 1}),
        (lambda page: page.take(0, 1, 2, values={1: 0.25}), {"wrong": 1}),
        (lambda page: page.take(0, 1, 2, values={1: math.nan}), {"wrong": 1}),
        (lambda page: page.take(0, 1, 2, values={0: 0.0}), {"wrong": 1}),
        (lambda page: page.take(0, 2, 1), {"disorder": 1}),
        (lambda page: page.take(2).take(0, 1), {"disorder": 1}),
        (lambda page: page.take(0, 1, 2, lr=[0.1, 0.2]), {"strange": 2}),
        (lambda page: page.take(0, 1, 2, wave=[0.5]), {"strange": 1}),
        (lambda page: page.take(0, cursor="run.1.9.0").take(1, 2, cursor="run.1.8.0"), {"ids_back": 1}),
        (lambda page: page.take(0, cursor="run.1.9.0").take(1, 2, cursor="run.1.9.0"), {"ids_back": 1}),
        (lambda page: page.take(0, cursor="run.2.1.0").take(1, 2, cursor="run.1.9.0"), {"ids_back": 1}),
        (lambda page: page.take(0, cursor="run.1.1.0~b.1.1.0").take(1, 2, cursor="run.1.9.0"), {"ids_back": 1}),
    ],
)
def test_each_kind_of_wrong_is_seen(wrong, found):
    page = Page()
    wrong(page)
    assert page.verdict(3) == found


def test_two_files_that_are_written_at_once_may_come_in_any_order():
    assert Page().take(0, 3, g=1).take(1, 4, g=2).take(2, g=1, cursor="run.2.9.0").verdict(5) == {"disorder": 1}
    assert Page().take(0, 3, g=1).take(1, 2, 4, g=2).verdict(5) == {}


def test_another_worker_has_numbers_of_its_own_but_no_older_place():
    page = Page().take(0, cursor="run.5.9.0")
    page.take(1, cursor="run.2.12.0", same_worker=False)
    assert page.take(2, cursor="run.2.11.0", same_worker=False).verdict(3) == {"ids_back": 1}


def test_waves_are_known_by_their_value():
    assert Page().take(0, 1, 2, wave=[0, 1, 3]).verdict(3, waves=4) == {"lost": 1}


def test_a_reset_takes_the_points_but_forgives_nothing():
    page = Page().take(0, 0, values={0: 0.5})
    page.held.clear()
    page.at = 0
    assert page.take(0, 1, 2).verdict(3) == {"repeated": 1, "wrong": 2}


def test_two_who_hold_the_same_points_have_the_same_hash_in_any_order():
    def hash_of(page: Page) -> str:
        none = np.zeros(0, bool)
        return page.held.verdict(dict.fromkeys(("loss_must", "loss_may", "wave_must", "wave_may"), none))["sha256"]

    assert hash_of(Page().take(0, 1, 2)) == hash_of(Page().take(2).take(0, 1)) != hash_of(Page().take(0, 1))
    assert hash_of(Page().take(0, 1, 1)) != hash_of(Page().take(0, 1))


def test_a_tally_counts_past_the_ends_of_its_blocks():
    ks = np.arange(3 * BLOCK + 5)
    tally = Tally()
    for piece in np.array_split(ks, 100):
        tally.add(piece)
    assert tally.counts()[: len(ks)].tolist() == [1] * len(ks)
    tally.add(np.array([BLOCK, 2 * BLOCK - 1, BLOCK]))
    expected = np.ones(len(ks))
    expected[BLOCK], expected[2 * BLOCK - 1] = 3, 2
    assert (tally.counts()[: len(ks)] == expected).all()
    assert 3 * BLOCK + 4 in tally
    assert 3 * BLOCK + 5 not in tally
    assert 9 * BLOCK not in tally


@pytest.mark.parametrize("body", [b"", b"{", b'{"cursor": "a"}', event(1).replace(b"[1]", b"[1, 2]", 1)])
def test_half_an_answer_is_none(body):
    with pytest.raises(ValueError):  # noqa: PT011 (the words are those of whoever finds out)
        points_of(body)


def test_the_time_of_a_line_is_taken_whether_it_comes_before_we_hear_of_it_or_after():
    latency = Latency()
    latency.add("a")
    points = points_of(event(4, 5, 6))[1]
    latency.arrived("a", points, 10.5)
    latency.wrote(5, 10.0)
    latency.wrote(7, 20.0)
    assert latency.lately() == {"p50": 0.5, "p99": 0.5, "samples": 1}
    latency.arrived("a", points_of(event(7))[1], 22.0)
    assert list(latency.samples) == [(10.0, 0.5), (20.0, 2.0)]
    assert latency.lately() == {"p50": 2.0, "p99": 2.0, "samples": 1}


# -- the swarm -------------------------------------------------------------------------------------------


class FewEvents:
    """A server that cuts off who asks after five events of two points; who has half of all of them may stay."""

    def __init__(self, fault: str = "") -> None:
        """`fault`: whether it goes on one event too early ("repeats"), or too late ("loses")."""
        self.shift = {"repeats": -1, "loses": 1}.get(fault, 0)
        self.frames = [
            f"id: run.1.{number}.0\nevent: points\ndata: ".encode()
            + event(2 * number, 2 * number + 1, cursor=f"run.1.{number}.0")
            + b"\n\n"
            for number in range(20)
        ]
        self.heads: list[str] = []
        self.tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "FewEvents":
        self.server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            found = re.search(r"(?:Last-Event-ID: |since=)run\.1\.(\d+)\.", head)
            start = int(found[1]) + 1 + self.shift if found else 0
            writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
            if "/metrics.json" in head:
                writer.write(event(*range(2 * start, 40), cursor="run.1.19.0"))
            elif "/plot.png" in head:
                writer.write(b"\x89PNG")
            else:
                writer.write(b": hello\n\n" + b"".join(self.frames[start : start + 5 if start < 10 else 20]))
                if start >= 10:
                    await asyncio.sleep(60)
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await writer.wait_closed()


async def judged(folder: Path, kinds: str, fault: str = "", faults: Sequence[str] = ()) -> tuple[Any, list[str]]:
    """What a swarm says of such a server, and what it asked of it; `faults` happen to its proxies first."""
    expected = np.arange(40) >= 0
    none = np.zeros(0, bool)
    np.savez(folder / "e.npz", loss_must=expected, loss_may=~expected, wave_must=none, wave_may=none)
    chance = random.Random(1)
    async with FewEvents(fault) as server:
        swarm = Swarm(await clients_of(kinds, "a", server.port, chance), chance)
        try:
            await obey(swarm, '{"do": "start"}')
            for mode in faults:
                answer = await obey(swarm, json.dumps({"do": "fault", "mode": mode, "share": 1}))
                assert answer["ok"], answer
                await asyncio.sleep(0.05)
            await obey(swarm, '{"do": "calm"}')
            waited = await obey(swarm, '{"do": "wait", "sentinel": 39, "within_s": 20}')
            assert waited["ok"], waited
            return await obey(swarm, json.dumps({"do": "judge", "expected": str(folder / "e.npz")})), server.heads
        finally:
            await obey(swarm, '{"do": "end"}')


@pytest.fixture
def no_rest(monkeypatch):
    monkeypatch.setattr(client, "BACK_AFTER", (0.01, 0.05))
    monkeypatch.setattr(client, "POLLS_EVERY", 0.05)


EACH = ",".join(f"{kind}=2" for kind in client.KINDS)


def test_whatever_happens_to_the_viewers_of_an_honest_server_all_are_right_in_the_end(tmp_path, no_rest):
    faults = ["delay", "dribble", "cut", "rst", "reply502", "buffer_until_close", "blackhole"]
    answer, heads = run(judged(tmp_path, EACH, faults=faults))
    assert answer["sum"] == dict.fromkeys(answer["sum"], 0), answer
    assert len(answer["sha256"]) == 1
    assert {name.partition("-")[2] for name in answer["clients"]} == set(client.KINDS) - {"picture"}
    assert answer["connects"] >= len(answer["clients"])
    assert any("Last-Event-ID: run" in head for head in heads)
    assert any("GET /events?since=run" in head for head in heads)


@pytest.mark.parametrize(("fault", "kind"), [("repeats", "repeated"), ("loses", "lost")])
def test_a_server_that_goes_on_at_the_wrong_place_is_found_out(tmp_path, no_rest, fault, kind):
    answer, _ = run(judged(tmp_path, "steady=1,query=1", fault))
    assert all(viewer[kind] for viewer in answer["clients"].values()), answer


def test_a_swarm_says_what_it_was_asked_wrongly():
    async def asked(line: str) -> Any:
        swarm = Swarm([], random.Random(1))
        answer = await obey(swarm, line)
        await swarm.end()
        return answer

    assert "mode must be one of blackhole" in run(asked('{"do": "fault", "mode": "slow"}'))["error"]
    assert run(asked('{"do": "dance"}')) == {"ok": False, "error": "KeyError: 'dance'"}


# -- programs broken on purpose --------------------------------------------------------------------------


def test_there_are_six_programs_that_the_chaos_has_to_find_out():
    assert len(mutants.names()) == 6
    assert all(mutants.fault(name).endswith(".") for name in mutants.names())


@pytest.mark.parametrize("name", mutants.names())
def test_each_way_to_break_the_program_still_fits_it(name):
    with mutants.broken(name) as tree:
        changed = [
            path for path in tree.rglob("*.py") if path.read_text() != (ROOT / path.relative_to(tree)).read_text()
        ]
        assert changed
        for path in changed:
            compile(path.read_text(), path, "exec")


def test_a_patch_that_does_not_fit_is_said_in_words(tmp_path):
    with pytest.raises(ValueError, match="does not fit the program any more"):
        mutants.apply(mutants.names()[0], tmp_path)
