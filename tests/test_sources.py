"""app/sources/file.py: each byte of a log once, through all that a trainer and logrotate do to it."""

import errno
import gzip
import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import create_app
from app.sources import Chunk, _left, _opened, file
from app.sources._filesystem import NotALogError
from app.sources._life import RECHECK
from app.sources.file import BACK_OFF, CONFIRM, LINGER, REOPEN, REWRITE, SETTLE, UNLINKED, FileSource
from tests.conftest import Log

_ticks = count(1)


class Reader:
    """A source on a clock that stands still unless told; keeps the bytes that came, by generation."""

    def __init__(self, path: Path) -> None:
        self.now = 0.0
        self.source = FileSource(str(path), clock=lambda: self.now)
        self.generations: dict[int, bytes] = {}
        self.kinds: list[str] = []
        self.last = Chunk()

    def read(self) -> list[bytes]:
        """Polls until nothing more comes; all that has come since the start, one entry a generation."""
        while True:
            self.last = chunk = self.source.poll()
            if chunk.data:
                self.generations[chunk.generation] = self.generations.get(chunk.generation, b"") + chunk.data
            self.kinds += [kind for kind, _ in chunk.notices]
            if not chunk.data and not chunk.notices and not chunk.more:
                return [self.generations[number] for number in sorted(self.generations)]

    def read_after(self, seconds: float) -> list[bytes]:
        """Reads, lets time pass, reads again."""
        self.read()
        self.now += seconds
        return self.read()


@pytest.fixture
def reader(log: Log, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Reads the log of this test; one that was written anew at once."""
    monkeypatch.setattr(file, "SETTLE", 0.0)
    reader = Reader(log.path)
    yield reader
    reader.source.close()


def later(path: Path) -> None:
    """Makes the file's time differ from what it was, as it does in life, where a tick of the kernel is 4 ms."""
    stamp = time.time_ns() + next(_ticks) * 1_000_000
    os.utime(path, ns=(stamp, stamp))


def write_lines(descriptor: int, text: bytes) -> None:
    """What a trainer that keeps its descriptor does."""
    assert os.write(descriptor, text) == len(text)


def test_a_file_that_is_being_written_anew_is_read_when_that_is_over(log: Log) -> None:
    """Its first bytes are new, its rest is still that of the old one: it would come twice."""
    reader = Reader(log.path)
    log.append("step=1\nstep=2\nstep=3\n")
    reader.read()
    with log.path.open("r+b", buffering=0) as writer:
        writer.write(b"step=7\n")
        later(log.path)
        assert reader.read() == [b"step=1\nstep=2\nstep=3\n"]
        assert (reader.kinds, reader.last.more) == (["rewritten"], False)
        writer.write(b"step=8\nstep=9\n")
    later(log.path)
    assert reader.read_after(SETTLE) == [b"step=1\nstep=2\nstep=3\n", b"step=7\nstep=8\nstep=9\n"]
    reader.source.close()


# -- a log that comes and grows ------------------------------------------------------------------------


def test_a_log_that_is_not_there_yet_is_waited_for_and_read_from_its_first_byte(tmp_path: Path) -> None:
    log = Log(tmp_path / "x" / "y" / "train.log")
    reader = Reader(log.path)
    assert reader.read() == []
    assert (reader.last.state, reader.last.reason) == ("waiting", "")
    log.path.parent.mkdir(parents=True)
    log.append("step=1\n")
    assert reader.read() == [b"step=1\n"]
    assert reader.last.state == ""
    reader.source.close()


def test_what_is_appended_comes_once(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    assert reader.read() == [b"step=1\n"]
    log.append("step=2\nst")
    assert reader.read() == [b"step=1\nstep=2\nst"]
    log.append("ep=3\n")
    assert reader.read() == [b"step=1\nstep=2\nstep=3\n"]
    assert reader.kinds == []


def test_a_chunk_says_how_much_is_there_and_whether_more_waits(log: Log, reader: Reader) -> None:
    log.append(b"x" * (_opened.CHUNK + 10))
    first = reader.source.poll()
    assert (len(first.data), first.more, first.size) == (_opened.CHUNK, True, _opened.CHUNK + 10)
    assert abs(first.changed - time.time()) < 60
    second = reader.source.poll()
    assert (len(second.data), second.more) == (10, False)


def test_bytes_that_were_read_can_be_read_again_and_no_others(log: Log, reader: Reader) -> None:
    log.append("0123456789")
    reader.read()
    assert reader.source.read(0, 3, 6) == b"345"
    assert reader.source.read(0, 8, 12) is None
    assert reader.source.read(1, 0, 2) is None


# -- truncated, rewritten ------------------------------------------------------------------------------


def test_a_truncated_log_goes_on_as_a_new_generation(log: Log, reader: Reader) -> None:
    log.append("step=1\nstep=2\n")
    reader.read()
    log.truncate()
    assert reader.read() == [b"step=1\nstep=2\n"]
    log.append("step=3\n")
    assert reader.read_after(REWRITE) == [b"step=1\nstep=2\n", b"step=3\n"]
    assert reader.kinds == ["truncated"]


def test_a_log_that_is_truncated_and_begins_otherwise_does_not_wait(log: Log, reader: Reader) -> None:
    log.append("one\ntwo\n")
    reader.read()
    log.rewrite("eins\n")
    assert reader.read() == [b"one\ntwo\n", b"eins\n"]


def test_a_log_that_is_rewritten_longer_between_two_polls_loses_nothing(log: Log, reader: Reader) -> None:
    log.append("step=1\nstep=2\n")
    reader.read()
    log.rewrite("step=11\nstep=12\nstep=13\nstep=14\n")
    later(log.path)
    assert reader.read() == [b"step=1\nstep=2\n", b"step=11\nstep=12\nstep=13\nstep=14\n"]
    assert reader.kinds == ["rewritten"]


def test_a_rewrite_to_the_same_size_is_seen(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    log.rewrite("step=2\n")
    later(log.path)
    assert reader.read() == [b"step=1\n", b"step=2\n"]


def test_a_rewrite_that_changes_only_the_middle_is_seen_once_the_file_was_shorter(log: Log, reader: Reader) -> None:
    lines = [b"%0100d\n" % number for number in range(20)]
    log.append(b"".join(lines))
    reader.read()
    log.truncate()
    reader.read()
    other = b"".join([*lines[:10], b"x" * 100 + b"\n", *lines[11:]])
    log.rewrite(other)
    assert reader.read() == [b"".join(lines), other]


def test_a_rewrite_that_ends_in_the_same_bytes_is_told_by_its_beginning(log: Log, reader: Reader) -> None:
    log.append("a" * 300 + "z" * 300)
    reader.read()
    other = "b" * 300 + "z" * 300 + "more"
    log.rewrite(other)
    later(log.path)
    assert reader.read()[1:] == [other.encode()]


def test_a_csv_that_is_written_anew_at_each_epoch_stays_one_generation(log: Log, reader: Reader) -> None:
    text = "epoch,loss\n"
    for epoch in range(100):
        log.truncate() if log.path.exists() else log.append("")
        reader.read()  # a poll that comes when it is empty,
        log.append("epoch,")
        reader.read()  # one when it is being written,
        text += f"{epoch},0.{epoch}\n"
        log.rewrite(text)
        assert reader.read() == [text.encode()]
    assert reader.kinds == []


def test_a_log_that_stays_shorter_though_it_begins_as_before_is_a_new_generation(log: Log, reader: Reader) -> None:
    log.append("a,b\n1,2\n3,4\n")
    reader.read()
    log.rewrite("a,b\n")
    assert reader.read() == [b"a,b\n1,2\n3,4\n"]
    assert reader.read_after(REWRITE) == [b"a,b\n1,2\n3,4\n", b"a,b\n"]


def test_the_hole_that_a_writer_leaves_after_copytruncate_comes_as_nul_bytes(log: Log, reader: Reader) -> None:
    log.append("step=1\nstep=2\n")
    reader.read()
    writer = os.open(log.path, os.O_WRONLY)
    os.lseek(writer, 14, os.SEEK_SET)
    log.truncate()
    write_lines(writer, b"step=3\n")
    os.close(writer)
    later(log.path)
    assert reader.read() == [b"step=1\nstep=2\n", b"\0" * 14 + b"step=3\n"]


# -- replaced, rotated, deleted ------------------------------------------------------------------------


def test_a_replacement_that_begins_with_the_same_bytes_is_the_same_generation(log: Log, reader: Reader) -> None:
    log.append("a,b\n1,2\n")
    reader.read()
    log.replace("a,b\n1,2\n3,4\n")
    assert reader.read() == [b"a,b\n1,2\n3,4\n"]
    assert reader.kinds == []


def test_a_replacement_with_other_bytes_is_a_new_generation(log: Log, reader: Reader) -> None:
    log.append("a,b\n1,2\n")
    reader.read()
    log.replace("a,b\n5,6\n3,4\n")
    assert reader.read_after(LINGER) == [b"a,b\n1,2\n", b"a,b\n5,6\n3,4\n"]
    assert reader.kinds == ["replaced"]


def test_after_a_rotation_the_old_file_is_read_first_and_then_the_new_one(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    writer = os.open(log.path, os.O_WRONLY | os.O_APPEND)
    log.rotate()
    write_lines(writer, b"step=2\n")
    log.append("step=3\n")
    assert reader.read() == [b"step=1\nstep=2\n"]
    reader.now += LINGER / 2
    write_lines(writer, b"step=4\n")
    os.close(writer)
    assert reader.read() == [b"step=1\nstep=2\nstep=4\n"]
    assert reader.read_after(LINGER / 2) == [b"step=1\nstep=2\nstep=4\n", b"step=3\n"]
    assert reader.source.read(0, 0, 6) == b"step=1"
    assert reader.source.read(1, 0, 6) == b"step=3"


def test_a_rotated_file_that_goes_on_being_written_to_does_not_hold_up_the_new_one(log: Log, reader: Reader) -> None:
    log.append("step=0\n")
    reader.read()
    writer = os.open(log.path, os.O_WRONLY | os.O_APPEND)
    log.rotate()
    log.append("new\n")
    reader.source.poll()
    for _ in range(40):
        reader.now += LINGER / 20
        write_lines(writer, b"old\n")
        chunk = reader.source.poll()
    os.close(writer)
    assert chunk.generation == 1
    assert chunk.late


@pytest.mark.parametrize("read_before", ["", "a,b\n"], ids=["nothing read", "only the header read"])
def test_what_was_written_before_the_rotation_and_not_yet_read_is_not_lost(
    log: Log, reader: Reader, read_before: str
) -> None:
    log.append(read_before)
    reader.read()
    log.append("1,2\n")
    log.rotate()
    log.append("a,b\n3,4\n")
    assert reader.read_after(LINGER) == [f"{read_before}1,2\n".encode(), b"a,b\n3,4\n"]


@pytest.mark.parametrize("again", ["step=3\n", "step=3\nstep=4\nstep=5\n"])
def test_what_came_between_a_truncation_and_a_rotation_is_read_from_the_rotated_file(
    log: Log, reader: Reader, again: str
) -> None:
    log.append("step=1\nstep=2\n")
    reader.read()
    log.truncate()
    log.append(again)
    later(log.path)
    log.rotate()
    log.append("step=6\n")
    reader.read_after(LINGER)
    assert reader.read_after(LINGER) == [b"step=1\nstep=2\n", again.encode(), b"step=6\n"]


def test_a_rotated_log_that_becomes_shorter_just_before_it_is_let_go_is_read_again(log: Log, reader: Reader) -> None:
    log.append("step=1\nstep=2\n")
    reader.read()
    old = log.rotate()
    log.append("step=4\n")
    reader.read_after(LINGER - 0.1)
    os.truncate(old, 7)
    Log(old).append("step=3")
    reader.read_after(REWRITE)
    assert reader.read_after(LINGER) == [b"step=1\nstep=2\n", b"step=1\nstep=3", b"step=4\n"]


def test_an_empty_log_that_is_replaced_is_read_at_once(log: Log, reader: Reader) -> None:
    log.append("")
    reader.read()
    log.replace("step=1\n")
    assert reader.read() == [b"step=1\n"]


def test_only_the_latest_rotated_files_are_held_open(log: Log, reader: Reader) -> None:
    log.append("step=0\n")
    reader.read()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for number in range(1, 20):
        log.replace(f"step={number}\n")
        reader.read_after(LINGER)
    assert len(reader.generations) == 20
    assert len(os.listdir("/proc/self/fd")) <= before + _left.MOST  # noqa: PTH208
    assert reader.source.read(0, 0, 4) is None


def test_a_deleted_log_is_read_on_as_long_as_its_writer_writes(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    writer = os.open(log.path, os.O_WRONLY | os.O_APPEND)
    log.remove()
    reader.read_after(UNLINKED - 1)
    write_lines(writer, b"step=2\n")
    os.close(writer)
    assert reader.read() == [b"step=1\nstep=2\n"]
    reader.read_after(UNLINKED - 1)
    assert (reader.last.state, reader.kinds) == ("", [])
    reader.read_after(1)
    assert (reader.last.state, reader.kinds) == ("waiting", ["deleted"])


@pytest.mark.parametrize("away", [0.0, UNLINKED], ids=["at once", "after it was let go"])
def test_a_log_that_is_deleted_and_made_anew_gives_each_line_once(log: Log, reader: Reader, away: float) -> None:
    for number in range(50):
        log.append(f"step={number}\n")
        assert reader.read_after(LINGER)[-1] == b"step=%d\n" % number
        assert len(reader.generations) == number + 1
        log.remove()
        if away:
            reader.read_after(away)  # the descriptor is closed: most file systems give the same inode again


def test_a_log_that_is_renamed_and_comes_back_is_not_repeated(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    away = log.path.rename(log.path.with_name("away"))
    reader.read_after(UNLINKED)
    away.rename(log.path)
    log.append("step=2\n")
    assert reader.read() == [b"step=1\nstep=2\n"]


def test_a_link_that_is_switched_leads_to_a_new_generation(tmp_path: Path) -> None:
    link, one, two = tmp_path / "current", Log(tmp_path / "run1.log"), Log(tmp_path / "run2.log")
    link.symlink_to("run1.log")
    reader = Reader(link)
    one.append("step=1\n")
    reader.read()
    two.append("step=2\n")
    (tmp_path / "new").symlink_to("run2.log")
    (tmp_path / "new").replace(link)
    one.append("step=3\n")
    assert reader.read_after(LINGER) == [b"step=1\nstep=3\n", b"step=2\n"]
    reader.source.close()


def test_a_link_to_itself_and_one_to_nothing_are_waited_for(tmp_path: Path) -> None:
    loop, dangling = tmp_path / "loop", tmp_path / "dangling"
    loop.symlink_to("loop")
    dangling.symlink_to("nothing")
    first, second = FileSource(str(loop)).poll(), FileSource(str(dangling)).poll()
    assert (first.state, first.reason) == ("waiting", "Too many levels of symbolic links")
    assert (second.state, second.reason) == ("waiting", "")


def test_a_log_that_goes_between_the_look_and_the_opening_is_found_at_the_next_poll(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append("step=1\n")
    reader.read()
    writer = os.open(log.path, os.O_WRONLY | os.O_APPEND)
    log.replace("step=3\n")

    def gone(_path: str) -> int:
        raise FileNotFoundError(2, "No such file or directory")

    with monkeypatch.context() as patch:
        patch.setattr(_opened, "open_regular", gone)
        assert reader.source.poll().state == ""
    write_lines(writer, b"step=2\n")
    os.close(writer)
    assert reader.read_after(LINGER) == [b"step=1\nstep=2\n", b"step=3\n"]


# -- what is no log ------------------------------------------------------------------------------------


def test_a_folder_in_the_place_of_a_log_is_said_and_a_log_after_it_is_read(log: Log, reader: Reader) -> None:
    log.path.mkdir()
    reader.read()
    assert (reader.last.state, reader.last.reason) == ("not_regular", "a directory")
    log.path.rmdir()
    log.append("step=1\n")
    assert reader.read() == [b"step=1\n"]


def test_a_fifo_never_blocks_and_is_said(log: Log, reader: Reader) -> None:
    os.mkfifo(log.path)
    reader.read()
    assert (reader.last.state, reader.last.reason) == ("not_regular", "FIFO")
    with pytest.raises(NotALogError, match="FIFO"):
        _opened.open_regular(str(log.path))  # one that took the log's place between look and opening


def test_a_fifo_is_refused_at_start_and_a_log_or_a_folder_or_nothing_is_not(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "train.log").touch()
    assert file.refusal(f"{tmp_path}/pipe") == (
        f"{tmp_path}/pipe is not a regular file (FIFO). Use: command | tee train.log"
    )
    assert "(device)" in str(file.refusal("/dev/null"))
    for name in ("train.log", "", "missing.log"):
        assert file.refusal(f"{tmp_path}/{name}") is None


def test_a_log_that_may_not_be_read_is_said_and_read_once_it_may(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append("step=1\n")

    def denied(_path: str) -> int:  # chmod does not stop root, who runs tests in containers
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(_opened, "open_regular", denied)
        chunk = reader.source.poll()
    assert (chunk.state, chunk.reason, chunk.data) == ("denied", "Permission denied", b"")
    assert reader.read() == [b"step=1\n"]


def test_a_disk_error_is_said_and_the_log_is_opened_again(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append("step=1\n")
    reader.read()

    def broken(*_given: int) -> bytes:
        raise OSError(5, "Input/output error")

    log.append("step=2\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", broken)
        chunk = reader.source.poll()
    assert (chunk.state, chunk.reason, chunk.more) == ("unreadable", "Input/output error", False)
    assert chunk.notices == (("unreadable", "train.log cannot be read (Input/output error); trying again"),)
    assert reader.read_after(BACK_OFF) == [b"step=1\nstep=2\n"]


def test_a_path_below_a_local_folder_is_watched_there(tmp_path: Path) -> None:
    assert file.is_local(str(tmp_path / "not" / "there.log")) == file.is_local(str(tmp_path))
    assert not file.is_local("/proc/self/status")
    assert FileSource("/proc/self/status").local_path() == ""


# -- clocks and disks that lie -------------------------------------------------------------------------


def test_a_rewrite_that_leaves_no_trace_in_size_and_time_is_found_within_5_s(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    log.rewrite("step=2\n")
    life, found = reader.source._life, log.path.stat()
    assert life
    life._seen = found.st_size, found.st_mtime_ns, found.st_ctime_ns
    assert reader.read_after(RECHECK - 1) == [b"step=1\n"]
    assert reader.read_after(1) == [b"step=1\n", b"step=2\n"]
    assert reader.kinds == ["rewritten"]


def test_a_change_in_the_middle_of_a_file_that_does_not_grow_is_seen(log: Log, reader: Reader) -> None:
    before = b"a" * 1000 + b"1" + b"z" * 1000
    log.append(before)
    reader.read()
    after = before.replace(b"1", b"2")
    log.rewrite(after)
    later(log.path)
    assert reader.read() == [before, after]


@pytest.mark.parametrize("moment", [0, 4_000_000_000], ids=["1970", "2096"])
def test_a_time_that_lies_hides_nothing(log: Log, reader: Reader, moment: int) -> None:
    log.append("step=1\n")
    reader.read()
    os.utime(log.path, (moment, moment))
    log.append("step=2\n")
    os.utime(log.path, (moment, moment))
    assert reader.read() == [b"step=1\nstep=2\n"]
    assert reader.kinds == []


@pytest.fixture
def remote(log: Log) -> Iterator[Reader]:
    """Reads the log of this test as one on a network file system."""
    reader = Reader(log.path)
    reader.source = FileSource(str(log.path), local=False, clock=lambda: reader.now)
    yield reader
    reader.source.close()


def sizes_short_by(monkeypatch: pytest.MonkeyPatch, short: list[int]) -> None:
    """From now on files seem to have as many bytes fewer as `short` says at its end; the last one stays."""
    fstat = os.fstat

    def shorter(fd: int) -> os.stat_result:
        found = fstat(fd)
        missing = short.pop() if len(short) > 1 else short[0]
        return os.stat_result((*found[:6], max(0, found.st_size - missing), *found[7:10]))

    monkeypatch.setattr(os, "fstat", shorter)


def test_a_network_file_system_that_says_too_little_for_a_moment_is_believed_no_truncation(
    log: Log, remote: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append("step=1\nstep=2\n" * 50)
    remote.read()
    with monkeypatch.context() as patch:
        sizes_short_by(patch, [100])
        for _ in range(20):
            remote.read_after(0.25)
    log.append("step=3\n")
    assert remote.read() == [b"step=1\nstep=2\n" * 50 + b"step=3\n"]
    assert remote.kinds == []


def test_a_truncation_on_a_network_is_believed_after_a_second(log: Log, remote: Reader) -> None:
    log.append("step=1\nstep=2\n")
    remote.read()
    log.rewrite("other\n")
    assert len(remote.read_after(CONFIRM / 2)) == 1
    assert remote.read_after(CONFIRM / 2) == [b"step=1\nstep=2\n", b"other\n"]


def test_a_log_on_a_network_is_opened_again_every_2_s(
    log: Log, remote: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    really = _opened.open_regular

    def counted(path: str) -> int:
        opened.append(path)
        return really(path)

    monkeypatch.setattr(_opened, "open_regular", counted)
    log.append("step=1\n")
    for _ in range(40):
        remote.read_after(0.25)
    assert len(opened) == 1 + 10 / REOPEN
    assert len(os.listdir("/proc/self/fd")) < 100  # noqa: PTH208


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO])
def test_a_disk_that_fails_for_long_is_asked_each_second_and_said_once(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    log.append("step=1\n")
    reader.read()
    log.append("step=2\n")
    asked = []

    def failing(fd: int, *_given: int) -> bytes:
        asked.append(fd)
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", failing)
        for _ in range(40):
            reader.read_after(0.25)
        assert reader.last.state == "unreadable"
    assert len(asked) <= 2 * 10 / BACK_OFF
    assert reader.read_after(BACK_OFF) == [b"step=1\nstep=2\n"]
    assert reader.kinds == ["unreadable"]


def test_what_is_held_is_read_on_where_the_path_may_not_be_looked_at_any_more(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append("step=1\n")
    reader.read()
    log.append("step=2\n")
    stat = Path.stat

    def denied(path: Path, **given: bool) -> os.stat_result:
        if path == log.path:
            raise PermissionError(13, "Permission denied")
        return stat(path, **given)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", denied)
        chunks = [reader.source.poll() for _ in range(3)]
    assert chunks[0].state == "denied"
    assert [kind for chunk in chunks for kind, _ in chunk.notices] == ["denied"]
    log.append("step=3\n")
    assert [chunk.data for chunk in chunks if chunk.data] == [b"step=2\n"]
    assert reader.read() == [b"step=1\nstep=3\n"]


def test_a_folder_in_the_place_of_a_log_that_is_held_lets_it_be_read_to_its_end(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    away = log.path.rename(log.path.with_name("away"))
    log.path.mkdir()
    Log(away).append("step=2\n")
    assert reader.read() == [b"step=1\nstep=2\n"]
    assert (reader.last.state, reader.kinds) == ("not_regular", ["not_regular"])
    log.path.rmdir()
    away.rename(log.path)
    log.append("step=3\n")
    assert reader.read() == [b"step=1\nstep=2\nstep=3\n"]


def test_a_log_that_is_compressed_is_said_and_not_read(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    log.rewrite(gzip.compress(b"step=2\n" * 100))
    later(log.path)
    assert reader.read_after(REWRITE) == [b"step=1\n"]
    assert (reader.last.state, reader.last.reason) == ("not_regular", "compressed")
    log.rewrite("step=3\n")
    later(log.path)
    assert reader.read_after(REWRITE) == [b"step=1\n", b"step=3\n"]


def test_bytes_of_the_next_generation_that_are_held_back_count_as_unread(log: Log, reader: Reader) -> None:
    log.append("step=1\n")
    reader.read()
    log.rotate()
    log.append("step=2\nstep=3\n")
    reader.read()
    assert (len(reader.generations[0]), reader.last.size) == (7, 21)
    reader.read_after(LINGER)
    assert reader.last.size == 14


# -- whatever happens ----------------------------------------------------------------------------------

WHAT_HAPPENS = st.tuples(
    st.sampled_from(["append", "append", "append", "rewrite", "replace", "rotate", "remove"]), st.binary(max_size=600)
)


@given(story=st.lists(WHAT_HAPPENS, max_size=12))
@settings(max_examples=150)
def test_the_chunks_of_a_generation_are_its_bytes(
    story: list[tuple[str, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = Log(tmp_path_factory.mktemp("source") / "train.log")
    reader = Reader(log.path)
    lives: list[bytes] = []
    for what, text in story:
        happen(log, what, text, lives)
        assert reader.read_after(LINGER + UNLINKED) == lives
    reader.source.close()


def happen(log: Log, what: str, text: bytes, lives: list[bytes]) -> None:
    """Does one thing to the log, and to `lives`: the bytes of each life that it has had."""
    exists = log.path.exists()
    if what == "remove":
        log.path.unlink(missing_ok=True)
    elif what == "append" and exists:
        log.append(text)
        lives[-1] += text
    else:
        lives.append(b"%d\n" % len(lives) + text)  # no two lives begin with the same bytes
        begin = {"rewrite": log.rewrite, "replace": log.replace}.get(what, log.append)
        if what == "rotate" and exists:
            log.rotate()
        begin(lives[-1])
        later(log.path)


def test_a_log_that_is_written_anew_between_the_look_and_the_read_is_no_growth(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same first 256 bytes, other ones before the place that was reached."""
    banner, old, new = b"#" * 300 + b"\n", b"step=1 loss=1\n" * 50, b"step=2 loss=2222\n" * 90
    log.append(banner + old)
    assert reader.read() == [banner + old]
    log.append(b"step=3 loss=3\n")
    look, done = FileSource._look, []

    def rewritten_after(source: FileSource) -> tuple[str, str]:
        seen = look(source)
        if not done:
            done.append(log.rewrite(banner + new))
            later(log.path)
        return seen

    monkeypatch.setattr(FileSource, "_look", rewritten_after)
    assert reader.read_after(REWRITE) == [banner + old, banner + new]


def test_a_name_that_is_no_utf_8_is_no_trouble(tmp_path: Path) -> None:
    name = os.fsdecode(b"tr\xffain.log")
    (tmp_path / name).write_text("step=1 loss=0.5\n")
    app = create_app({"TAILPLOT_LOGS": str(tmp_path / name), "TAILPLOT_WATCH": "poll"})
    follower = app.extensions["tailplot"].follower
    follower.ensure_running = lambda: None
    follower._turn()
    os.truncate(tmp_path / name, 0)
    follower._turn()
    client = app.test_client()
    for route in ("/", "/plot", "/status.json", "/metrics.json", "/figure.json"):
        assert client.get(route).status_code == 200, route
    assert list(client.get("/status.json").json["runs"]) == ["tr\\udcffain"]
    for tail in follower._tails.values():
        tail.source.close()
