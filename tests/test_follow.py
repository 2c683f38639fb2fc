"""app/follow.py: polls, folds and publishes, one turn at a time by hand; and finds the place that an id names."""

import itertools
import json
import logging
import math
import os
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import follow, hub, progress, sources
from app.follow import Follower
from app.progress import Progress
from app.reading import DEFAULT, Reading, reading_from, reading_or_built_in
from app.resume import Later
from app.rows import Position
from app.settings import Settings
from app.sources import _opened, file
from app.store import Board, Run
from tests.conftest import Log

HOOKS = Path(__file__).resolve().parent / "hooks"


class Followed:
    """A board and the Follower that fills it, turned by hand."""

    def __init__(self, *specs: str | Path, watch: str = "poll", reading: Reading = DEFAULT) -> None:
        self.board = Board()
        self.follower = Follower(self.board, [str(spec) for spec in specs], watch, reading)
        self.follower._first = 0

    def turn(self) -> bool:
        """One turn that also looks for new logs; whether more is to be read."""
        self.follower._discovered = -math.inf
        return self.follower._turn()

    def read(self) -> None:
        """Turns until there is no more."""
        while self.turn():
            pass

    def run(self, name: str = "train") -> Run:
        """A run of the board."""
        return self.board.runs[name]

    def find(self, at: int, mark: int, generation: int = 0, name: str = "train") -> Position | Later:
        """What the follower says to an id."""
        return self.follower.find(self.run(name), Position(generation, at, mark))

    def close(self) -> None:
        """Lets go of all files."""
        for tail in self.follower._tails.values():
            tail.source.close()


@pytest.fixture
def followed(log: Log, monkeypatch: pytest.MonkeyPatch) -> Iterator[Followed]:
    """The log of this test, followed; read at once where it is written anew."""
    monkeypatch.setattr(file, "SETTLE", 0.0)
    followed = Followed(log.path)
    yield followed
    followed.close()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotated files are let go at once: no test waits."""
    monkeypatch.setattr(file, "LINGER", 0.0)


def lines(*steps: int) -> str:
    """A line of text a step, its loss the step's tenth."""
    return "".join(f"step={step} loss={step / 10}\n" for step in steps)


def steps(run: Run, metric: str = "loss") -> list[float]:
    """All steps of a metric, in order."""
    return run.series(metric).step.tolist() if metric in run.metrics else []


# -- reading -------------------------------------------------------------------------------------------


def test_a_log_that_is_not_there_yet_is_on_the_board_and_waits(log: Log, followed: Followed) -> None:
    followed.turn()
    assert followed.run().status.state == "waiting"
    log.append(lines(1))
    followed.turn()
    assert (followed.run().status.state, steps(followed.run())) == ("live", [1])


def test_what_is_appended_is_on_the_board_after_one_turn(log: Log, followed: Followed) -> None:
    log.append(lines(1, 2))
    followed.turn()
    log.append(lines(3))
    followed.turn()
    series = followed.run().series("loss")
    assert (series.step.tolist(), series.value.tolist()) == ([1, 2, 3], [0.1, 0.2, 0.3])


def test_a_half_written_line_waits_for_its_end(log: Log, followed: Followed) -> None:
    log.append("step=1 loss=0.1")
    followed.turn()
    assert steps(followed.run()) == []
    log.append("234\n")
    followed.turn()
    assert followed.run().series("loss").value.tolist() == [0.1234]


def test_half_a_line_of_a_log_that_was_overwritten_is_counted_and_no_point(log: Log, followed: Followed) -> None:
    """It may be the beginning of `step=2 loss=0.1234`, whose rest nobody has read."""
    log.append("step=1 loss=0.5\nstep=2 loss=0.1")
    followed.turn()
    log.rewrite("step=3 loss=0.3\n")
    followed.turn()
    assert steps(followed.run()) == [1, 3]
    assert followed.run().status.shown("train", 0.0)["skipped"]["cut off"] == 1


@pytest.mark.usefixtures("soon")
def test_a_new_generation_adds_to_the_run_and_takes_nothing_away(log: Log, followed: Followed) -> None:
    log.append(lines(1, 2))
    followed.turn()
    log.rotate()
    log.append(lines(3))
    followed.read()
    followed.read()
    run = followed.run()
    assert steps(run) == [1, 2, 3]
    assert [generation.number for generation in run.generations] == [0, 1]
    assert run.series("loss").segments == (0,)
    assert [notice["kind"] for notice in run.status.notices] == ["rotated"]


REWRITES = {
    "a CSV that grows": lambda epochs: "epoch,loss\n" + "".join(f"{e},0.{e}\n" for e in range(epochs)),
    "a CSV with the best one in its first line": lambda epochs: (
        f"# best {epochs}\nepoch,loss\n" + "".join(f"{e},0.{e}\n" for e in range(epochs))
    ),
    "a CSV whose header gains a column": lambda epochs: (
        "epoch,loss\n" + "".join(f"{e},0.{e}\n" for e in range(epochs))
        if epochs < 50
        else "epoch,loss,acc\n" + "".join(f"{e},0.{e},{'0.5' if e > 50 else ''}\n" for e in range(epochs))
    ),
    "a list of records": lambda epochs: json.dumps([{"epoch": e, "loss": e / 10} for e in range(epochs)]) + "\n",
    "a trainer's state": lambda epochs: (
        json.dumps(
            {"best": epochs / 7, "log_history": [{"step": 10 * e, "loss": e / 10} for e in range(epochs)]}, indent=1
        )
        + "\n"
    ),
}


@pytest.mark.parametrize("kind", REWRITES)
@pytest.mark.parametrize("way", ["rewrite", "replace"])
@pytest.mark.usefixtures("soon")
def test_a_file_that_is_written_anew_a_hundred_times_is_one_curve_and_no_news(
    log: Log, followed: Followed, kind: str, way: str
) -> None:
    for epochs in range(1, 101):
        getattr(log, way)(REWRITES[kind](epochs))
        stamp = 1_700_000_000_000_000_000 + epochs * 1_000_000
        os.utime(log.path, ns=(stamp, stamp))
        followed.read()
        followed.read()
        series = followed.run().series("loss")
        assert (len(series.value), series.segments) == (epochs, (0,))
    assert followed.run().status.notices == []
    assert len(followed.run().generations) == 1


def test_a_log_that_is_written_anew_with_other_points_is_news(log: Log, followed: Followed) -> None:
    log.append(lines(1, 2, 3))
    followed.read()
    log.rewrite(lines(5, 6))
    followed.read()
    run = followed.run()
    assert (steps(run), run.series("loss").segments) == ([1, 2, 3, 5, 6], (0,))
    assert [notice["kind"] for notice in run.status.notices] == ["truncated"]


def test_lines_that_came_too_late_are_counted(log: Log, followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "LINGER", 0.0)
    log.append(lines(1))
    followed.read()
    old = Log(log.rotate())
    log.append(lines(2))
    followed.read()
    followed.read()
    old.append(lines(3, 4))
    before = followed.board.revision
    followed.read()
    assert followed.board.revision > before
    assert steps(followed.run()) == [1, 2]
    assert followed.run().status.shown("train", 0.0)["skipped"] == {"late": 2}
    assert [notice["kind"] for notice in followed.run().status.notices] == ["rotated", "late"]


def test_a_hole_is_passed_over_and_counted(log: Log, followed: Followed) -> None:
    log.append(lines(1))
    os.truncate(log.path, 1 << 32)
    log.append(lines(2))
    followed.read()
    status = followed.run().status
    assert steps(followed.run()) == [1, 2]
    assert (status.offset, status.size) == (log.path.stat().st_size,) * 2
    assert status.skipped == {"NUL bytes": (1 << 32) - len(lines(1))}


def test_a_log_that_looks_like_utf_16_without_a_mark_is_read_as_far_as_it_can_be_and_said(
    log: Log, followed: Followed
) -> None:
    log.append(lines(*range(30)).encode("utf-16-le"))
    followed.read()
    log.append(lines(*range(30, 60)).encode("utf-16-le"))
    followed.read()
    assert steps(followed.run()) == list(range(60))
    assert [notice["kind"] for notice in followed.run().status.notices] == ["utf-16"]


def test_the_rotated_siblings_come_first_where_they_are_asked_for(log: Log) -> None:
    log.append(lines(1, 2))
    log.rotate()
    log.append(lines(3))
    followed = Followed(log.path)
    followed.follower._rotated = True
    followed.read()
    followed.read()
    assert steps(followed.run()) in ([1, 2], [1, 2, 3])  # the older one may still be written to
    followed.close()


# -- disks that do not answer --------------------------------------------------------------------------


def test_a_disk_that_does_not_answer_is_said_once_and_every_run_says_what_it_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in "ab":
        Log(tmp_path / f"{name}.log").append(lines(1))
    followed = Followed(tmp_path / "a.log", tmp_path / "b.log")
    followed.read()
    follower, now = followed.follower, [time.monotonic()]
    monkeypatch.setattr(follow.time, "monotonic", lambda: now[0])
    follower._asked_at, follower._asked = now[0], follower._tails["a"]
    now[0] += follow.STALLED - 0.1
    follower._see_stall()
    assert followed.run("a").status.state == "live"
    now[0] += 0.1
    revision = followed.board.revision
    with caplog.at_level(logging.WARNING, "tailplot"):
        follower._see_stall()
        follower._see_stall()
    a, b = followed.run("a").status, followed.run("b").status
    assert (a.state, b.state, b.reason) == ("stalled", "stalled", "the disk of a")
    assert [notice["kind"] for notice in a.notices + b.notices] == ["stalled"]
    assert len(caplog.records) == 1
    assert followed.board.revision > revision
    assert followed.find(len(lines(1)), 1, name="a") is Later.READING
    followed.read()
    assert (a.state, b.state) == ("live", "live")
    followed.close()


def test_the_status_counts_what_was_read(log: Log, followed: Followed) -> None:
    log.append(lines(1) + "hello\nat 12:30 something odd happened 17 times over\n\n")
    followed.read()
    status = followed.run().status
    assert (status.lines, status.understood, status.points) == (3, 1, 1)
    assert status.offset == status.size == log.path.stat().st_size
    assert sum(status.skipped.values()) == 2


def test_a_step_that_reaches_the_announced_total_finishes_the_run(log: Log, followed: Followed) -> None:
    log.append('{"step": 9, "max_steps": 10, "loss": 1}\n')
    followed.read()
    assert followed.run().status.state == "live"
    log.append('{"step": 10, "max_steps": 10, "loss": 1}\n')
    followed.read()
    assert followed.run().status.state == "finished"


def test_a_large_log_is_loading_until_it_is_read(log: Log, followed: Followed) -> None:
    log.append(lines(*range(120_000)))
    assert log.path.stat().st_size > progress.LOADING + _opened.CHUNK
    assert followed.turn()
    assert followed.run().status.state == "loading"
    followed.read()
    assert followed.run().status.state == "live"
    assert len(steps(followed.run())) == 120_000


def test_a_run_of_a_folder_shows_with_its_first_metric(tmp_path: Path) -> None:
    notes, train = Log(tmp_path / "runs" / "notes.txt"), Log(tmp_path / "runs" / "a" / "train.log")
    train.path.parent.mkdir(parents=True)
    followed = Followed(tmp_path / "runs")
    notes.append("nothing to draw here\n")
    train.append("starting\n")
    followed.read()
    assert list(followed.board.runs) == []
    train.append(lines(1))
    followed.read()
    assert list(followed.board.runs) == ["a/train"]
    assert steps(followed.run("a/train")) == [1]
    followed.close()


def test_a_new_log_never_takes_the_name_of_one_that_is_shown(tmp_path: Path) -> None:
    first, second = Log(tmp_path / "runs" / "a.csv"), Log(tmp_path / "runs" / "a.log")
    first.path.parent.mkdir()
    followed = Followed(tmp_path / "runs")
    first.append("step,loss\n1,0.5\n")
    followed.read()
    assert list(followed.board.runs) == ["a.csv"]
    second.append(lines(7))
    followed.read()
    paths = {run.name: Path(run.status.path) for run in followed.board.runs.values()}
    assert paths == {"a.csv": first.path, "a": second.path}
    assert steps(followed.run("a")) == [7]
    followed.close()


def test_a_log_that_two_arguments_name_is_one_run(tmp_path: Path) -> None:
    log = Log(tmp_path / "runs" / "a.log")
    log.path.parent.mkdir()
    log.append(lines(1))
    followed = Followed(tmp_path / "runs", log.path)
    followed.read()
    assert len(followed.board.runs) == 1
    followed.close()


def test_every_change_raises_the_revision_and_rest_does_not(log: Log, followed: Followed) -> None:
    log.append(lines(1))
    followed.read()
    followed.read()
    before = followed.board.revision
    followed.turn()
    assert followed.board.revision == before
    log.append(lines(2))
    followed.turn()
    assert followed.board.revision > before


def test_an_error_in_a_turn_is_said_once_and_the_loop_goes_on(
    log: Log, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    followed = Followed(log.path)
    turns = iter([ValueError("a bug"), ValueError("a bug"), ValueError("another")])
    left = [4]

    def turn() -> bool:
        left[0] -= 1
        for error in turns:
            raise error
        return True

    monkeypatch.setattr(followed.follower, "_turn", turn)
    monkeypatch.setattr(hub, "stopping", lambda: left[0] == 0)
    monkeypatch.setattr(follow, "POLL", 0.0)
    monkeypatch.setattr(follow, "SAFETY_POLL", 0.0)
    with caplog.at_level(logging.ERROR, "tailplot"):
        followed.follower._follow()
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "'ValueError: a bug'",
        "'ValueError: another'",
    ]


def test_the_loop_is_started_once(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(hub, "spawn", started.append)
    follower = Follower(Board(), [str(log.path)])
    follower.ensure_running()
    follower.ensure_running()
    assert started == [follower._follow, follower._watch_disks]


def test_a_follower_is_healthy_while_its_polls_come_back(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    followed.turn()
    polled = followed.follower._last_poll
    monkeypatch.setattr(follow.time, "monotonic", lambda: polled + follow.HEALTHY - 0.1)
    assert followed.follower.healthy()
    monkeypatch.setattr(follow.time, "monotonic", lambda: polled + follow.HEALTHY)
    assert not followed.follower.healthy()


# -- the user's own reading ----------------------------------------------------------------------------


def told(run: Run) -> list[str]:
    """The texts of a run's notices about the hook."""
    return [notice["text"] for notice in run.status.notices if notice["kind"] == "hook"]


@pytest.fixture
def stumbling(tmp_path: Path) -> Iterator[Followed]:
    """A folder that is read with a hook that raises at some lines."""
    (tmp_path / "runs").mkdir()
    reading = reading_from(Settings(hooks=str(HOOKS / "stumbles.py")))
    followed = Followed(tmp_path / "runs", reading=reading)
    yield followed
    followed.close()


@pytest.mark.usefixtures("soon")
def test_the_hook_reads_every_generation_and_the_built_in_formats_what_it_leaves(log: Log) -> None:
    followed = Followed(log.path, reading=reading_from(Settings(hooks=str(HOOKS / "colons.py"))))
    log.append("phase A :: 7 :: 0.5\nstep=8 loss=0.25\n")
    followed.read()
    log.replace("phase A :: 9 :: 0.125\n" + lines(10))
    followed.read()
    followed.read()
    run = followed.run()
    assert (steps(run, "loss A"), steps(run)) == ([7, 9], [8, 10])
    followed.close()


def test_what_is_wrong_with_the_hook_is_told_once_to_each_run_that_meets_it(
    tmp_path: Path, stumbling: Followed
) -> None:
    for name in ("a", "b", "c"):
        Log(tmp_path / "runs" / f"{name}.log").append(lines(1))
    Log(tmp_path / "runs" / "a.log").append("raise | loss=0.5\nraise | loss=0.75\n")
    stumbling.read()
    Log(tmp_path / "runs" / "b.log").append("raise | loss=0.5\ndivide by 0\n")
    Log(tmp_path / "runs" / "a.log").append("raise | loss=1\n")
    stumbling.read()
    raised, divided = "stumbles.py line 7: ValueError", "stumbles.py line 9: ZeroDivisionError"
    said = {name: [": ".join(text.split(": ")[:2]) for text in told(run)] for name, run in stumbling.board.runs.items()}
    assert said == {"a": [raised], "b": [raised, divided], "c": []}
    assert stumbling.run("a").series("loss").value.tolist() == [0.1, 0.5, 0.75, 1]


def test_viewers_are_woken_after_a_notice_about_the_hook_and_not_only_before(
    tmp_path: Path, stumbling: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log(tmp_path / "runs" / "a.log")
    log.append(lines(1))
    stumbling.read()
    run, heard = stumbling.run("a"), list[int]()
    monkeypatch.setattr(stumbling.board, "notify", lambda: heard.append(len(told(run))))
    revision = run.status.revision
    log.append("divide\n")
    stumbling.turn()
    assert (len(told(run)), heard[-1]) == (1, 1)
    assert run.status.revision > revision


def test_a_hooks_file_that_a_worker_cannot_load_is_told_to_every_run_once(tmp_path: Path) -> None:
    reading = reading_or_built_in(Settings(hooks=str(tmp_path / "hooks.py")))
    for name in "ab":
        Log(tmp_path / f"{name}.log").append(lines(1, 2))
    followed = Followed(tmp_path / "a.log", tmp_path / "b.log", reading=reading)
    followed.read()
    followed.read()
    for name in "ab":
        assert steps(followed.run(name)) == [1, 2]
        assert len(told(followed.run(name))) == 1
        assert told(followed.run(name))[0].startswith("hooks cannot be loaded: hooks.py: there is no such file")
    followed.close()


# -- finding the place that an id names ----------------------------------------------------------------


def test_before_the_first_turn_nothing_is_judged(log: Log, followed: Followed) -> None:
    log.append(lines(1))
    assert followed.follower.find(Run("train"), Position(0, 5, 123)) is Later.READING


@pytest.mark.parametrize("generation", [0, 1, 7])
def test_a_place_is_found_by_its_bytes_whatever_the_number_of_its_generation(
    log: Log, followed: Followed, generation: int
) -> None:
    text = lines(1, 2, 3).encode()
    log.append(text)
    followed.read()
    assert followed.find(len(text), zlib.crc32(text), generation) == Position(0, len(text), zlib.crc32(text))


def test_a_place_between_two_marks_is_found_by_reading_the_bytes_before_it(
    log: Log, followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [line.encode() for line in lines(*range(40_000)).splitlines(keepends=True)]
    text = b"".join(rows)
    log.append(text)
    followed.read()
    asked: list[int] = []
    read = file.FileSource.read

    def counted(source: file.FileSource, generation: int, start: int, stop: int) -> bytes | None:
        asked.append(stop - start)
        return read(source, generation, start, stop)

    monkeypatch.setattr(file.FileSource, "read", counted)
    for count in range(1, 40_000, 3_777):
        at = sum(map(len, rows[:count]))
        assert followed.find(at, zlib.crc32(text[:at])) == Position(0, at, zlib.crc32(text[:at]))
    assert asked
    assert max(asked) <= 64 * 1024 + follow.LARGEST_SLICE


def test_other_bytes_before_the_same_place_are_not_found(log: Log, followed: Followed) -> None:
    text = lines(1, 2, 3).encode()
    log.append(text)
    followed.read()
    assert followed.find(len(text), 12345) is Later.ABSENT
    assert followed.find(10, 12345) is Later.ABSENT


def test_a_place_that_is_not_read_yet_is_not_judged(log: Log, followed: Followed) -> None:
    text = lines(*range(40_000)).encode()
    log.append(text)
    followed.turn()
    assert followed.run().end.at < len(text)
    assert followed.find(len(text), 12345) is Later.READING
    assert followed.find(len(text) + 1, 12345) is Later.ABSENT
    followed.read()
    assert followed.find(len(text), 12345) is Later.ABSENT
    assert followed.find(len(text) + 1, 12345) is Later.ABSENT


def test_the_start_of_a_run_is_always_found(log: Log, followed: Followed) -> None:
    followed.turn()
    assert followed.run().status.state == "waiting"
    assert followed.find(0, 0) == Position(0, 0, 0)
    log.append("hello\n")
    followed.turn()
    assert followed.find(0, 0) == Position(0, 0, 0)


@pytest.mark.usefixtures("soon")
def test_the_hint_decides_between_generations_that_begin_with_the_same_bytes(log: Log, followed: Followed) -> None:
    same = lines(1).encode()
    log.append(same + lines(2).encode())
    followed.read()
    log.replace(same + lines(3).encode())
    followed.read()
    followed.read()
    assert len(followed.run().generations) == 2
    for generation in (0, 1):
        assert followed.find(len(same), zlib.crc32(same), generation) == Position(
            generation, len(same), zlib.crc32(same)
        )
    assert followed.find(len(same), zlib.crc32(same), 5) == Position(1, len(same), zlib.crc32(same))


@pytest.mark.usefixtures("soon")
def test_a_place_in_a_rotated_file_is_found_as_long_as_it_is_held(log: Log, followed: Followed) -> None:
    text = lines(1, 2, 3).encode()
    log.append(text)
    followed.read()
    log.rotate()
    log.append(lines(4))
    followed.read()
    followed.read()
    half = len(text) // 3
    assert followed.find(half, zlib.crc32(text[:half])) == Position(0, half, zlib.crc32(text[:half]))


def test_a_generation_that_another_worker_saw_first_is_waited_for(log: Log, followed: Followed) -> None:
    """After a rotation one worker goes over to the new file up to a poll before the next."""
    log.append(lines(1, 2, 3))
    followed.read()
    new = lines(9).encode()
    assert followed.find(len(new), zlib.crc32(new), 1) is Later.ABSENT
    assert followed.find(len(new), zlib.crc32(new), 0) is Later.ABSENT


def test_bytes_that_are_gone_are_not_found(log: Log, followed: Followed) -> None:
    text = lines(1, 2, 3).encode()
    log.append(text)
    followed.read()
    half = len(text) // 3
    log.truncate()
    assert followed.find(half, zlib.crc32(text[:half])) is Later.ABSENT
    assert followed.find(len(text), zlib.crc32(text)) == Position(0, len(text), zlib.crc32(text))


def test_the_followed_sources_are_those_of_the_arguments(tmp_path: Path) -> None:
    followed = Followed(tmp_path / "a.log", tmp_path / "b" / "a.log")
    followed.turn()
    assert set(followed.board.runs) == set(sources.find_runs([str(tmp_path / "a.log"), str(tmp_path / "b" / "a.log")]))
    followed.close()


def test_who_asks_just_after_the_start_waits_for_the_first_poll(
    log: Log, followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(lines(1))
    monkeypatch.setattr(hub, "spawn", lambda _loop: threading.Timer(0.05, followed.turn).start())
    assert not followed.follower.healthy()
    followed.follower.ensure_running()
    followed.follower.wait_for_first_poll()
    assert followed.follower.healthy()
    assert followed.board.runs["train"].metrics


def test_a_worker_that_numbers_otherwise_finds_the_newest_of_two_lives_that_begin_alike(
    log: Log, followed: Followed
) -> None:
    """Else a client that comes from a worker that knows only the second life gets that one twice."""
    text = lines(1, 2).encode()
    for life, more in ((text, lines(5)), (lines(7), b""), (text, lines(6))):
        log.rewrite(life)
        followed.read()
        log.append(more)
        followed.read()
    first, *_, newest = followed.run().generations
    elsewhere = followed.find(len(text), zlib.crc32(text), generation=4711)
    here = followed.find(len(text), zlib.crc32(text), generation=first.number)
    assert isinstance(elsewhere, Position) and elsewhere.generation == newest.number
    assert isinstance(here, Position) and here.generation == first.number


def test_a_fault_with_one_log_costs_the_others_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        (tmp_path / f"{name}.log").write_text(lines(1, 2))
    followed = Followed(tmp_path / "a.log", tmp_path / "b.log")
    observe = Progress.observe

    def fail(progress: Progress, *rest: Any) -> bool:
        if progress.status.path.endswith("a.log"):
            raise RuntimeError("a bug")
        return observe(progress, *rest)

    monkeypatch.setattr(Progress, "observe", fail)
    followed.turn()
    assert steps(followed.run("b")) == [1, 2]
    followed.close()


def test_a_file_of_a_folder_that_goes_without_a_metric_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    log = Log(tmp_path / "runs" / "a.log")
    log.append("hello\n")
    followed = Followed(tmp_path / "runs")
    followed.read()
    source = followed.follower._tails["a"].source
    assert isinstance(source, file.FileSource)
    source._clock = itertools.count(0, file.UNLINKED).__next__
    log.remove()
    for _poll in ("gone", "gone for long", "waited for"):
        followed.read()
    assert not followed.follower._tails
    log.append(lines(1))
    followed.read()
    assert steps(followed.run("a")) == [1]
    followed.close()
