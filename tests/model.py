"""Random lives of a log → whether a reader is given exactly the bytes that it was promised.

    python -m tests.model --sequences 5000 --seed 1

A `World` does to real files what trainers, logrotate and people do to them, and keeps in memory what stands in each.
The `Oracle` is the promise: it says, from that memory alone, which bytes a reader has after each poll. A sequence that
breaks the promise is told with its seed and with its steps, as few as still break it, ready for `trial` in a test.
The clocks, and the ctime of each file, are the world's own, so that a seed says all. The exit status is 1 where
anything was found.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path
from typing import NamedTuple

from app.fold import Fold
from app.sources import Chunk
from app.sources.file import FileSource

NAME = "train.log"
KEEP = 4
"""Rotated files that are kept: NAME.1 to NAME.4."""
TODAY = 1_700_000_000
"""What the wall clock says when a world begins, s since the Unix epoch."""
NOTICES = ("truncated", "rewritten", "deleted", "gap", "late")
PATIENCE = 60
"""Polls after which a log that nobody touches must be quiet."""

LINGER, REWRITE, SETTLE, CHECK, UNLINKED = 5.0, 2.0, 0.3, 5.0, 30.0
ENDS, HOLE = 256, 4096
LEFT = 4
"""Files that were left last, to which lines may come late."""

Step = tuple[str | int | float | bool, ...]
"""What happens: the name of a method of `World` or `Trial`, and its arguments."""


# What happens to a log.


@dataclass(eq=False)
class File:
    """What stands in a file, under whatever name. `mtime` in ns; `ctime` counts its changes and its names."""

    content: bytearray = field(default_factory=bytearray)
    mtime: int = 0
    ctime: int = 0
    before: bytes = b""
    """What stood here before it was cut off."""


@dataclass(eq=False)
class Writer:
    """A descriptor that a trainer keeps. `at`: where it writes next, None where that is the end (O_APPEND)."""

    descriptor: int
    file: File
    at: int | None


class Folder:
    """A folder in the place of a log."""


class World:
    """A folder of logs, and what stands in it. A step that makes no sense where it comes does nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME
        self.now = 0.0
        self.names: dict[str, File | Folder | str] = {}
        """What each name stands for; a text is the name that a link leads to."""
        self.files: dict[int, File] = {}
        self.writer: Writer | None = None
        self._rest: dict[str, bytes] = {}
        self._lines = self._stamps = 0
        self._ctime_lies = False

    def real(self) -> str:
        """The name of the log itself, where the path may be a link to it."""
        found = self.names.get(NAME)
        return found if isinstance(found, str) else NAME

    def found(self) -> File | Folder | None:
        """What the path leads to."""
        found = self.names.get(self.real())
        return None if isinstance(found, str) else found

    def close(self) -> None:
        """Let go of everything."""
        if self.writer:
            os.close(self.writer.descriptor)

    # steps

    def lie(self) -> None:
        """From now on a change of content shows in size and mtime alone."""
        self._ctime_lies = True

    def pause(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    def append(self, who: str, lines: int, width: int = 0) -> None:
        """The trainer writes, first the rest of a line that it left torn; by a descriptor it keeps, or by the path."""
        self._write_as(who, self._rest.pop(who, b"") + self._new_lines(lines, width))

    def tear(self, who: str, lines: int) -> None:
        """The trainer writes, and of the last line only the beginning."""
        self.append(who, lines - 1)
        line = self._new_lines(1)
        self._rest[who] = line[8:]
        self._write_as(who, line[:8])

    def _write_as(self, who: str, text: bytes) -> None:
        if who == "writer" and self.writer:
            self._write(self.writer, text)
        elif not isinstance(self.found(), Folder):
            writer = self._writer(self.real(), append=True)
            self._write(writer, text)
            os.close(writer.descriptor)

    def open(self, append: bool) -> None:
        """The trainer opens its log, with O_APPEND or at the present end, and closes the one it had."""
        if not isinstance(self.found(), Folder):
            self.close()
            self.writer = self._writer(self.real(), append)

    def rotate(self, create: bool = True) -> None:
        """NAME becomes NAME.1, and so on; whoever has it open goes on writing to it."""
        real = self.real()
        if isinstance(self.found(), File):
            self._make_room(real)
            self._rename(real, f"{real}.1")
            if create:
                self._put(real, b"")

    def copytruncate(self) -> None:
        """NAME is copied to NAME.1 and cut to nothing."""
        real, found = self.real(), self.found()
        if isinstance(found, File):
            self._make_room(real)
            self._put(f"{real}.1", bytes(found.content))
            self._put(real, b"")

    def truncate(self, share: float, ending: str = "") -> None:
        """The log is cut to a share of what it is; or a rotated file, `.1` and so on."""
        name, found = self._log(ending)
        if found:
            found.before = found.before if found.before.startswith(found.content) else bytes(found.content)
            self._put(name, bytes(found.content[: int(len(found.content) * share)]))

    def cut(self, share: float) -> None:
        """The trainer cuts the file that it has open, whatever that is called by now, but not within NULs.

        There the rest of a block that was written stays one on disk, and is no hole.
        """
        if self.writer:
            file = self.writer.file
            file.content[:] = file.content[: int(len(file.content) * share)].rstrip(b"\0")
            os.ftruncate(self.writer.descriptor, len(file.content))
            self._stamp(file, self.writer.descriptor)

    def restore(self, share: float, ending: str = "") -> None:
        """What was cut off is written again, as when a table is written anew at each epoch, or a share of it."""
        name, found = self._log(ending)
        if found and found.before.startswith(found.content):
            self._put(name, found.before[: int(len(found.before) * share)])

    def rewrite(self, kind: str, ending: str = "") -> None:
        """The log, or a rotated file, is opened anew and written whole (`open(path, "w")`)."""
        name, found = self._log(ending)
        if found:
            self._put(name, self._content(kind, bytes(found.content)))

    def replace(self, kind: str) -> None:
        """Another file takes its place in one step."""
        found = self.found()
        if not isinstance(found, Folder):
            self._put("new", self._content(kind, bytes(found.content) if found else b""))
            self._rename("new", self.real())

    def sneak(self, kind: str, ending: str = "") -> None:
        """The same, and its time put back to what it was."""
        name, found = self._log(ending)
        if found:
            mtime = found.mtime
            self.rewrite(kind, ending)
            self._stamp(found, str(self.folder / name), mtime)

    def touch(self, mtime: int, ending: str = "") -> None:
        """The time of the log, or of a rotated file, is set, s from now."""
        name, found = self._log(ending)
        if found:
            self._stamp(found, str(self.folder / name), (TODAY + mtime) * 10**9)

    def prune(self, number: int) -> None:
        """A rotated file is deleted."""
        if f"{self.real()}.{number}" in self.names:
            self._remove(f"{self.real()}.{number}")

    def delete(self) -> None:
        """The path is deleted: the log, or the link to it."""
        if not isinstance(self.names.get(NAME, Folder()), Folder):
            self._remove(NAME)

    def away(self) -> None:
        """The path is renamed."""
        if not isinstance(self.names.get(NAME, Folder()), Folder):
            self._rename(NAME, "away")

    def mkdir(self) -> None:
        """A folder takes the place of the path."""
        self.away()
        if NAME not in self.names:
            self.path.mkdir()
            self.names[NAME] = Folder()

    def back(self) -> None:
        """What was renamed comes back, and no folder is in its way."""
        if isinstance(self.names.get(NAME), Folder):
            self.path.rmdir()
            del self.names[NAME]
        if "away" in self.names:
            self._rename("away", NAME)

    def link(self, target: str) -> None:
        """The path becomes a link to one of two logs; where it was a log, that is the one."""
        found = self.names.get(NAME)
        if isinstance(found, Folder):
            return
        if isinstance(found, File):
            self._rename(NAME, target)
        (self.folder / "new").symlink_to(target)
        self.names["new"] = target
        self._rename("new", NAME)

    # on disk and in memory

    def _log(self, ending: str) -> tuple[str, File | None]:
        """The log, or one that it was before a rotation."""
        name = self.real() + ending
        found = self.names.get(name)
        return name, found if isinstance(found, File) else None

    def _new_lines(self, count: int, width: int = 0) -> bytes:
        """Lines that were never written before, made as long as that."""
        first = self._lines + 1
        self._lines += count
        lines = (b"step=%d loss=%d.5" % (number, number) for number in range(first, first + count))
        return b"".join(
            line + b" #".ljust(width - len(line) - 1, b"#") + b"\n" if width else line + b"\n" for line in lines
        )

    def _content(self, kind: str, old: bytes) -> bytes:
        """What a log is written anew with."""
        half = len(old) // 2
        if kind == "copy":
            return old
        if kind == "again":
            return old + self._new_lines(2)
        if kind == "middle":
            return old[:half] + b"~" + old[half + 1 :]
        if kind == "edited":
            return old[:half] + b"~" + old[half + 1 :] + self._new_lines(2)
        if kind == "half":
            return old[:half] + self._fill(half)
        size = {"shorter": half, "same": len(old), "longer": len(old) + 50}[kind]
        return self._fill(size)[: max(size - 1, 0)] + b"\n"

    def _fill(self, size: int) -> bytes:
        """Two new lines, or more where they would be too long to be read, that have at least so many bytes."""
        count = max(2, size // 10_000)
        return self._new_lines(count, size // count + 20)

    def _put(self, name: str, content: bytes) -> None:
        """A file is written from its start, its holes left out; it is made where there is none."""
        place = self.folder / name
        with place.open("wb", buffering=0) as file_on_disk:
            for piece in re.finditer(rb"[^\0]+", content):
                file_on_disk.seek(piece.start())
                file_on_disk.write(piece[0])
            file_on_disk.truncate(len(content))
        found = self.names.get(name)
        file = found if isinstance(found, File) else self._made(name, place.stat().st_ino)
        file.content[:] = content
        self._stamp(file, str(place))

    def _made(self, name: str, inode: int) -> File:
        self.names[name] = self.files[inode] = file = File()
        return file

    def _writer(self, name: str, append: bool) -> Writer:
        descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND * append)
        end = os.lseek(descriptor, 0, os.SEEK_END)
        found = self.names.get(name)
        file = found if isinstance(found, File) else self._made(name, os.fstat(descriptor).st_ino)
        self._stamp(file, descriptor, file.mtime)
        return Writer(descriptor, file, None if append else end)

    def _write(self, writer: Writer, text: bytes) -> None:
        """Beyond the end, as after a copytruncate, there is a hole of NULs before the text."""
        if not text:
            return
        os.write(writer.descriptor, text)
        content = writer.file.content
        at = len(content) if writer.at is None else writer.at
        content.extend(bytes(max(at - len(content), 0)))
        content[at : at + len(text)] = text
        writer.at = None if writer.at is None else at + len(text)
        self._stamp(writer.file, writer.descriptor)

    def _stamp(self, file: File, place: str | int, mtime: int | None = None) -> None:
        """Each change has a time of its own, as in life, where a tick of the kernel is 4 ms."""
        self._stamps += 1
        file.mtime = int((TODAY + self.now) * 10**9) + self._stamps if mtime is None else mtime
        os.utime(place, ns=(file.mtime, file.mtime))
        file.ctime = file.ctime if self._ctime_lies else self._stamps

    def _rename(self, old: str, new: str) -> None:
        (self.folder / old).replace(self.folder / new)
        self.names[new] = found = self.names.pop(old)
        if isinstance(found, File):
            self._stamps += 1
            found.ctime = self._stamps

    def _remove(self, name: str) -> None:
        (self.folder / name).unlink()
        del self.names[name]

    def _make_room(self, real: str) -> None:
        if f"{real}.{KEEP}" in self.names:
            self._remove(f"{real}.{KEEP}")
        for number in range(KEEP - 1, 0, -1):
            if f"{real}.{number}" in self.names:
                self._rename(f"{real}.{number}", f"{real}.{number + 1}")


# What was promised.


class Oracle:
    """Which bytes a reader has, by generation, and of what it was told, after each poll of a world.

    A generation is one life of a log's bytes; it goes on as long as the log begins with all that was read of it.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.given = [bytearray()]
        self.continues = [False]
        """Of each generation, whether it goes on where the one before ended."""
        self.notices: list[str] = []
        self.state = "waiting"
        self._held: File | None = None
        self._home, self._home_at = "", 0
        """The real name of the path when it led to the held file, and when that was, by the ctime of the file."""
        self._sibling = False
        """Whether the held file is one that the log was before a rotation, opened as such."""
        self._since: dict[str, float] = {}
        """The clock when each wait began, and at the last comparison."""
        self._seen = (0, 0, 0)
        self._doubted = self._gap_told = False
        """Whether all bytes are compared at the next look; whether a gap in this row of siblings was told."""
        self._until: int | None = None
        """Where reading ends of a file that the path does not lead to any more."""
        self._settled_at = 0.0
        """When a file that was written anew may be read: until then its rest may be the old one's."""
        self._hole = 0
        """The size of the held file where it ends in a hole."""
        self._left: list[Left] = []

    def poll(self) -> None:
        """One look at what the path leads to, and one read of one file."""
        found = self.world.found()
        file = found if isinstance(found, File) else None
        if file:
            self._since.pop("gone", None)
        if self._held is None and file:  # it comes, or comes back
            self._hold(file, goes_on=self._begins(file))
        elif self._held and file is self._held:
            self._stay(file)
        elif self._held:
            self._leave(self._held, file)
        self.state = "not_regular" if isinstance(found, Folder) else "" if self._held else "waiting"
        if any([left.is_late(self._held) for left in self._left[-LEFT:]]):
            self.notices.append("late")

    def take_back(self, size: int) -> None:
        """A poll gave less than there was, as it may: no more than this was read of the last generation."""
        del self.given[-1][size:]

    def _stay(self, file: File) -> None:
        """The path leads to the held file."""
        self._since.pop("other", None)
        self._home, self._home_at, self._sibling, self._until = self.world.real(), file.ctime, False, None
        self._compare(file)
        self._read(file)

    def _compare(self, file: File) -> None:
        """What was read must still stand in the held file, else a new generation begins there."""
        got, content, before = self.given[-1], file.content, self._seen
        self._seen = facts(file)
        if len(content) < len(got):
            self._doubted = True
            begins = content[:ENDS] == got[: min(ENDS, len(content))]
            if content and (not begins or self._waited("shorter", REWRITE)):
                self._begin(file, "truncated")
            return
        checked = self._seen == before and not self._waited("compared", CHECK)
        if checked and not self._doubted:
            return
        if self._seen != before:
            self._hole = 0
        inside = self._seen[0] == before[0] and self._seen[1] != before[1]
        stands = self._begins(file) if inside or self._doubted else self._ends_stand(file)
        self._since.pop("shorter", None)
        self._since["compared"], self._doubted = self.world.now, False
        if not stands:
            self._begin(file, "rewritten")

    def _leave(self, held: File, file: File | None) -> None:
        """The path leads elsewhere: the held file is read to its end and for a while more, then comes the next one."""
        self._compare(held)
        if held.content and "shorter" in self._since:
            return  # what becomes of it is not known yet
        after, rotated, gap = self._next(held, file)
        waited = after is not None and self._waited("other", LINGER)
        if waited and self._until is None:
            self._until = len(held.content)  # what its writer adds from now on is late
        if self._read(held):
            self._since.pop("gone", None)
        elif after is not None:
            goes_on = self._begins(after)
            if waited or goes_on:
                self._gap_told = self._gap_told and self._sibling
                if gap and not goes_on and not self._gap_told:
                    self.notices.append("gap")
                    self._gap_told = True
                self._hold(after, goes_on=goes_on, rotated=rotated, sibling=after is not file)
        elif not self._sibling and self._waited("gone", UNLINKED):
            self.notices.append("deleted")
            self._held = None
            self._since.clear()

    def _next(self, held: File, file: File | None) -> tuple[File | None, bool, bool]:
        """The file after the held one, whether that was rotated, and whether one in between may be missing.

        It is the log itself, but for one that was rotated more than once: there it is the next one in the row.
        """
        names, home = self.world.names, self._home
        if self.world.real() != home:
            return file, False, False  # a link was switched
        row = {number: names.get(f"{home}.{number}") for number in range(1, KEEP + 1)}
        siblings = {number: found for number, found in row.items() if isinstance(found, File)}
        place = next((number for number, sibling in siblings.items() if sibling is held), 0)
        if place:
            below = [number for number in siblings if number < place]
            return siblings[max(below)] if below else file, True, len(below) < place - 1
        left = [each.file for each in self._left[-LEFT:]]
        later = {number: each for number, each in siblings.items() if each.ctime > self._home_at and each not in left}
        newer = [number for number, each in later.items() if each.mtime > held.mtime]
        if held in names.values():
            return file, True, bool(newer)
        if newer:  # it was the oldest of too many, and was deleted
            return siblings[max(newer)], True, True
        return file, False, False

    def _hold(self, file: File, *, goes_on: bool, rotated: bool = False, sibling: bool = False) -> None:
        if not goes_on:
            if self._held:
                self._left.append(Left(self._held, len(self.given[-1])))
            self.given.append(bytearray())
            self.continues.append(rotated)
        self._held, self._home, self._home_at, self._sibling = file, self.world.real(), file.ctime, sibling
        self._attend(file)
        self._read(file)

    def _begin(self, file: File, notice: str) -> None:
        self.notices.append(notice)
        self.given.append(bytearray())
        self.continues.append(False)
        self._attend(file)
        self._settled_at = self.world.now + (SETTLE if notice == "rewritten" else 0.0)

    def _attend(self, file: File) -> None:
        """All waiting begins anew."""
        self._doubted, self._until, self._hole, self._seen = False, None, 0, facts(file)
        self._settled_at = 0.0
        self._since = {"compared": self.world.now}
        if self._sibling and TODAY + self.world.now - file.mtime / 1e9 > LINGER:
            self._since["other"] = -math.inf  # nobody writes to it any more

    def _read(self, file: File) -> bool:
        """Whether anything follows what was read; it is given.

        A hole that nothing follows is not there yet; but it takes a poll to see that it is one.
        """
        got = self.given[-1]
        content = file.content[: self._until]
        more = content[len(got) :]
        if not more or self._hole == len(content):
            return False
        if self.world.now < self._settled_at:
            return True
        if not self._ends_stand(file, head=False):
            self._doubted = True  # the next look finds out
            return False
        hole = len(got) + len(more.rstrip(b"\0"))
        hole += hole % 2
        if len(content) - hole >= HOLE:
            more = content[len(got) : hole]
        self._hole = len(content) if not more else 0
        got += more
        return True

    def _begins(self, file: File) -> bool:
        return file.content.startswith(self.given[-1])

    def _ends_stand(self, file: File, head: bool = True) -> bool:
        got = self.given[-1]
        if head and file.content[:ENDS][: len(got)] != got[:ENDS]:
            return False
        return file.content[: len(got)][-ENDS:] == got[-ENDS:]

    def _waited(self, what: str, seconds: float) -> bool:
        return self.world.now - self._since.setdefault(what, self.world.now) >= seconds


@dataclass
class Left:
    """A file that was left for the next one, when so many bytes of it had been read."""

    file: File
    size: int
    told: bool = False

    def is_late(self, held: File | None) -> bool:
        """Whether more came to it, for the first time; what came while it was read again was given."""
        size, self.size = self.size, max(self.size, len(self.file.content))
        is_late = not self.told and self.file is not held and self.size > size
        self.told = self.told or is_late
        return is_late


def facts(file: File) -> tuple[int, int, int]:
    """What the system says of a file."""
    return len(file.content), file.mtime, file.ctime


# One sequence, and many.


class BrokenError(Exception):
    """The promise was not kept; its text says how."""


class Trial:
    """A reader in a world, and beside it the oracle."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.oracle = Oracle(self.world)
        self.source = FileSource(str(self.world.path), clock=lambda: self.world.now)
        self.given: list[bytearray] = [bytearray()]
        self.continues = [False]
        self.notices: list[str] = []
        self.folds = [Fold(0)]
        self.rows: list[list[tuple[int, float]]] = [[]]
        """(at, loss) of each row, by generation."""
        self._behind = False
        """Whether the last poll gave less than there was, and said nothing of more."""

    def run(self, steps: Sequence[Step]) -> None:
        """Do the steps; then the writers stop, long time passes, and all is read."""
        for name, *arguments in steps:
            actor = self if name in ("poll", "read") else self.world
            getattr(actor, str(name))(*arguments)
        for _ in range(2 * KEEP + 2):
            self.read()
            self.world.pause(UNLINKED)
        self._compare_rows()

    def poll(self) -> bool:
        """One poll; whether it brought nothing, and promises nothing."""
        chunk = self.source.poll()
        self.oracle.poll()
        if chunk.generation not in (len(self.given) - 1, len(self.given)):
            raise BrokenError(f"generation {chunk.generation} after {len(self.given) - 1}")
        self._take(chunk)
        if chunk.state != self.oracle.state:
            raise BrokenError(f"state {chunk.state!r}, promised {self.oracle.state!r}")
        self._compare(whole=False)
        given, promised = self.given[-1], self.oracle.given[-1]
        behind, self._behind = self._behind, False
        if len(self.given) == len(self.oracle.given) and len(given) < len(promised):
            self._behind = not chunk.more  # a poll may find only that a file ends in a hole
            if self._behind and (behind or chunk.data or chunk.hole):
                raise BrokenError(f"given {shown(given)!r}, and no word of more of {shown(promised)!r}")
            self.oracle.take_back(len(given))
        return not (chunk.data or chunk.hole or chunk.notices or chunk.more)

    def read(self) -> None:
        """Polls until nothing comes any more."""
        polls = 0
        while not self.poll() or not self.poll():
            polls += 1
            if polls > PATIENCE:
                raise BrokenError("never quiet")
        self._compare(whole=True)

    def _take(self, chunk: Chunk) -> None:
        if chunk.generation == len(self.folds):
            self.given.append(bytearray())
            self.continues.append(chunk.continues)
            self.folds.append(Fold(chunk.generation))
            self.rows.append([])
        self.given[-1] += bytes(chunk.hole) + chunk.data
        self.notices += [kind for kind, _ in chunk.notices if kind in NOTICES]
        if chunk.hole:
            self.folds[-1].skip(chunk.hole)
        batch = self.folds[-1].feed(chunk.data)
        for row, loss in zip(*batch.metrics.get("loss", ((), ())), strict=True):
            self.rows[-1].append((int(batch.at[row]), float(loss)))

    def _compare(self, whole: bool) -> None:
        """What was given must be the beginning of what was promised, or all of it."""
        for number, (one, other) in enumerate(zip_longest(self.given, self.oracle.given, fillvalue=b"")):
            begun = not whole and number >= len(self.given) - 1
            if not (other.startswith(one) if begun else one == other):
                raise BrokenError(f"generation {number}: given {shown(one)!r}, promised {shown(other)!r}")
        if whole and self.continues != self.oracle.continues:
            raise BrokenError(f"said to go on {self.continues}, promised {self.oracle.continues}")
        if whole and self.notices != self.oracle.notices:
            raise BrokenError(f"told {self.notices}, promised {self.oracle.notices}")

    def _compare_rows(self) -> None:
        """Each whole line of a generation is a row, in order, once; what a torn one gives is its own."""
        for number, (content, rows) in enumerate(zip(self.given, self.rows, strict=True)):
            at, promised = 0, []
            for line in content.splitlines(keepends=True):
                at += len(line)
                if found := _WHOLE.fullmatch(line):
                    promised.append((at, int(found[2]) + 0.5))
            places = {place for place, _ in promised}
            for one, other in zip_longest((row for row in rows if row[0] in places), promised):
                if one != other:
                    raise BrokenError(f"generation {number}: (at, loss) is {one}, promised {other}")


_WHOLE = re.compile(rb"(\0*)step=(\d+) loss=\2\.5(?: #*)?\n")


def shown(content: bytes) -> str:
    """What stands in a log, short: `1,2,` are whole lines."""
    text = _WHOLE.sub(lambda found: found[1] + found[2] + b",", bytes(content)).decode()
    return re.sub("#+", "#", re.sub("\0+", "<NULs>", text))


@contextmanager
def clocks_of(world: World) -> Iterator[None]:
    """The wall clock and the ctime of files are the world's."""
    plain = os.stat, os.fstat, time.time

    def with_ctime(stat: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def stat_in_world(*args: object, **named: object) -> os.stat_result:
            found = stat(*args, **named)
            file = world.files.get(found.st_ino)
            if file is None:
                return found
            times = {"st_mtime_ns": found.st_mtime_ns, "st_mtime": found.st_mtime, "st_ctime_ns": file.ctime}
            return os.stat_result(tuple(found), times | {"st_ctime": file.ctime / 1e9, "st_blocks": found.st_blocks})

        return stat_in_world

    os.stat, os.fstat = with_ctime(os.stat), with_ctime(os.fstat)
    time.time = lambda: TODAY + world.now
    try:
        yield
    finally:
        os.stat, os.fstat, time.time = plain


def lived(steps: Sequence[Step]) -> Trial:
    """What a reader is given and told in the course of these steps.

    Raises:
        BrokenError: they are not what was promised.
    """
    with tempfile.TemporaryDirectory() as folder:
        tried = Trial(Path(folder))
        with clocks_of(tried.world), closing(tried.source), closing(tried.world):
            tried.run(steps)
    return tried


def trial(steps: Sequence[Step]) -> str:
    """How the promise was broken in the course of these steps; "" where it was kept."""
    try:
        lived(steps)
    except BrokenError as broken:
        return str(broken)
    except Exception as error:
        return repr(error)
    return ""


_WHO = ("path", "path", "writer")
_LINES = (1, 1, 1, 2, 2, 3, 5)
_SECONDS = (0.1, 1.0, 1.0, 1.9, 2.0, 3.0, 4.9, 5.0, 5.0, 8.0, 29.9, 30.0)
_ENDINGS = ("", "", "", "", ".1", ".2")
_ANEW = ("shorter", "same", "longer", "again", "middle", "edited", "half")

STEPS: list[tuple[int, Callable[[random.Random], Step]]] = [
    (32, lambda rng: ("append", rng.choice(_WHO), rng.choice(_LINES))),
    (5, lambda rng: ("append", rng.choice(_WHO), rng.choice((1, 2)), rng.choice((300, 300, 700, 6000)))),
    (8, lambda rng: ("tear", rng.choice(_WHO), rng.choice((1, 1, 2)))),
    (5, lambda rng: ("append", rng.choice(_WHO), 0)),
    (3, lambda rng: ("open", rng.random() < 0.6)),
    (12, lambda rng: ("poll",)),
    (9, lambda rng: ("read",)),
    (6, lambda rng: ("pause", rng.choice(_SECONDS))),
    (7, lambda rng: ("rotate", rng.random() < 0.8)),
    (3, lambda rng: ("copytruncate",)),
    (3, lambda rng: ("truncate", rng.choice((0.0, 0.0, 0.5, 0.9)), rng.choice(_ENDINGS))),
    (1, lambda rng: ("cut", rng.choice((0.0, 0.5, 0.9)))),
    (1, lambda rng: ("restore", rng.choice((0.7, 1.0, 1.0)), rng.choice(_ENDINGS))),
    (4, lambda rng: ("rewrite", rng.choice(_ANEW), rng.choice(_ENDINGS))),
    (4, lambda rng: ("replace", rng.choice((*_ANEW, "copy")))),
    (2, lambda rng: ("sneak", rng.choice(("same", "same", "middle")), rng.choice(_ENDINGS))),
    (2, lambda rng: ("touch", rng.choice((0, -10, -86400, -TODAY, 86400)), rng.choice(_ENDINGS))),
    (1, lambda rng: ("prune", rng.choice((1, 1, 2)))),
    (3, lambda rng: ("delete",)),
    (1, lambda rng: ("away",)),
    (1, lambda rng: ("mkdir",)),
    (3, lambda rng: ("back",)),
    (2, lambda rng: ("link", rng.choice(("one.log", "two.log")))),
]
_WEIGHTS = [weight for weight, _ in STEPS]

# fmt: off
STORIES: list[list[Step]] = [
    # A table is written anew: what was there comes back, or not, in time or too late.
    [("append", "path", 2, 300), ("read",), ("truncate", 0.0), ("poll",), ("restore", 0.7), ("poll",), ("pause", 1.9),
     ("poll",), ("append", "path", 1), ("pause", 0.1), ("poll",), ("restore", 1.0), ("poll",)],
    # The old file is written to for a while, and too long.
    [("open", True), ("append", "writer", 1), ("read",), ("rotate",), ("append", "path", 1), ("poll",),
     ("append", "writer", 1), ("pause", 4.9), ("poll",), ("pause", 0.1), ("append", "writer", 1), ("poll",),
     ("append", "writer", 1), ("poll",)],
    # A log is renamed, is let go for a new one, and comes back.
    [("append", "path", 1), ("read",), ("away",), ("append", "path", 1), ("poll",), ("pause", 5.0), ("read",),
     ("back",), ("poll",), ("pause", 5.0), ("read",), ("append", "path", 1), ("read",)],
    # A log is deleted and its writer goes on.
    [("open", True), ("append", "writer", 1), ("read",), ("delete",), ("poll",), ("pause", 29.9), ("poll",),
     ("append", "writer", 1), ("pause", 0.1), ("append", "path", 1), ("poll",)],
    # A rotated log is still cut, written anew and written to.
    [("open", True), ("append", "writer", 3, 300), ("read",), ("rotate",), ("append", "path", 1), ("poll",),
     ("pause", 4.9), ("poll",), ("cut", 0.5), ("append", "writer", 1), ("poll",), ("pause", 0.1), ("poll",),
     ("pause", 1.9), ("poll",), ("append", "writer", 1), ("pause", 4.9), ("rewrite", "same", ".1"), ("poll",)],
    # A log is cut, written to and then rotated, all between two polls.
    [("append", "path", 2), ("poll",), ("copytruncate",), ("append", "path", 3), ("rotate",), ("append", "path", 1),
     ("poll",), ("rotate",), ("poll",)],
    # Two files of a row are missing.
    [("append", "path", 1), ("read",), ("rotate",), ("append", "path", 1), ("rotate",), ("append", "path", 1),
     ("rotate",), ("append", "path", 1), ("rotate",), ("prune", 3), ("prune", 1), ("poll",)],
    # More than one poll reads, while there is no log, and after there is another.
    [("open", True), ("append", "writer", 1), ("read",), ("mkdir",), ("append", "writer", 45, 6000), ("poll",)],
    [("open", True), ("append", "writer", 1), ("read",), ("rotate",), ("append", "path", 1), ("poll",),
     ("append", "writer", 45, 6000), ("pause", 5.0), ("poll",), ("append", "writer", 1), ("poll",)],
    # A writer without O_APPEND leaves a hole.
    [("open", False), ("append", "writer", 2, 6000), ("read",), ("truncate", 0.0), ("poll",),
     ("append", "writer", 1)],
    # What only a comparison of all bytes finds, and what only one that comes of itself.
    [("append", "path", 3, 300), ("read",), ("rewrite", "middle"), ("poll",), ("replace", "edited"), ("poll",)],
    [("append", "path", 3, 300), ("read",), ("truncate", 0.0), ("poll",), ("restore", 1.0), ("rewrite", "middle"),
     ("poll",)],
    [("append", "path", 3, 300), ("read",), ("sneak", "same"), ("poll",), ("pause", 5.0), ("poll",)],
]
# fmt: on
"""What random steps would seldom come to; of each telling some steps are left out."""


def sequence(seed: int) -> list[Step]:
    """The steps of a seed."""
    rng = random.Random(seed)
    steps: list[Step] = [("lie",)] if rng.random() < 0.5 else []
    for _ in range(rng.randint(1, 6)):
        steps += (make(rng) for _, make in rng.choices(STEPS, _WEIGHTS, k=rng.randint(1, 10)))
        if rng.random() < 0.4:
            steps += (step for step in rng.choice(STORIES) if rng.random() < 0.8)
    return steps


def shortest(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """As few of the steps as still fail (ddmin: leave out ever smaller pieces)."""
    size = len(steps)
    while size := size // 2:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            if fails(fewer):
                steps = fewer
            else:
                at += size
    return steps


class Finding(NamedTuple):
    """A sequence that breaks the promise, as short as was found, and how it does."""

    seed: int
    steps: list[Step]
    how: str

    def __str__(self) -> str:
        steps = "".join(f"        {step!r},\n" for step in self.steps)
        return f"seed {self.seed}: {self.how}\n    trial([\n{steps}    ])"


def findings(sequences: int, seed: int = 1) -> Iterator[Finding]:
    """The sequences that break the promise, of so many, whose seeds are `seed` and those that follow."""
    for number in range(seed, seed + sequences):
        steps = sequence(number)
        if trial(steps):
            steps = shortest(steps, lambda fewer: bool(trial(fewer)))
            yield Finding(number, steps, trial(steps))


def main() -> int:
    """Run from the command line; 1 where anything was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sequences", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the first sequence; the next ones have the next")
    parser.add_argument("--most", type=int, default=10, help="stop after so many that break the promise")
    args = parser.parse_args()
    start = time.process_time()
    found = []
    with suppress(KeyboardInterrupt):
        for finding in islice(findings(args.sequences, args.seed), args.most):
            found.append(finding)
            print(finding, flush=True)
    tried = found[-1].seed - args.seed + 1 if len(found) == args.most else args.sequences
    print(f"{tried:,} sequences, {len(found)} broken, {time.process_time() - start:.0f} s of CPU time")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
