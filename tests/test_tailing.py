"""What happens to logs, against the running program: woken by the kernel and polling, nothing is lost or repeated.

One server for each way of watching follows one log for every test here; none of them is there when it starts. Its
times to wait are shortened by tests/chaos/site/sitecustomize.py, which also plays a bad network file system.
"""

import contextlib
import gzip
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import ROOT, Log, Server, Serving, serving
from tests.sse import Viewer, watch

SITE = ROOT / "tests" / "chaos" / "site"
WITHIN = 15.0
"""Seconds until what is waited for must be there."""
BACK_OFF, DISCOVER, FAILING = 0.15, 0.3, 0.8
SHORTENED = {
    "app.sources.file": {"LINGER": 0.1, "REWRITE": 0.1, "UNLINKED": 0.3, "BACK_OFF": BACK_OFF},
    "app.sources._life": {"RECHECK": 0.5},
    "app.follow": {"POLL": 0.02, "SAFETY_POLL": 0.05, "STALLED": 0.5, "DISCOVER": DISCOVER},
}


def lines(*steps: int) -> str:
    """A line for each step; its loss can be told from it."""
    return "".join(f"step={step} loss={step / 8}\n" for step in steps)


class Followed(Log):
    """A log, the server that follows it, and what that says of it."""

    def __init__(self, path: Path, server: Server, run: str = "") -> None:
        """Its name in the server is its stem, if no other is given."""
        super().__init__(path)
        self.server, self.run = server, run or path.stem

    def status(self) -> dict[str, Any]:
        """What the server knows of the log, nothing where it has not met it."""
        found: dict[str, Any] = self.server.json("/status.json")["runs"].get(self.run, {})
        return found

    def metric(self, name: str = "loss") -> tuple[list[float], list[float], int]:
        """Steps and values of a metric, and the number of its segments."""
        answer = self.server.json(f"/metrics.json?run={quote(self.run)}")["runs"].get(self.run, {"metrics": {}})
        if name not in answer["metrics"]:
            return [], [], 0
        points = answer["metrics"][name]
        return points["step"], points["value"], len(answer["about"][name]["segments"])

    def steps(self) -> list[float]:
        """The steps of the loss, in the order of the log; each with the value that was written for it."""
        steps, values, _ = self.metric()
        assert values == [step / 8 for step in steps]
        return steps

    def kinds(self) -> list[str]:
        """The kinds of the notices so far."""
        return [notice["kind"] for notice in self.status()["notices"]]

    def until(self, met: Callable[[], bool]) -> None:
        """Waits for a condition."""
        deadline = time.monotonic() + WITHIN
        while not met():
            if time.monotonic() > deadline:
                pytest.fail(f"{str(self.metric())[:500]} {self.status()}\n{self.said()}")
            time.sleep(0.01)

    def said(self) -> str:
        """What the server has printed about the log."""
        return "".join(line for line in self.server.log_text().splitlines(True) if self.path.stem in line)

    def until_state(self, state: str) -> None:
        """Waits until the server says that the log is in that state."""
        self.until(lambda: self.status().get("state") == state)

    def caught_up(self) -> None:
        """Waits until all that is in the file has been read."""
        self.until(lambda: self._offset() == self.path.stat().st_size)

    def _offset(self) -> int:
        status = self.status()
        return status["offset"] if status["offset"] == status["size"] else -1

    def shows(self, *steps: int) -> None:
        """Waits for these points, and then for two more polls: nothing else comes."""
        self.until(lambda: len(self.steps()) >= len(steps))
        self.still_shows(*steps)

    def still_shows(self, *steps: int) -> None:
        """Two more polls change nothing."""
        two_polls(self.server)
        assert self.steps() == list(steps)


def two_polls(server: Server) -> None:
    """Waits until the server has looked at every log twice more: each look comes before it reads a line of this one."""
    pulse = Followed(server.output.parent / "pulse.log", server)
    for _ in range(2):
        pulse.append("beat=1\n")
        pulse.caught_up()


@contextlib.contextmanager
def asleep(server: Server) -> Iterator[None]:
    """The server, sleeping: what happens within the block happens between two polls."""
    worker = server.json("/status.json")["worker"]
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


class Disk:
    """The file system that lies and fails, for one path at a time."""

    def __init__(self, folder: Path, constants: dict[str, dict[str, float]]) -> None:
        """`constants` are those of a program that is started with `env`."""
        self.control, self.record = folder / "faults.json", folder / "faults.json.calls"
        self.env = {"FAULTS": str(self.control), "PYTHONPATH": f"{SITE}:{ROOT}"}
        self._set({"constants": constants})

    def is_well(self) -> None:
        """Nothing goes wrong from now on."""
        self._set({})

    def fails(self, log: Log, **faults: Any) -> None:
        """From now on, this happens to a log; its calls are counted from here on."""
        self.record.unlink(missing_ok=True)
        self._set({"path": str(log.path)} | faults)

    def calls(self) -> list[list[str]]:
        """Call, thread and fault of each call for the log since it began to fail."""
        return [line.split() for line in self.record.read_text().splitlines()] if self.record.exists() else []

    def struck(self, call: str) -> int:
        """How many calls of that kind met a fault."""
        return sum(name == call and fault != "-" for name, _, fault in self.calls())

    def _set(self, faults: dict[str, Any]) -> None:
        new = self.control.with_suffix(".new")
        new.write_text(json.dumps(faults))
        new.replace(self.control)


@pytest.fixture(scope="module", params=["auto", "poll"])
def way(request: pytest.FixtureRequest) -> str:
    """How logs are watched."""
    return str(request.param)


@pytest.fixture(scope="module")
def disk(way: str, tmp_path_factory: pytest.TempPathFactory) -> Disk:
    """A disk that is well."""
    return Disk(tmp_path_factory.mktemp("disk"), SHORTENED)


@pytest.fixture(scope="module")
def server(
    way: str, disk: Disk, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The program, following a log for each test that has one, and a pulse."""
    below = tmp_path_factory.mktemp(way)
    logs = [path_of(item, below) for item in request.session.items if item.path == request.path]
    for path in logs:
        if "folder_that_is_not_there" not in str(path):
            path.parent.mkdir()
    (below / "folder").mkdir()
    with serving(below, below / "pulse.log", below / "folder", *logs, "--watch", way, env=disk.env) as server:
        yield server


def path_of(test: pytest.Item, below: Path) -> Path:
    """The log of a test, in a folder of its own."""
    name = re.sub(r"\W+", "_", test.name).removeprefix("test_")
    return below / name / f"{name}.log"


@pytest.fixture
def log(request: pytest.FixtureRequest, server: Server) -> Followed:
    """The log of this test: it is not there yet."""
    return Followed(path_of(request.node, server.output.parent), server)


@contextlib.contextmanager
def held_open(path: Path, flags: int = os.O_APPEND) -> Iterator[Callable[[str | bytes], None]]:
    """What a trainer does that keeps its descriptor, wherever the file goes: a function that writes."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o644)

    def write(text: str | bytes) -> None:
        text = text.encode() if isinstance(text, str) else text
        assert os.write(descriptor, text) == len(text)

    try:
        yield write
    finally:
        os.close(descriptor)


def test_the_kernel_wakes_the_server_only_where_it_is_asked_to(log: Followed, way: str) -> None:
    log.append(lines(1))
    log.shows(1)
    log.until(lambda: watched(log) == (way == "auto"))


def watched(log: Followed) -> bool:
    """Whether the server has asked the kernel to be told of changes of the log (inotify, as libev's stat watcher)."""
    worker = log.server.json("/status.json")["worker"]
    told = "".join(path.read_text() for path in Path(f"/proc/{worker}/fdinfo").iterdir())
    return f" ino:{log.path.stat().st_ino:x} " in told


# -- logs that are not there, or no logs ---------------------------------------------------------------


def test_a_log_in_a_folder_that_is_not_there_yet_is_read_from_its_first_byte(log: Followed) -> None:
    assert log.status()["state"] == "waiting"
    assert f"Waiting for {log.path.name}." in log.status()["text"]
    log.path.parent.mkdir()
    log.append(lines(1, 2))
    log.shows(1, 2)
    assert (log.status()["state"], log.kinds()) == ("live", [])


def test_a_folder_that_is_removed_and_made_again_brings_new_points(log: Followed) -> None:
    for step in (1, 2, 3):
        log.append(lines(step))
        log.until(lambda: log.steps()[-1:] == [step])  # noqa: B023
        shutil.rmtree(log.path.parent)
        if step == 2:
            log.until_state("waiting")  # let go
        log.path.parent.mkdir()
    log.append(lines(4))
    log.shows(1, 2, 3, 4)


def test_an_empty_folder_is_waited_for_until_a_log_comes_into_it(server: Server) -> None:
    path = server.output.parent / "folder" / "below" / "new.log"
    log = Followed(path, server, str(path.with_suffix("")))
    two_polls(server)
    assert log.status() == {}
    path.parent.mkdir()
    log.append(lines(1))
    log.until(lambda: bool(log.status()))
    log.append(lines(2))
    log.shows(1, 2)


def test_a_fifo_is_refused_at_the_start_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-m", "app", str(tmp_path / "pipe")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (f"tailplot: {tmp_path}/pipe is not a regular file (FIFO). Use: command | tee train.log\n")


def test_who_may_not_read_a_log_is_told_so_and_reads_it_once_they_may(ordinary_serving: Serving) -> None:
    folder, start = ordinary_serving
    path = folder / "logs" / "train.log"
    path.parent.mkdir()
    path.write_text(lines(1, 2))
    path.chmod(0)
    with start(folder, path, folder / "pulse.log") as server:
        log = Followed(path, server)
        log.until_state("denied")
        assert "No permission to read train.log." in log.status()["text"]
        path.chmod(0o644)
        log.shows(1, 2)
        path.chmod(0)
        path.rename(path.with_name("away")).rename(path)
        two_polls(server)
        path.chmod(0o644)
        log.append(lines(3))
        log.shows(1, 2, 3)
        path.parent.chmod(0)
        log.until_state("denied")
        two_polls(server)
        path.parent.chmod(0o755)
        log.append(lines(4))
        log.shows(1, 2, 3, 4)
        assert (log.status()["state"], set(log.kinds())) == ("live", {"denied"})
        assert len(log.kinds()) <= 3


def test_a_folder_in_the_place_of_a_log_is_said_and_the_log_goes_on_after_it(log: Followed) -> None:
    log.append(lines(1))
    log.caught_up()
    away = log.path.rename(log.path.with_name("away"))
    log.path.mkdir()
    log.until_state("not_regular")
    log.path.rmdir()
    away.rename(log.path)
    log.append(lines(2))
    log.shows(1, 2)
    assert (log.status()["state"], stripped(log.kinds())) == ("live", ["not_regular"])


def test_a_fifo_in_the_place_of_a_log_stops_nothing(log: Followed) -> None:
    log.append(lines(1))
    log.caught_up()
    away = log.path.rename(log.path.with_name("away"))
    os.mkfifo(log.path)
    log.until_state("not_regular")
    assert "(FIFO)" in log.status()["text"]
    two_polls(log.server)
    assert log.server.answers()
    log.path.unlink()
    away.rename(log.path)
    log.append(lines(2))
    log.shows(1, 2)
    assert stripped(log.kinds()) == ["not_regular"]


def stripped(kinds: list[str]) -> list[str]:
    """Without what is said of a log that was away for longer than UNLINKED, as one may be on a busy machine."""
    return [kind for kind in kinds if kind != "deleted"]


def test_a_socket_in_the_place_of_a_log_is_said(log: Followed) -> None:
    with socket.socket(socket.AF_UNIX) as listening, contextlib.chdir(log.path.parent):
        listening.bind(log.path.name)  # the whole path may be too long for a socket
        log.until_state("not_regular")
    log.path.unlink()
    log.append(lines(1))
    log.shows(1)


def test_a_log_is_renamed_away_and_back_and_nothing_is_repeated(log: Followed) -> None:
    log.append(lines(1, 2, 3))
    log.caught_up()
    for step in (4, 5):
        away = log.path.rename(log.path.with_name("away"))
        if step == 5:
            log.until_state("waiting")  # let go
        two_polls(log.server)
        away.rename(log.path)
        log.append(lines(step))
        log.until(lambda: log.steps()[-1:] == [step])  # noqa: B023
    log.still_shows(1, 2, 3, 4, 5)
    assert set(log.kinds()) == {"deleted"}


def test_a_link_to_itself_and_one_to_nothing_are_waited_for(log: Followed) -> None:
    log.path.symlink_to(log.path.name)
    log.until(lambda: "Too many levels of symbolic links" in log.status()["text"])
    assert log.status()["state"] == "waiting"
    log.path.unlink()
    log.path.symlink_to("target")
    log.until(lambda: "symbolic" not in log.status()["text"])
    assert log.status()["state"] == "waiting"
    log.path.with_name("target").write_text(lines(1))
    log.shows(1)


# -- rotated, replaced, deleted ------------------------------------------------------------------------


def test_after_a_rotation_come_old_lines_then_new_ones_then_late_ones_are_counted(log: Followed) -> None:
    log.append(lines(1))
    log.caught_up()
    with held_open(log.path) as write:
        with asleep(log.server):
            log.path.rename(log.path.with_name("old"))
            write(lines(2))
            log.append(lines(3))
            write(lines(4))
        log.shows(1, 2, 4, 3)
        assert log.kinds() == ["rotated"]
        write(lines(5, 6))
        log.until(lambda: log.kinds() == ["rotated", "late"])
        write(lines(7))
        log.until(lambda: log.status()["skipped"].get("late") == 3)
    log.append(lines(8))
    log.shows(1, 2, 4, 3, 8)
    assert log.kinds() == ["rotated", "late"]


def test_with_its_real_times_a_rotated_file_is_read_for_some_seconds_more(tmp_path: Path) -> None:
    with serving(tmp_path, tmp_path / "train.log", tmp_path / "pulse.log") as server:
        log = Followed(tmp_path / "train.log", server)
        log.append(lines(1))
        log.caught_up()
        with held_open(log.path) as write:
            log.rotate()
            write(lines(2))
            log.append(lines(3))
            log.shows(1, 2)
            assert log.status()["offset"] < log.status()["size"]  # held back, and known to be there
            time.sleep(2)  # a writer that has not been told yet; the promise is 5 s
            write(lines(4))
            log.shows(1, 2, 4)
            log.until(lambda: len(log.steps()) == 4)
            write(lines(5))
            log.until(lambda: "late" in log.kinds())
        log.append(lines(6))
        log.shows(1, 2, 4, 3, 6)


def test_two_rotations_between_two_polls_lose_nothing(log: Followed) -> None:
    second = log.path.with_name(log.path.name + ".2")
    log.append(lines(1))
    log.caught_up()
    with asleep(log.server):
        log.rotate()
        log.append(lines(2))
        log.path.with_name(log.path.name + ".1").rename(second)
        log.rotate()
        log.append(lines(3))
    log.shows(1, 2, 3)
    assert "gap" not in log.kinds()


def test_a_file_that_is_missing_between_two_others_is_said(log: Followed) -> None:
    log.append(lines(1))
    log.caught_up()
    with asleep(log.server):
        away = log.rotate()
        log.append(lines(2))
        away.rename(log.path.with_name(log.path.name + ".2"))
        log.rotate().unlink()
        log.append(lines(3))
    log.shows(1, 3)
    assert sorted(log.kinds()) == ["gap", "rotated"]


def test_the_half_line_at_the_end_of_a_rotated_file_is_a_line(log: Followed) -> None:
    log.append(lines(1) + lines(2).rstrip())
    log.caught_up()
    log.still_shows(1)
    log.rotate()
    log.append(lines(3))
    log.shows(1, 2, 3)


def test_a_deleted_log_that_is_made_again_gives_each_line_once(log: Followed) -> None:
    for cycle in range(3):
        log.append(lines(2 * cycle))
        log.until(lambda: len(log.steps()) == 2 * cycle + 1)  # noqa: B023
        log.remove()
        log.append(lines(2 * cycle + 1))
        log.until(lambda: len(log.steps()) == 2 * cycle + 2)  # noqa: B023
        log.remove()
    log.append(lines(6))
    log.shows(0, 1, 2, 3, 4, 5, 6)


def test_a_deleted_log_is_read_on_as_long_as_its_writer_writes_and_then_let_go(log: Followed) -> None:
    with held_open(log.path) as write:
        write(lines(1))
        log.caught_up()
        log.remove()
        write(lines(2) + lines(3).rstrip())
        log.until_state("waiting")
    log.still_shows(1, 2)
    assert log.kinds() == ["deleted"]
    log.append(lines(4))
    log.shows(1, 2, 3, 4)


def test_a_link_that_is_switched_gives_late_lines_of_its_old_target_first(log: Followed) -> None:
    one, two = Log(log.path.with_name("a")), Log(log.path.with_name("b"))
    log.path.symlink_to("a")
    one.append(lines(1))
    log.caught_up()
    with asleep(log.server):
        two.append(lines(2))
        new = log.path.with_name("new")
        new.symlink_to("b")
        new.replace(log.path)
        one.append(lines(3))
    log.shows(1, 3, 2)
    two.append(lines(4))
    log.shows(1, 3, 2, 4)


def test_rotated_siblings_are_read_first_where_that_is_asked_for(tmp_path: Path) -> None:
    log, pulse = tmp_path / "train.log", tmp_path / "pulse.log"
    (tmp_path / "train.log.2.gz").write_bytes(gzip.compress(lines(1).encode()) + gzip.compress(lines(2).encode()))
    (tmp_path / "train.log.1").write_text(lines(3))
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))  # nobody writes to them any more
    log.write_text(lines(4))
    with serving(tmp_path, log, pulse, "--rotated") as server:
        followed = Followed(log, server)
        followed.shows(1, 2, 3, 4)
        followed.append(lines(5))
        followed.shows(1, 2, 3, 4, 5)
        assert (followed.kinds(), followed.metric()[2]) == ([], 1)


def test_a_log_that_is_zipped_in_its_place_is_said(log: Followed) -> None:
    log.append(lines(1))
    log.caught_up()
    log.replace(gzip.compress(lines(1).encode()))
    log.until_state("not_regular")
    assert "is compressed" in log.status()["text"]
    log.replace(lines(1, 2))
    log.shows(1, 2)


# -- truncated, written anew ---------------------------------------------------------------------------


def test_after_a_truncation_the_points_before_it_stay(log: Followed) -> None:
    log.append(lines(1, 2))
    log.caught_up()
    shutil.copy(log.path, log.path.with_name("copy"))
    log.truncate()
    log.append(lines(3))
    log.shows(1, 2, 3)
    assert log.kinds() == ["truncated"]
    assert log.status()["generation"] == 1
    assert log.said().count("\n") == 1


def test_the_hole_that_a_writer_leaves_after_a_truncation_is_no_line(log: Followed) -> None:
    with held_open(log.path, 0) as write:
        write(lines(1, 2))
        log.caught_up()
        with asleep(log.server):
            log.truncate()
            write(lines(3))
        log.shows(1, 2, 3)
        log.caught_up()
        log.truncate()
        two_polls(log.server)
        write(lines(4))
        log.shows(1, 2, 3, 4)
    assert log.status()["skipped"]["NUL bytes"] > 0
    assert "no format knows it" not in log.status()["skipped"]


@pytest.mark.parametrize("way_of_writing", ["rewrite", "replace"])
def test_a_log_that_is_written_anew_and_longer_is_read_from_its_start(log: Followed, way_of_writing: str) -> None:
    log.append(lines(1, 2))
    log.caught_up()
    with asleep(log.server):
        getattr(log, way_of_writing)(lines(11, 12, 13, 14))
    log.shows(1, 2, 11, 12, 13, 14)
    assert log.kinds() in ([["rewritten"]] if way_of_writing == "rewrite" else [["rotated"], ["replaced"]])


def test_a_log_of_the_same_size_with_other_lines_is_read(log: Followed) -> None:
    log.append("step=1 loss=0.125\n")
    log.caught_up()
    log.rewrite("step=3 loss=0.375\n")
    log.shows(1, 3)
    assert log.kinds() == ["rewritten"]


@pytest.mark.parametrize("way_of_writing", ["rewrite", "replace"])
def test_a_table_that_is_written_whole_for_each_row_is_one_segment(log: Followed, way_of_writing: str) -> None:
    rows = ""
    for step in range(100):
        rows += f"{step},{step / 8}\n"
        getattr(log, way_of_writing)("step,loss\n" + rows)
        if step % 20 == 0:
            log.until(lambda: log.steps()[-1:] == [step])  # noqa: B023
    log.shows(*range(100))
    assert log.metric()[2] == 1
    rows = "".join(f"{step},{step / 8},{step / 4}\n" for step in range(101))
    getattr(log, way_of_writing)("step,loss,error\n" + rows)
    log.shows(*range(101))
    assert (log.metric()[2], log.metric("error")[2]) == (1, 1)


def test_a_run_that_starts_again_in_its_log_is_a_second_segment(log: Followed) -> None:
    log.append(lines(1, 2, 3))
    log.caught_up()
    log.rewrite(lines(1, 2))
    log.shows(1, 2, 3, 1, 2)
    assert log.metric()[2] == 2


def test_a_run_that_starts_again_with_more_lines_is_a_second_segment(log: Followed) -> None:
    log.append(lines(1, 2, 3))
    log.caught_up()
    with asleep(log.server):
        log.rewrite("seed 1\n" + lines(1, 2, 4, 5, 6))
    log.shows(1, 2, 3, 1, 2, 4, 5, 6)
    assert log.metric()[2] == 2


# -- lines that come in pieces, or are odd -------------------------------------------------------------


def test_a_line_that_comes_byte_by_byte_comes_once_and_whole(log: Followed) -> None:
    viewer = Viewer(log.server.port, f"/events?run={log.run}")
    written = b"".join(b"step=%d loss=%.4f\n" % (step, step / 10_000) for step in range(1, 31))
    with held_open(log.path) as write:
        wanted = [(step, round(step / 10_000, 4)) for step in range(1, 31)]
        left = iter(range(len(written)))

        def next_byte() -> None:
            for at in islice(left, 25):
                write(written[at : at + 1])

        watch([viewer], lambda: viewer.points.get((log.run, "loss"), []) == wanted, between=next_byte)
    viewer.close()
    two_polls(log.server)
    assert log.metric()[:2] == tuple(map(list, zip(*wanted, strict=True)))


def test_a_restart_in_the_middle_of_a_line_costs_a_viewer_nothing(serve: Callable[..., Server], tmp_path: Path) -> None:
    log, half = Log(tmp_path / "train.log"), len("step=2 loss=0.2")
    log.append(lines(1) + lines(2)[:half])
    server = serve(log.path)
    viewer = Viewer(server.port)
    watch([viewer], lambda: viewer.steps() == [1])
    server.stop()
    log.append(lines(2)[half:])
    serve(log.path, port=server.port)
    watch([viewer], lambda: len(viewer.steps()) > 1)
    log.append(lines(3))
    watch([viewer], lambda: len(viewer.steps()) > 2)
    viewer.close()
    assert viewer.points["train", "loss"] == [(1, 0.125), (2, 0.25), (3, 0.375)]
    assert (viewer.resets, viewer.opened > 1) == (0, True)


def test_characters_that_are_cut_or_broken_cost_no_numbers(log: Followed) -> None:
    whole = "\ufeff損失=0.5 step=1\n損失=0.25 step=2\n".encode() + b"\xff\xfe note step=3 loss=0.125\n"
    for at in range(len(whole)):
        log.append(whole[at : at + 1])
        if at in (1, 4, 23):
            log.caught_up()
    log.until(lambda: bool(log.metric()[0]))
    assert log.metric("損失")[:2] == ([1, 2], [0.5, 0.25])
    assert log.metric()[:2] == ([3], [0.125])


def test_utf_16_in_odd_pieces_is_read(log: Followed) -> None:
    whole = (lines(1, 2, 3) + "損失=0.5\n").encode("utf-16")
    for at in range(0, len(whole), 9):
        log.append(whole[at : at + 9])
        log.caught_up()
    log.shows(1, 2, 3)
    assert (log.metric("損失")[1], log.kinds()) == ([0.5], [])


def test_utf_16_without_its_mark_is_said(log: Followed) -> None:
    log.append(lines(1, 2, 3).encode("utf-16-le") * 40)
    log.until(lambda: log.kinds() == ["utf-16"])
    assert "looks like UTF-16" in log.status()["notices"][0]["text"]


def test_a_bar_that_is_redrawn_gives_each_point_once_and_before_its_newline(log: Followed) -> None:
    log.append("\r 10% step=1 loss=0.125\r 10% step=1 loss=0.125\r 20% step=2 loss=0.25")
    log.shows(1)
    log.append("\r")
    log.shows(1, 2)
    log.append("\n 30% step=3 loss=0.375\r\n")
    log.shows(1, 2, 3)


def test_a_line_of_two_mebibytes_costs_itself_alone(log: Followed) -> None:
    log.append(lines(1) + "step=7 loss=7 " + "a" * (2 << 20))
    log.until(lambda: log.status()["offset"] > 2 << 20)
    log.append("a\n" + lines(2))
    log.shows(1, 2)
    assert log.status()["skipped"]["too long"] == 1


def test_torn_and_glued_lines_cost_themselves_alone(log: Followed) -> None:
    log.append(lines(1) + "step=2 lo\n" + lines(3) + "step=4 loss=0.5step=5 loss=0.625\n" + lines(6))
    log.shows(1, 3, 4, 5, 6)


def test_several_writers_give_only_what_they_wrote(log: Followed) -> None:
    """Half of them at places of their own, over what others wrote, lines of the same length, between two polls."""
    chance = random.Random(8)
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(held_open(log.path, flag)) for flag in [os.O_APPEND, 0] * 4]
        for start in range(1000, 5000, 1000):
            with asleep(log.server):
                for step in range(start, start + 1000):
                    chance.choice(writers)(f"step={step} loss={step / 8:08.3f}\n")
            two_polls(log.server)
    log.append("end=1\n")
    log.until(lambda: log.metric("end")[1] == [1])
    assert set(log.steps()) <= set(range(1000, 5000))
    assert len(set(log.steps())) > 1500
    assert "Traceback" not in log.server.log_text()


def test_writers_that_append_lose_nothing_to_each_other(log: Followed) -> None:
    chance = random.Random(8)
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(held_open(log.path)) for _ in range(8)]
        for step in range(2000):
            chance.choice(writers)(lines(step))
    log.shows(*range(2000))


# -- file systems that lie and fail --------------------------------------------------------------------


def test_a_time_of_1970_or_2099_hides_nothing(log: Followed) -> None:
    log.append(lines(1))
    log.caught_up()
    for step, when in ((2, 0), (3, 4_070_908_800), (4, 0)):
        os.utime(log.path, (when, when))
        two_polls(log.server)
        log.append(lines(step))
        os.utime(log.path, (when, when))
        log.until(lambda: log.steps()[-1:] == [step])  # noqa: B023
    log.still_shows(1, 2, 3, 4)
    assert log.kinds() == []


def test_a_size_that_is_seconds_old_is_no_truncation(log: Followed, disk: Disk) -> None:
    log.append(lines(*range(10)))
    log.caught_up()
    disk.fails(log, size_lag_s=0.7)
    for step in range(10, 20):
        log.append(lines(step))
        two_polls(log.server)
    log.shows(*range(20))
    assert disk.struck("fstat") + disk.struck("stat") > 10
    disk.is_well()
    log.append(lines(20))
    log.shows(*range(21))
    assert (log.kinds(), log.status()["generation"]) == ([], 0)


@pytest.mark.parametrize("how", [{"times": 1}, {"for_s": 0.8}], ids=["once", "for a while"])
def test_a_size_that_is_too_small_for_a_while_is_no_truncation(log: Followed, disk: Disk, how: dict[str, Any]) -> None:
    log.append(lines(*range(20)))
    log.caught_up()
    disk.fails(log, short_by=100, **how)
    log.until(lambda: disk.struck("fstat") + disk.struck("stat") > 0)
    log.append(lines(20))
    log.until(lambda: [fault for *_, fault in disk.calls()][-2:] == ["-", "-"])
    log.append(lines(21))
    log.shows(*range(22))
    disk.is_well()
    assert (log.kinds(), log.status()["generation"]) == ([], 0)


@pytest.mark.parametrize(
    "how",
    [{"errno": "ESTALE"}, {"errno": "EIO", "calls": ["pread"]}, {"errno": "ESTALE", "calls": ["stat", "open"]}],
    ids=["all calls", "reading", "looking"],
)
def test_a_disk_that_fails_for_seconds_costs_no_point_and_few_calls(
    log: Followed, disk: Disk, how: dict[str, Any]
) -> None:
    """The log grows all the time, so that a watcher would wake the server for each line."""
    log.append(lines(0))
    log.caught_up()
    before, ends, steps = cpu_seconds(log.server), time.monotonic() + FAILING, iter(range(1, 10_000))
    disk.fails(log, for_s=FAILING, **how)
    log.until(lambda: log.kinds() == ["unreadable"])
    two_polls(log.server)  # the others are read as ever
    while time.monotonic() < ends:
        log.append(lines(next(steps)))
        time.sleep(0.03)
    print(f"{cpu_seconds(log.server) - before:.2f} s of CPU in {FAILING:g} s, {len(disk.calls())} calls")
    log.shows(*range(next(steps)))
    disk.is_well()
    assert max(map(disk.struck, ("open", "stat", "fstat", "pread"))) <= 2 + FAILING / BACK_OFF + FAILING / DISCOVER
    assert log.kinds() == ["unreadable"]


def cpu_seconds(server: Server) -> float:
    """CPU time of the worker so far."""
    worker = server.json("/status.json")["worker"]
    fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_read_that_hangs_stops_nothing_else(tmp_path: Path) -> None:
    """As with a dead file server: the one thread for files waits, and nothing but it; where logs are polled."""
    disk = Disk(tmp_path, SHORTENED)
    path, pulse = tmp_path / "train.log", tmp_path / "pulse.log"
    with serving(tmp_path, path, pulse, "--watch", "poll", env=disk.env) as server:
        log = Followed(path, server)
        log.append(lines(1))
        log.shows(1)
        assert not watched(log)
        threads = threads_of(server)
        disk.fails(log, sleep_s=3, times=1)
        log.append(lines(2))
        log.until_state("stalled")
        assert disk.struck("pread") == 1
        assert server.answers()
        assert (log.steps(), log.kinds()) == ([1], ["stalled"])
        assert threads_of(server) == threads
        assert opened(server.url) == 200
        log.shows(1, 2)
        assert (log.status()["state"], log.kinds()) == ("live", ["stalled"])
        assert len({thread for _, thread, _ in disk.calls()}) == 1
        assert log.said().count("\n") == 1


def opened(url: str) -> int:
    """The status of an answer."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        return int(answer.status)


def threads_of(server: Server) -> int:
    """Native threads of the worker."""
    return len(list(Path(f"/proc/{server.json('/status.json')['worker']}/task").iterdir()))
