"""app/sources/_siblings.py: rotated files are read in the order in which they were written, and none is passed over."""

import gzip
import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.sources import file
from app.sources.file import LINGER, FileSource
from tests.conftest import Log
from tests.test_sources import Reader, write_lines


@pytest.fixture
def reader(log: Log) -> Iterator[Reader]:
    """Reads the log of this test."""
    reader = Reader(log.path)
    yield reader
    reader.source.close()


@pytest.fixture
def history(log: Log) -> Iterator[Reader]:
    """Reads the log of this test, its rotated siblings first."""
    reader = Reader(log.path)
    reader.source = FileSource(str(log.path), rotated=True, clock=lambda: reader.now)
    yield reader
    reader.source.close()


def turn_over(log: Log, text: str) -> None:
    """Every file moves one number on, and a new one begins with `text`."""
    siblings = sorted(log.path.parent.glob("train.log.*"), key=lambda path: -int(path.suffixes[-1][1:]))
    for path in siblings:
        path.rename(path.with_suffix(f".{int(path.suffix[1:]) + 1}"))
    log.rotate()
    log.append(text)


def old(path: Path, text: str | bytes, *, days: int = 1) -> None:
    """A rotated file that rests since some days; zipped where its name says so."""
    content = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    os.utime(path, (time.time() - 86400 * days,) * 2)


# -- while it is followed ------------------------------------------------------------------------------


def test_a_file_that_came_and_went_between_two_polls_is_read_in_its_place(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    for step in (2, 3, 4):
        turn_over(log, f"step={step}\n")
    for _ in range(3):
        reader.read_after(LINGER)
    assert reader.read() == [b"step=1\n", b"step=2\n", b"step=3\n", b"step=4\n"]
    assert reader.kinds == ["rotated"]
    assert reader.last.continues


def test_a_file_in_between_that_is_gone_is_said(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    turn_over(log, "step=2\n")
    turn_over(log, "step=3\n")
    log.path.with_name("train.log.1").unlink()
    assert reader.read_after(LINGER) == [b"step=1\n", b"step=3\n"]
    assert reader.kinds == ["gap", "rotated"]


def test_the_oldest_of_few_that_was_deleted_meanwhile_is_followed_by_the_next(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    turn_over(log, "step=2\n")
    later = time.time() + 1
    os.utime(log.path, (later, later))
    turn_over(log, "step=3\n")
    log.path.with_name("train.log.2").unlink()
    reader.read_after(LINGER)
    assert reader.read_after(LINGER) == [b"step=1\n", b"step=2\n", b"step=3\n"]
    assert reader.kinds == ["gap", "rotated"]


def test_a_sibling_that_rests_since_long_is_no_file_in_between(log: Log, reader: Reader) -> None:
    old(log.path.with_name("train.log.1"), "step=0\n")
    log.append("step=1\n")
    reader.read()
    log.replace("step=2\n")
    assert reader.read_after(LINGER) == [b"step=1\n", b"step=2\n"]
    assert reader.kinds == ["replaced"]


@pytest.mark.parametrize("name", ["train.log-20261123", "train.log.2026-11-23"])
def test_a_file_with_a_date_is_no_gap_and_a_newer_one_beside_it_is(log: Log, reader: Reader, name: str) -> None:
    log.append("step=1\n")
    reader.read()
    log.path.rename(log.path.with_name(name))
    log.append("step=2\n")
    assert reader.read_after(LINGER) == [b"step=1\n", b"step=2\n"]
    assert reader.kinds == ["rotated"]
    second = log.path.rename(log.path.with_name(name + "_10"))
    log.append("step=3\n")
    later = time.time() + 5
    log.path.rename(log.path.with_name(name + "_11"))
    os.utime(log.path.with_name(name + "_11"), (later, later))
    assert second.exists()
    log.append("step=4\n")
    assert reader.read_after(LINGER)[-1] == b"step=4\n"
    assert reader.kinds == ["rotated", "gap", "rotated"]


def test_a_rotation_between_the_look_and_the_opening_loses_no_file(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append("step=1\n")
    reader.read()
    turn_over(log, "step=2\n")
    reader.read_after(LINGER - 1)
    reader.now += 1
    open_log, again = file.open_log, [True]

    def rotated_before(path: str) -> object:
        if again:
            again.clear()
            turn_over(log, "step=3\n")
        return open_log(path)

    monkeypatch.setattr(file, "open_log", rotated_before)
    reader.read_after(LINGER)
    assert reader.read_after(LINGER) == [b"step=1\n", b"step=2\n", b"step=3\n"]


def test_lines_that_come_too_late_to_the_old_file_are_counted_and_said_once(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    writer = os.open(log.path, os.O_WRONLY | os.O_APPEND)
    log.rotate()
    log.append("step=2\n")
    reader.read_after(LINGER)
    counts = []
    for lines in (b"step=3\nstep=4\n", b"", b"step=5\n"):
        write_lines(writer, lines)
        chunk = reader.source.poll()
        counts.append((chunk.late, [kind for kind, _ in chunk.notices]))
    os.close(writer)
    assert counts == [(2, ["late"]), (0, []), (1, [])]
    assert reader.read() == [b"step=1\n", b"step=2\n"]


# -- the history ---------------------------------------------------------------------------------------


def test_the_siblings_come_first_the_oldest_at_the_start_zipped_or_not(log: Log, history: Reader) -> None:
    old(log.path.with_name("train.log.10.gz"), "step=1\n")
    old(log.path.with_name("train.log.2.gz"), "step=2\n")
    old(log.path.with_name("train.log.2"), "step=2\n")  # being zipped: the file counts
    old(log.path.with_name("train.log.1"), "step=3\n")
    old(log.path.with_name("train.log.bak"), "no rotation")
    old(log.path.with_name("train.log-20261101"), "a date tells no number")
    log.append("step=4\n")
    assert history.read() == [b"step=1\n", b"step=2\n", b"step=3\n", b"step=4\n"]
    assert history.last.continues
    assert history.kinds == []
    log.append("step=5\n")
    assert history.read()[-1] == b"step=4\nstep=5\n"


def test_a_zipped_file_may_have_several_members(log: Log, history: Reader) -> None:
    path = log.path.with_name("train.log.1.gz")
    old(path, "")
    path.write_bytes(gzip.compress(b"step=1\n") + gzip.compress(b"step=2\n"))
    os.utime(path, (0, 0))
    log.append("step=3\n")
    assert history.read() == [b"step=1\nstep=2\n", b"step=3\n"]


@pytest.mark.parametrize("zipped", [b"\x1f\x8b no gzip at all", gzip.compress(b"step=1\n" * 99)[:-9]])
def test_a_zipped_file_that_is_broken_is_said_and_the_others_are_read(log: Log, history: Reader, zipped: bytes) -> None:
    old(log.path.with_name("train.log.2.gz"), "")
    log.path.with_name("train.log.2.gz").write_bytes(zipped)
    old(log.path.with_name("train.log.1"), "step=2\n")
    log.append("step=3\n")
    history.read()
    history.read_after(LINGER)
    assert history.read()[-2:] == [b"step=2\n", b"step=3\n"]
    assert history.kinds == ["history"]


def test_a_log_that_does_not_exist_yet_has_its_history_all_the_same(log: Log, history: Reader) -> None:
    old(log.path.with_name("train.log.1"), "step=1\n")
    assert history.read_after(file.UNLINKED + 1) == [b"step=1\n"]
    log.append("step=2\n")
    assert history.read() == [b"step=1\n", b"step=2\n"]
    assert history.kinds == []


def test_a_rotation_while_the_history_is_read_neither_repeats_nor_loses(log: Log, history: Reader) -> None:
    old(log.path.with_name("train.log.2"), "step=1\n")
    old(log.path.with_name("train.log.1"), "step=2\n")
    log.append("step=3\n")
    assert history.source.poll().data == b"step=1\n"
    turn_over(log, "step=4\n")
    history.generations[0] = b"step=1\n"
    history.read_after(LINGER)
    assert history.read_after(LINGER) == [b"step=1\n", b"step=2\n", b"step=3\n", b"step=4\n"]


def test_more_history_than_is_read_is_left_out_at_its_old_end(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "HISTORY", 15)
    for number in range(1, 6):
        old(log.path.with_name(f"train.log.{number}"), f"step={9 - number}\n")
    log.append("step=9\n")
    reader.source = FileSource(str(log.path), rotated=True, clock=lambda: reader.now)
    assert reader.read() == [b"step=7\n", b"step=8\n", b"step=9\n"]
    assert reader.kinds == ["history"]


def test_a_small_file_that_unzips_to_very_much_stops_at_the_limit(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "HISTORY", 1 << 20)
    bomb = zlib.compressobj(wbits=31)
    zipped = b"".join(bomb.compress(b"x" * (1 << 20)) for _ in range(50)) + bomb.flush()
    path = log.path.with_name("train.log.1.gz")
    path.write_bytes(zipped[:-4] + bytes(4))  # it says of itself that it is empty
    log.append("step=9\n")
    reader.source = FileSource(str(log.path), rotated=True, clock=lambda: reader.now)
    reader.read()
    read = reader.read_after(LINGER)
    assert len(read[0]) <= (1 << 20) + (256 << 10)
    assert read[-1] == b"step=9\n"
    assert "history" in reader.kinds
