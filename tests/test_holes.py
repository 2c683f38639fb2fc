"""app/sources/_holes.py and what the file source makes of it: a hole is known by its length and never read."""

import os
from collections.abc import Iterator

import pytest

from app.fold import Fold
from app.sources._holes import past_hole
from app.sources._opened import CHUNK
from tests.conftest import Log
from tests.test_sources import Reader, later

BLOCK = 4096


@pytest.fixture
def reader(log: Log) -> Iterator[Reader]:
    """Reads the log of this test."""
    reader = Reader(log.path)
    yield reader
    reader.source.close()


def grow(log: Log, size: int) -> None:
    """Makes the file that long, with nothing in it."""
    os.truncate(log.path, size)


def test_four_gibibytes_of_nothing_are_one_number(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    grow(log, 4 << 30)
    log.append("step=2\n")
    fold, chunks, fed = Fold(0), [], 0
    while not chunks or chunks[-1].more:
        chunks.append(reader.source.poll())
        fold.skip(chunks[-1].hole)
        fold.feed(chunks[-1].data)
        fed += chunks[-1].hole + len(chunks[-1].data)
    assert fed == (4 << 30) + 7
    assert sum(len(chunk.data) for chunk in chunks) < 2 * BLOCK + CHUNK
    assert (fold.lines, fold.end.at) == (2, fed)
    log.append("step=3\n")
    assert reader.source.poll().data == b"step=3\n"


def test_a_hole_that_nothing_follows_is_not_there_yet(log: Log, reader: Reader) -> None:
    """A file that was made large before it is written: the lines come into the hole."""
    log.append("step=1\n")
    grow(log, 100 * BLOCK)
    first = reader.source.poll()
    assert (first.data, first.hole, first.more, first.size) == (b"step=1\n", 0, True, 100 * BLOCK)
    second = reader.source.poll()
    assert (second.data, second.hole, second.more, second.size) == (b"", 0, False, 7)
    for number in (2, 3):
        with log.path.open("r+b") as file:
            file.seek(7 * (number - 1))
            file.write(b"step=%d\n" % number)
        later(log.path)
        reader.read()
    assert reader.read() == [b"step=2\nstep=3\n"]
    assert reader.kinds == []


def test_many_nuls_that_are_no_hole_are_bytes(log: Log, reader: Reader) -> None:
    text = b"step=1\n" + bytes(3 * BLOCK) + b"step=2\n"
    log.append(text)
    assert reader.read() == [text]


@pytest.mark.parametrize("before", range(4))
def test_a_hole_begins_at_an_even_offset_and_is_of_even_length(log: Log, before: int) -> None:
    log.append(b"x" * before)
    grow(log, 3 * BLOCK)
    log.append("end")
    file = os.open(log.path, os.O_RDONLY)
    at = holes = 0
    while at < 3 * BLOCK:
        hole, data = past_hole(file, at, os.pread(file, CHUNK, at))
        assert hole % 2 == 0
        assert not (hole and at % 2)
        holes += hole
        at += hole + len(data)
    os.close(file)
    assert holes >= 2 * BLOCK


def test_a_file_system_that_does_not_tell_of_holes_gives_bytes(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_given: int) -> int:
        raise OSError(22, "Invalid argument")

    log.append(bytes(2 * BLOCK))
    monkeypatch.setattr(os, "lseek", none)
    file = os.open(log.path, os.O_RDONLY)
    assert past_hole(file, 0, bytes(2 * BLOCK)) == (0, bytes(2 * BLOCK))
    os.close(file)


def test_a_log_that_was_read_through_a_hole_is_known_again_without_it(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    grow(log, 50 * BLOCK)
    log.append("step=2\n")
    reader.read()
    log.replace(b"step=1\n" + bytes(50 * BLOCK - 7) + b"step=2\nstep=3\n")
    reader.generations.clear()
    assert reader.read() == [b"step=3\n"]
    assert reader.kinds == []
