"""The stream as pages get it, from real gunicorn workers: each value once, in order, whatever is cut or killed."""

import json
import os
import random
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import Log, Server
from tests.sse import Viewer, watch

THREE = {"WEB_CONCURRENCY": "3"}


def line(step: int) -> str:
    """A line whose loss can be told from its step."""
    return f"step={step} loss={value_of(step)}\n"


def value_of(step: int) -> float:
    """The loss of a step."""
    return step / 8


def all_of(steps: range) -> list[tuple[float, float]]:
    """The points of the steps."""
    return [(step, value_of(step)) for step in steps]


@contextmanager
def viewing(*viewers: Viewer) -> Iterator[None]:
    """The viewers, which go away in the end."""
    try:
        yield
    finally:
        for viewer in viewers:
            viewer.close()


def status(server: Server) -> Any:
    """What one of the workers says of itself."""
    with urllib.request.urlopen(server.url + "/status.json", timeout=5) as answer:
        return json.load(answer)


def workers(server: Server) -> list[int]:
    """The processes of the workers."""
    return [int(pid) for pid in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()]


def readers(server: Server, count: int) -> Callable[[], bool]:
    """Whether so many workers have been met that have read all of their logs; asks one of them at each call."""
    met: set[int] = set()

    def asked() -> bool:
        said = status(server)
        if said["runs"] and all(run["offset"] == run["size"] > 0 for run in said["runs"].values()):
            met.add(said["worker"])
        return len(met) >= count

    return asked


# -- each value once, in order -------------------------------------------------------------------------


def test_every_value_comes_once_and_in_order_to_viewers_cut_at_random_on_any_worker(
    log: Log, serve: Callable[..., Server]
) -> None:
    chance = random.Random(1)
    text = "".join(map(line, range(4000))).encode()
    log.append(text[:1000])
    written = [1000]
    server = serve(log.path, env=THREE)
    viewers = [Viewer(server.port) for _ in range(4)]

    def write_and_cut() -> None:
        if (
            written[0] < len(text)
            and max(len(viewer.steps()) for viewer in viewers) >= text.count(b"\n", 0, written[0]) - 50
        ):
            size = chance.randint(1, 600)  # a line is split anywhere
            log.append(text[written[0] : written[0] + size])
            written[0] += size
        for viewer in viewers:
            if viewer.socket is None:
                # Seldom much: an event larger than what is let through would come again and again.
                viewer.left = chance.randint(1, chance.choice([100, 1000, 1000, 2000, 2000, 40_000]))
                viewer.by_query = chance.random() < 0.5

    with viewing(*viewers):
        watch(viewers, lambda: all(len(viewer.steps()) >= 4000 for viewer in viewers), 40, write_and_cut)
    for viewer in viewers:
        assert viewer.points[("train", "loss")] == all_of(range(4000))
        assert viewer.resets == 0
        assert viewer.opened >= 3


def test_a_hundred_runs_come_in_one_stream_and_go_on_after_a_cut(tmp_path: Path, serve: Callable[..., Server]) -> None:
    logs = [Log(tmp_path / "runs" / f"seed{number:03}.log") for number in range(100)]
    logs[0].path.parent.mkdir()
    for log in logs:
        log.append("".join(map(line, range(20))))
    server = serve(tmp_path / "runs", env=THREE)
    viewer = Viewer(server.port)

    def total() -> int:
        return sum(map(len, viewer.points.values()))

    with viewing(viewer):
        watch([viewer], lambda: total() >= 2000)
        for round_ in range(20, 26):
            viewer.close()
            assert 1000 < len(viewer.id) <= 4000
            for log in logs[round_ - 20 :: 3]:
                log.append(line(round_))
            wanted = total() + len(logs[round_ - 20 :: 3])
            viewer.by_query = round_ % 2 == 0
            watch([viewer], lambda wanted=wanted: total() >= wanted)
    assert viewer.resets == 0
    for (_, metric), points in viewer.points.items():
        assert metric == "loss"
        assert points[:20] == all_of(range(20))
        assert len(set(points)) == len(points)


def test_a_rotation_is_streamed_old_lines_first_then_the_new_ones(log: Log, serve: Callable[..., Server]) -> None:
    log.append("".join(map(line, range(10))))
    server = serve(log.path, env=THREE)
    viewers = [Viewer(server.port) for _ in range(6)]
    with viewing(*viewers):
        watch(viewers, lambda: all(len(viewer.steps()) >= 10 for viewer in viewers))
        watch(viewers, readers(server, 3))
        writer = os.open(log.path, os.O_WRONLY | os.O_APPEND)
        log.rotate()
        log.append("".join(map(line, range(12, 20))))
        os.write(writer, "".join(map(line, range(10, 12))).encode())
        os.close(writer)
        chance = random.Random(2)

        def cut() -> None:
            viewer = chance.choice(viewers)
            if chance.random() < 0.1:
                viewer.close()

        watch(viewers, lambda: all(len(viewer.steps()) >= 20 for viewer in viewers), 20, cut)
    for viewer in viewers:
        assert viewer.points[("train", "loss")] == all_of(range(20))
        assert viewer.resets == 0


def test_a_log_that_is_truncated_while_streaming_goes_on(log: Log, serve: Callable[..., Server]) -> None:
    log.append("".join(map(line, range(10))))
    server = serve(log.path)
    viewer = Viewer(server.port)
    with viewing(viewer):
        watch([viewer], lambda: len(viewer.steps()) >= 10)
        log.truncate()
        log.append(line(77))
        watch([viewer], lambda: len(viewer.steps()) >= 11)
        log.append(line(78))
        watch([viewer], lambda: len(viewer.steps()) >= 12)
    assert viewer.points[("train", "loss")] == [*all_of(range(10)), *all_of(range(77, 79))]
    assert viewer.resets == 0


def large_log(log: Log, size: int) -> int:
    """Fills the log with about `size` bytes, most of them words; how many steps that are."""
    words = "nothing that anybody would draw, but it has to be read all the same; " * 28 + "\n"
    steps = 0
    while not log.path.exists() or log.path.stat().st_size < size:
        log.append("".join(line(step) + words for step in range(steps, steps + 500)))
        steps += 500
    return steps


@pytest.mark.timeout(150)
@pytest.mark.parametrize(("count", "megabytes"), [(1, 32), (3, 8)], ids=["one worker", "three workers"])
def test_workers_killed_while_a_large_log_is_read_again_lose_and_double_nothing(
    log: Log, serve: Callable[..., Server], count: int, megabytes: int
) -> None:
    steps = large_log(log, megabytes * 1_000_000)
    server = serve(log.path, env={"WEB_CONCURRENCY": str(count)})
    viewers = [Viewer(server.port) for _ in range(10)]
    with viewing(*viewers):
        watch(viewers, lambda: all(len(viewer.steps()) >= steps for viewer in viewers), 40)
        for _ in range(2):
            before = set(workers(server))
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            log.append(line(steps))
            steps += 1
            # Killed again as soon as the new ones are reading and have viewers that wait.
            watch(
                viewers,
                lambda before=before: (
                    len(set(workers(server)) - before) == count
                    and any(viewer.events[-1].kind == "status" and is_loading(viewer) for viewer in viewers)
                ),
                20,
            )
        watch(viewers, lambda: all(len(viewer.steps()) >= steps for viewer in viewers), 40)
    for viewer in viewers:
        assert viewer.points[("train", "loss")] == all_of(range(steps))
        assert viewer.resets == 0


def test_a_worker_killed_with_many_runs_on_the_page_costs_none_of_them(
    tmp_path: Path, serve: Callable[..., Server]
) -> None:
    """The new worker shows the runs of a folder one by one, as it comes to their first metrics."""
    logs = [Log(tmp_path / "runs" / f"seed{number:02}.log") for number in range(30)]
    logs[0].path.parent.mkdir()
    for number, log in enumerate(logs):
        log.append("starting, and talking a lot before the first step\n" * 300 * number)
        log.append("".join(map(line, range(20))))
    server = serve(tmp_path / "runs")
    viewers = [Viewer(server.port) for _ in range(5)]

    def have(count: int) -> bool:
        return all(sum(map(len, viewer.points.values())) >= count for viewer in viewers)

    with viewing(*viewers):
        watch(viewers, lambda: have(600))
        os.kill(workers(server)[0], signal.SIGKILL)
        for log in logs:
            log.append(line(20))
        watch(viewers, lambda: have(630))
    for viewer in viewers:
        assert set(map(tuple, viewer.points.values())) == {tuple(all_of(range(21)))}
        assert viewer.resets == 0


def is_loading(viewer: Viewer) -> bool:
    """Whether the last that a viewer heard is that the log is being read."""
    return bool(viewer.events[-1].value.get("runs", {}).get("train", {}).get("state") == "loading")


def test_after_a_restart_of_the_whole_server_a_page_goes_on(log: Log, serve: Callable[..., Server]) -> None:
    log.append("".join(map(line, range(10))))
    first = serve(log.path)
    viewer = Viewer(first.port)
    with viewing(viewer):
        watch([viewer], lambda: len(viewer.steps()) >= 10)
        first.stop()
        log.append(line(10))
        viewer.close()
        viewer.port = serve(log.path).port
        watch([viewer], lambda: len(viewer.steps()) >= 11)
    assert viewer.points[("train", "loss")] == all_of(range(11))
    assert viewer.resets == 0


# -- what a stream looks like --------------------------------------------------------------------------


def test_the_first_bytes_come_at_once_though_nothing_is_there(log: Log, serve: Callable[..., Server]) -> None:
    server = serve(log.path)
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        began = time.monotonic()
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        answer = b""
        while b": hello\n\n" not in answer:
            answer += connection.recv(4096)
        assert time.monotonic() - began < 1.0
    head = answer.partition(b"\r\n\r\n")[0].decode().lower()
    assert head.startswith("http/1.1 200")
    assert "content-type: text/event-stream\r\n" in head + "\r\n"
    assert "x-accel-buffering: no" in head
    assert "content-encoding" not in head


@pytest.mark.parametrize("kind", ["points", "status"])
def test_a_line_is_with_the_viewer_soon_after_it_was_written(log: Log, serve: Callable[..., Server], kind: str) -> None:
    log.append(line(0))
    server = serve(log.path)
    viewer = Viewer(server.port)
    with viewing(viewer):
        watch([viewer], lambda: any(event.kind == kind for event in viewer.events))
        for step in range(1, 6):
            began = time.monotonic()
            log.append(line(step))
            watch([viewer], lambda step=step: viewer.steps()[-1:] == [step])
            assert time.monotonic() - began < 1.0


BAD_IDS = [
    *(
        "x",
        "0",
        "~~~",
        "-1.-1.-1.-1",
        "a.b.c.d.e",
        "null",
        "undefined",
        "NaN",
        "[object Object]",
        "true",
        "{}",
        "[]",
        "1e9",
    ),
    *("KEY.0.1.1", "KEY.0.zzzzzz.1", "KEY.99.5.0", "KEY.0.5.zzzzzzzzzzzzzzzzzzzzzzzz", "KEY.0..", "KEY.0.0.1", "KEY"),
    *(
        "KEY.",
        "KEY...",
        "KEY.-1.5.5",
        "KEY.0.-5.5",
        "KEY.0.5.-5",
        "KEY.+0.5.5",
        "KEY.0.5_0.5",
        "KEY.0.5.5.",
        ".KEY.0.5.5",
    ),
    *(
        f"KEY.{'z' * 100}.5.5",
        f"KEY.0.{'z' * 100}.5",
        f"KEY.0.{'9' * 3000}.5",
        "KEY.0.1y2p0ij32e8e7.1",
        "KEY.0.5.5~KEY.0.6.6",
    ),
    *(
        "KEY.0.5.5~",
        "~KEY.0.5.5",
        "KEY.0.5.5~x",
        "KEY 0 5 5",
        "KEY,0,5,5",
        "KEY.0x1.5.5",
        "KEY.\u0661.5.5".encode().decode("latin-1"),
    ),
    *(
        "000000.0.1.1",
        "zzzzzz.0.1.1",
        "%00",
        "%0d%0a",
        "%ff%fe",
        "%25",
        "\xff\xfe",
        "é",
        "<script>",
        "' OR 1=1",
        "../../etc/passwd",
    ),
    *("9" * 4097, "KEY.0.1.1~" * 400, "a" * 8000, "\t\t.\t"),
]


def test_an_id_of_other_bytes_is_answered_with_200_and_a_reset(log: Log, serve: Callable[..., Server]) -> None:
    log.append("".join(map(line, range(10))))
    server = serve(log.path)
    first = Viewer(server.port)
    with viewing(first):
        watch([first], lambda: len(first.steps()) >= 10)
    viewers = []
    for bad in BAD_IDS:
        viewers.append(Viewer(server.port))
        viewers[-1].id = bad.replace("KEY", first.id.partition(".")[0])
    with viewing(*viewers):
        watch(viewers, lambda: all(len(viewer.steps()) >= 10 for viewer in viewers))
    for bad, viewer in zip(BAD_IDS, viewers, strict=True):
        assert viewer.head.startswith(b"HTTP/1.0 200"), bad
        own = bad.startswith(("000000", "zzzzzz"))  # a cursor of other runs: all of ours from their start
        assert viewer.resets == (0 if own else 1), bad
        assert viewer.points[("train", "loss")] == all_of(range(10)), bad
        assert viewer.opened == 1, bad


def test_a_page_may_name_an_id_of_other_bytes_in_its_query_too(log: Log, serve: Callable[..., Server]) -> None:
    log.append("".join(map(line, range(10))))
    server = serve(log.path)
    key = status(server)["cursor"].partition(".")[0]
    viewers = {}
    for bad in (*BAD_IDS, "\x00", "\r\nX: y", "\x1b[31m", "a\x00b"):
        viewers[bad] = Viewer(server.port, "/events?since=" + quote(bad.replace("KEY", key), encoding="latin-1"))
    with viewing(*viewers.values()):
        watch(list(viewers.values()), lambda: all(len(viewer.steps()) >= 10 for viewer in viewers.values()))
    for bad, viewer in viewers.items():
        assert viewer.head.startswith(b"HTTP/1.0 200"), bad
        assert viewer.resets == (0 if bad.startswith(("000000", "zzzzzz")) else 1), bad
        assert viewer.points[("train", "loss")] == all_of(range(10)), bad
        assert viewer.opened == 1, bad


def test_after_a_reset_a_viewer_has_no_id_until_the_next_points(log: Log, serve: Callable[..., Server]) -> None:
    server = serve(log.path)
    viewer = Viewer(server.port)
    viewer.id = "x"
    with viewing(viewer):
        watch([viewer], lambda: bool(viewer.events))
        assert (viewer.events[0].kind, viewer.events[0].id, viewer.id) == ("reset", "", "")


def test_a_stream_may_be_of_some_runs_only(tmp_path: Path, serve: Callable[..., Server]) -> None:
    for name in ("one", "two"):
        Log(tmp_path / f"{name}.log").append(line(1))
    server = serve(tmp_path / "one.log", tmp_path / "two.log")
    viewer = Viewer(server.port, "/events?run=t*")
    with viewing(viewer):
        watch([viewer], lambda: {event.kind for event in viewer.events} == {"points", "status"})
        viewer.close()
        viewer.by_query = True
        Log(tmp_path / "two.log").append(line(2))
        watch([viewer], lambda: len(viewer.steps("two")) == 2)
    assert {run for run, _ in viewer.points} == {"two"}


# -- limits and the end --------------------------------------------------------------------------------


def test_beyond_the_most_streams_pages_and_health_still_answer(log: Log, serve: Callable[..., Server]) -> None:
    log.append(line(0))
    server = serve(log.path, "--max-streams", "5")
    viewers = [Viewer(server.port) for _ in range(5)]
    more = [Viewer(server.port) for _ in range(3)]
    with viewing(*viewers, *more):
        watch(viewers, lambda: all(viewer.steps() for viewer in viewers))
        for viewer in more:
            viewer.open()
            watch([*viewers, viewer], lambda viewer=viewer: bool(viewer.head))
            assert viewer.head.startswith(b"HTTP/1.0 503")
            assert b"Retry-After: 5" in viewer.head
        assert server.answers()
        assert status(server)["clients"] == 5
        # A place that becomes free is given again, once the next write has found it out.
        viewers[0].close()
        log.append(line(1))
        watch(viewers[1:], lambda: status(server)["clients"] == 4)
        watch([more[0]], lambda: bool(more[0].steps()))


def test_a_server_that_stops_says_so_to_its_viewers(log: Log, serve: Callable[..., Server]) -> None:
    server = serve(log.path, env=THREE)
    viewers = [Viewer(server.port) for _ in range(6)]
    with viewing(*viewers):
        watch(viewers, lambda: all(viewer.events for viewer in viewers))
        server.process.send_signal(signal.SIGTERM)
        watch(viewers, lambda: all(viewer.events[-1].value == {"stop": True} for viewer in viewers), 5, lambda: None)
        assert server.process.wait(5) == 0
    assert {viewer.events[-1].kind for viewer in viewers} == {"status"}
