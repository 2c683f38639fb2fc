"""What comes in weeks of running: thousands of rotations, workers that are killed, clocks that are set, a suspend."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Log, Server, serving
from tests.soak.verdict import PER_HOUR, Sample, drifts
from tests.sse import Viewer, watch

pytestmark = pytest.mark.timeout(120)
SITE = ROOT / "tests" / "chaos" / "site"
WITHIN = 60.0
YEAR, HOUR = 365 * 86_400, 3600
HELD = 4
"""Rotated files that are held on purpose."""


def lines(*steps: int) -> bytes:
    """A line for each step; its loss can be told from it."""
    return b"".join(b"step=%d loss=%.3f\n" % (step, step / 8) for step in steps)


class Following(Viewer):
    """A viewer of one run that looks at each value."""

    def last(self) -> float:
        """The last step that came."""
        points = self.points.get(("train", "loss"))
        return points[-1][0] if points else 0

    def holds(self, most: int) -> bool:
        """Whether each step up to that one came, once, in order, with its value, in one go."""
        expected = [(step, step / 8) for step in range(1, most + 1)]
        return self.points.get(("train", "loss")) == expected and not self.resets


def until(met: Callable[[], bool]) -> None:
    """Waits for a condition."""
    deadline = time.monotonic() + WITHIN
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def worker(server: Server) -> int:
    """The process that reads the logs."""
    pid: int = server.json("/status.json")["worker"]
    return pid


def status(server: Server) -> dict[str, Any]:
    """What the server knows of its log."""
    found: dict[str, Any] = server.json("/status.json")["runs"]["train"]
    return found


Follow = Callable[[Server], Following]


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Opens viewers, and closes them at the end."""
    with contextlib.ExitStack() as opened:

        def open_one(server: Server) -> Following:
            viewer = Following(server.port)
            opened.callback(viewer.close)
            return viewer

        yield open_one


class Shim:
    """The control file of tests/chaos/site for one program."""

    def __init__(self, folder: Path) -> None:
        """All is well at first."""
        self._control = folder / "faults.json"
        self.env = {"FAULTS": str(self._control), "PYTHONPATH": f"{SITE}:{ROOT}"}
        self.set()

    def set(self, **faults: Any) -> None:
        """From now on, this is wrong."""
        new = self._control.with_suffix(".new")
        new.write_text(json.dumps(faults))
        new.replace(self._control)


# -- rotations ------------------------------------------------------------------------------------------


def open_files(pid: int) -> int:
    """Descriptors of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def fact(pid: int, name: str) -> int:
    """A number of /proc/PID/status: Threads, VmRSS in kB."""
    return int(Path(f"/proc/{pid}/status").read_text().split(f"{name}:")[1].split()[0])


def rotate_with_a_writer_that_goes_on(path: Path, step: int) -> None:
    """Two lines for the file that is there, one of them after it was renamed; the third begins the next file."""
    with path.open("ab", buffering=0) as file:
        file.write(lines(step))
        path.replace(path.with_name(path.name + ".1"))
        file.write(lines(step + 1))
    path.write_bytes(lines(step + 2))


def test_hundreds_of_rotations_leave_nothing_open_and_lose_nothing(tmp_path: Path, follow: Follow, log: Log) -> None:
    rotations, measured_from = 150, 60
    shim = Shim(tmp_path)
    shim.set(
        constants={
            "app.sources.file": {"LINGER": 0.0},
            "app.follow": {"POLL": 0.005, "SAFETY_POLL": 0.005},
            "app.stream": {"BETWEEN_EVENTS": 0.002},
        }
    )
    log.append(b"")
    with serving(tmp_path, log.path, env=shim.env) as server:
        viewers = [follow(server) for _ in range(3)]
        pid = worker(server)
        idle = open_files(pid)
        watch(viewers, lambda: all(viewer.socket for viewer in viewers))
        for number in range(rotations):
            rotate_with_a_writer_that_goes_on(log.path, 3 * number + 1)
            watch(viewers, lambda due=3 * number + 3: all(viewer.last() == due for viewer in viewers))
            if number == measured_from:
                threads, memory = fact(pid, "Threads"), fact(pid, "VmRSS")
        assert all(viewer.holds(3 * rotations) for viewer in viewers), "\n".join(map(str, viewers))
        assert open_files(pid) <= idle + len(viewers) + HELD + 2
        # The pool for what computes for long begins with the first generation of another size.
        assert fact(pid, "Threads") <= threads + 2
        # A generation takes 3 KB; 10 are what a leak of one object for each of its lines would take.
        assert fact(pid, "VmRSS") - memory < 10 * (rotations - measured_from)
        assert status(server)["generation"] == rotations
        assert "late" not in status(server)["skipped"]


# -- kill -9 --------------------------------------------------------------------------------------------


def long_log(path: Path, size: int) -> int:
    """A log of that many bytes, most of them pictures in base64 on lines of their own; the number of its last step."""
    step, picture = 0, b"image " + os.urandom(100_000).hex().encode() + b"\n"
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(lines(*range(step + 1, step + 26)) + picture)
            step += 25
    return step


def read_whole(server: Server, log: Log) -> bool:
    """Whether the worker that is there has read all of the log."""
    with contextlib.suppress(OSError, KeyError):
        return bool(status(server)["offset"] == log.path.stat().st_size)
    return False


def kill_worker(server: Server, but: int = 0) -> int:
    """Kills the one that is there, as soon as it is another one than `but`; gives it."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            pid = worker(server)
            if pid != but:
                os.kill(pid, signal.SIGKILL)
                return pid
        time.sleep(0.05)
    pytest.fail(f"no other worker than {but}")


@pytest.fixture
def killed(
    tmp_path: Path, follow: Follow, log: Log
) -> Iterator[tuple[Server, list[Following], Callable[[], None], list[int]]]:
    """The program with a log of 64 MB, 20 viewers at its end, who writes on, and the last step in a list."""
    last = [long_log(log.path, 64_000_000)]
    begun = last[0]
    with serving(tmp_path, log.path) as server:
        until(lambda: read_whole(server, log))
        viewers = [follow(server) for _ in range(20)]
        for viewer in viewers:
            viewer.id = server.json("/figure.json")["layout"]["meta"]["cursor"]
            viewer.points["train", "loss"] = [(step, step / 8) for step in range(1, begun + 1)]

        def write() -> None:
            log.append(lines(*range(last[0] + 1, last[0] + 6)))
            last[0] += 5

        yield server, viewers, write, last


def test_viewers_of_a_long_log_lose_nothing_when_worker_and_server_are_killed(tmp_path: Path, log: Log, killed) -> None:
    server, viewers, write, last = killed

    def whole() -> bool:
        return all(viewer.last() == last[0] for viewer in viewers)

    def watch_for(seconds: float) -> None:
        end = time.monotonic() + seconds
        watch(viewers, lambda: time.monotonic() > end, WITHIN, write)

    watch_for(0.5)
    first = kill_worker(server)
    watch_for(0.5)
    kill_worker(server, but=first)  # while it reads all of it again
    watch_for(0.5)
    watch(viewers, whole, WITHIN)
    os.killpg(server.pid, signal.SIGKILL)
    server.process.wait()
    for viewer in viewers:
        viewer.close()
    write()
    with serving(tmp_path, log.path, port=server.port):
        watch(viewers, whole, WITHIN)
    assert all(viewer.holds(last[0]) for viewer in viewers), "\n".join(map(str, viewers))


def test_a_worker_that_is_killed_again_and_again_under_load_costs_no_line(
    tmp_path: Path, follow: Follow, log: Log
) -> None:
    log.append(lines(1))
    last = 1
    with serving(tmp_path, log.path) as server:
        viewers = [follow(server) for _ in range(10)]
        due = time.monotonic()

        def write() -> None:
            nonlocal last, due
            if time.monotonic() >= due:  # 500 lines/s
                due += 0.05
                log.append(lines(*range(last + 1, last + 26)))
                last += 25

        pid = 0
        for _ in range(5):
            pid = kill_worker(server, but=pid)
            end = time.monotonic() + 1
            watch(viewers, lambda end=end: time.monotonic() > end, WITHIN, write)
        watch(viewers, lambda: all(viewer.last() == last for viewer in viewers), WITHIN)
        assert all(viewer.holds(last) for viewer in viewers), "\n".join(map(str, viewers))


# -- clocks ---------------------------------------------------------------------------------------------


def is_sane(shown: dict[str, Any]) -> bool:
    """Whether what a viewer is told of a log that has just been written to is possible."""
    return (
        shown["state"] == "live"
        and 0 <= shown["last_line_age"] < WITHIN
        and (shown["rate"] is None or 0 < shown["rate"] < 1e6)
        and (shown["eta"] is None or 0 <= shown["eta"] < YEAR)
        and "-" not in shown["text"]
    )


def test_a_wall_clock_that_is_set_is_seen_by_no_viewer(tmp_path: Path, follow: Follow, log: Log) -> None:
    shim = Shim(tmp_path)
    log.append(lines(1))
    with serving(tmp_path, log.path, env=shim.env) as server:
        viewer, step = follow(server), 1
        watch([viewer], lambda: viewer.last() == 1)
        for seconds in (YEAR, -YEAR, 0, -HOUR, HOUR):
            shim.set(clock_s=seconds)
            step += 1
            log.append(lines(step))
            watch([viewer], lambda step=step: viewer.last() == step)
            assert is_sane(status(server)), status(server)
            assert server.answers()
        assert viewer.holds(step)
        assert viewer.opened == 1


@pytest.mark.parametrize("clock", [YEAR, -YEAR], ids=["a year ahead", "a year behind"])
def test_a_log_is_read_and_rotated_as_ever_where_the_clock_is_wrong_from_the_start(
    tmp_path: Path, follow: Follow, log: Log, clock: int
) -> None:
    shim = Shim(tmp_path)
    shim.set(clock_s=clock, constants={"app.sources.file": {"LINGER": 0.2}})
    log.path.with_name(log.path.name + ".1").write_bytes(lines(1))
    log.append(lines(2))
    with serving(tmp_path, log.path, "--rotated", env=shim.env) as server:
        viewer = follow(server)
        watch([viewer], lambda: viewer.last() == 2)
        assert status(server)["last_line_age"] >= 0
        assert "-" not in status(server)["text"]
        rotate_with_a_writer_that_goes_on(log.path, 3)
        watch([viewer], lambda: viewer.last() == 5)
        assert viewer.holds(5)
        assert is_sane(status(server)), status(server)


@pytest.mark.parametrize("stamp", [0, 4_102_444_800], ids=["1970", "2100"])
def test_the_time_of_a_file_hides_no_line(tmp_path: Path, follow: Follow, log: Log, stamp: int) -> None:
    log.append(lines(1))
    os.utime(log.path, (stamp, stamp))
    with serving(tmp_path, log.path) as server:
        viewer = follow(server)
        for step in (2, 3, 4):
            watch([viewer], lambda step=step: viewer.last() == step - 1)
            assert status(server)["last_line_age"] >= 0
            log.append(lines(step))
            os.utime(log.path, (stamp, stamp))
        watch([viewer], lambda: viewer.last() == 4)
        assert viewer.holds(4)
        assert is_sane(status(server)), status(server)


def test_a_machine_that_slept_an_hour_goes_on_with_the_lines_that_came_meanwhile(
    tmp_path: Path, follow: Follow, log: Log
) -> None:
    shim = Shim(tmp_path)
    log.append(lines(1))
    with serving(tmp_path, log.path, env=shim.env) as server:
        viewer = follow(server)
        watch([viewer], lambda: viewer.last() == 1)
        os.killpg(server.pid, signal.SIGSTOP)
        try:
            # CLOCK_MONOTONIC stands still in a suspend: only the wall clock is later afterwards.
            shim.set(clock_s=HOUR)
            log.append(lines(2, 3))
        finally:
            os.killpg(server.pid, signal.SIGCONT)
        watch([viewer], lambda: viewer.last() == 3)
        assert viewer.holds(3)
        assert viewer.opened == 1
        assert is_sane(status(server)), status(server)


# -- what the soak says ---------------------------------------------------------------------------------


def life(**per_second: float) -> list[Sample]:
    """An hour of the usual life, a look each 10 s; some numbers of each sample grow by so much a second."""
    usual = {kind: count / 3600 for kind, count in PER_HOUR.items()}
    still = Sample(0, 60.0, 30, 4, 20, 0, 0, 0, 0)
    rates = usual | per_second
    return [
        still._replace(seconds=s, **{name: getattr(still, name) + rate * s for name, rate in rates.items()})
        for s in map(float, range(0, 3601, 10))
    ]


@pytest.mark.parametrize(
    ("per_second", "said"),
    [
        ({}, None),
        ({"rss": 4 / 3600}, None),
        ({"rss": 12 / 3600}, "memory"),
        ({"clients": 0.01, "fds": 0.01}, None),
        ({"fds": 12 / 3600}, "descriptors"),
        ({"threads": 2 / 3600}, "threads"),
    ],
    ids=["all is well", "a little memory", "memory", "more viewers", "a descriptor for each rotation", "threads"],
)
def test_the_soak_says_what_grows(per_second: dict[str, float], said: str | None) -> None:
    found = drifts(life(**per_second), {}, noise=0.0)
    assert said in found[0] if said else found == []


def test_the_soak_says_what_becomes_slower() -> None:
    steady = [(float(second), 0.010) for second in range(3600)]
    slower = [(when, seconds + when / 3600 * 0.020) for when, seconds in steady]
    assert drifts(life(), {"/healthz": steady}, noise=0.0) == []
    assert "/healthz" in drifts(life(), {"/healthz": slower}, noise=0.0)[0]
