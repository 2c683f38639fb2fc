"""A log file that is appended to, truncated, replaced and rotated → its bytes, each of them once.

A file is known by the descriptor that is held open and by the bytes before the offset, never by its inode alone:
a file system may give a new file the inode of the one that was just deleted.
"""

from __future__ import annotations

import os
import stat
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from app.sources import Chunk
from app.sources._filesystem import is_local, kind_of, open_regular
from app.sources._listing import is_folder, is_pattern, listed, stem

CHUNK = 256 * 1024
ANCHOR = 256
LINGER = 5.0
"""Seconds for which a rotated file is still read: writers keep their descriptor for a while."""
REWRITE = 2.0
"""Seconds to wait for a file that became shorter but begins as before: it may be being written anew."""
UNLINKED = 30.0
"""Seconds without growth after which a deleted file is let go."""
HELD_GENERATIONS = 4


def claims(spec: str) -> bool:
    """Whatever is not the address of something else is a path."""
    return "://" not in spec


def find(spec: str, specs: Sequence[str]) -> list[tuple[str, str, bool]]:
    """(name, path, came out of a list) of the logs that a file, folder or glob stands for now."""
    if is_pattern(spec) or is_folder(spec):
        return [(name, path, not is_pattern(spec)) for name, path in listed(spec, len(specs) == 1)]
    return [(stem(spec, specs), spec, False)]


def open_source(key: str) -> FileSource:
    """The log at a path, which need not exist yet."""
    return FileSource(key)


def refusal(spec: str) -> str | None:
    """Why an argument can never be a log, in words; None where it can."""
    try:
        mode = Path(spec).stat().st_mode
    except OSError:
        return None  # not there yet, or not ours to see: waited for
    kind = kind_of(mode)
    if kind is None or stat.S_ISDIR(mode):
        return None
    return f"{spec} is not a regular file ({kind}). Use: command | tee train.log"


class FileSource:
    """One log by its path. `poll` and the rest are called from one thread."""

    def __init__(self, path: str, *, linger: float = LINGER, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self._name = Path(path).name  # in notices: viewers see names, not paths
        self._linger, self._clock = linger, clock
        self._fd = -1
        self._generation = 0
        self._at = self._size = self._crc = 0
        self._head = self._anchor = b""
        self._identity: tuple[int, int] = (0, 0)
        self._seen: tuple[int, ...] = ()
        self._since: dict[str, float] = {}
        self._notices: list[tuple[str, str]] = []
        self._held: dict[int, int] = {}

    def poll(self) -> Chunk:
        """The next bytes of the log, at most 256 KiB. Never raises for what a disk can do."""
        state, reason = "", ""
        try:
            state, reason = self._look()
            data = self._next_bytes()
        except FileNotFoundError:
            # Gone between the look and the opening: the next look says what became of it.
            state, data = "" if self._fd >= 0 else "waiting", b""
        except PermissionError as error:
            state, reason, data = "denied", error.strerror or "", b""
        except OSError as error:
            state, reason, data = "unreadable", error.strerror or str(error), b""
            self._close()
        self._take(data)
        notices, self._notices = tuple(self._notices), []
        size = max(self._size, self._at)
        changed = self._seen[1] / 1e9 if self._seen else 0.0
        return Chunk(data, self._generation, self._at < size, size, changed, state, reason, notices)

    def read(self, generation: int, start: int, stop: int) -> bytes | None:
        """The bytes start..stop of a generation as they are on disk now; None where they cannot be had."""
        fd = self._fd if generation == self._generation else self._held.get(generation, -1)
        if fd < 0:
            return None
        try:
            data = os.pread(fd, stop - start, start)
        except OSError:
            return None
        return data if len(data) == stop - start else None

    def local_path(self) -> str:
        """The path, where it lies on a local file system; "" elsewhere."""
        return self.path if is_local(self.path) else ""

    def close(self) -> None:
        """Close all descriptors."""
        self._close()
        for fd in self._held.values():
            os.close(fd)
        self._held.clear()

    # -- which file is it? -----------------------------------------------------------------------------

    def _look(self) -> tuple[str, str]:
        """Find out what the path names now; (state, reason) where it cannot be read."""
        try:
            found = Path(self.path).stat()
        except OSError as error:
            if isinstance(error, PermissionError):
                raise
            return self._gone(error)
        kind = kind_of(found.st_mode)
        if kind:
            self._close()
            return "not_regular", kind
        self._since.pop("gone", None)
        if self._fd < 0:
            self._open()
        elif self._identity != (found.st_dev, found.st_ino):
            self._replaced()
        else:
            self._changed(os.fstat(self._fd))
        return "", ""

    def _gone(self, error: OSError) -> tuple[str, str]:
        """The path names nothing: a deleted file is read on until it rests, and else waited for."""
        if self._fd < 0:
            missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
            return "waiting", "" if missing else (error.strerror or "")
        size = os.fstat(self._fd).st_size
        if size != self._size:
            self._since.pop("gone", None)
        self._size = size
        if self._waited("gone", UNLINKED):
            self._notices.append(("deleted", f"{self._name} was deleted"))
            self._close()
        return "", ""

    def _open(self) -> None:
        """Open the path; go on where it holds what was read before, else begin a new generation."""
        fd = open_regular(self.path)
        if self._at and not self._begins_same(fd):
            self._next_generation("replaced", f"{self._name} is a new file")
        self._hold(fd)

    def _replaced(self) -> None:
        """The path names another file than the one held."""
        self._size = os.fstat(self._fd).st_size
        waited = self._waited("rotated", self._linger)
        if self._at < self._size:
            return  # the old file first, and all of it: only then can be said whether the new one begins with it
        fd = open_regular(self.path)
        if self._begins_same(fd):  # written anew, with more in it (`to_csv` each epoch): the same log
            self._close()
            self._hold(fd)
            return
        if not waited:
            os.close(fd)  # the old file may still be written to: the new one comes after it, in every worker
            return
        self._next_generation("rotated", f"{self._name} was rotated or replaced")
        self._hold(fd)

    def _changed(self, found: os.stat_result) -> None:
        """The same file; is it still the bytes that were read?"""
        self._since.pop("rotated", None)
        seen = (found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        self._size = found.st_size
        if seen == self._seen and not self._shrunk():
            return
        if self._shrunk():
            self._seen = ()
            if found.st_size == 0 or (self._head_matches(self._fd) and not self._waited("shrunk", REWRITE)):
                return
            self._next_generation("truncated", f"{self._name} was truncated")
            self._hold(self._fd)
        else:
            was_shrunk = self._since.pop("shrunk", None) is not None or not self._seen
            self._seen = seen
            same = self._begins_same(self._fd) if was_shrunk else self._ends_match(self._fd)
            if not same:
                self._next_generation("rewritten", f"{self._name} was written anew")
                self._hold(self._fd)

    # -- the bytes that were read ----------------------------------------------------------------------

    def _begin(self) -> None:
        self._at = self._size = self._crc = 0
        self._head = self._anchor = b""

    def _take(self, data: bytes) -> None:
        if not data:
            return
        self._at += len(data)
        self._crc = zlib.crc32(data, self._crc)
        if len(self._head) < ANCHOR:
            self._head = (self._head + data)[:ANCHOR]
        self._anchor = (self._anchor + data[-ANCHOR:])[-ANCHOR:]

    def _next_bytes(self) -> bytes:
        """What follows the bytes that were read; b"" where the file was written anew since the look at it."""
        if self._fd < 0 or self._shrunk():
            return b""
        lead = len(self._anchor)
        data = os.pread(self._fd, lead + CHUNK, self._at - lead)
        if not data.startswith(self._anchor):
            self._seen = ()  # so that the next look compares all of it
            return b""
        return data[lead:]

    def _shrunk(self) -> bool:
        return self._size < self._at

    def _head_matches(self, fd: int) -> bool:
        head = os.pread(fd, ANCHOR, 0)
        shared = min(len(head), len(self._head))
        return head[:shared] == self._head[:shared]

    def _ends_match(self, fd: int) -> bool:
        """Whether the first and the last 256 bytes that were read still stand there: cheap, at each change."""
        anchor = os.pread(fd, len(self._anchor), self._at - len(self._anchor))
        return anchor == self._anchor and self._head_matches(fd)

    def _begins_same(self, fd: int) -> bool:
        """Whether a file begins with all the bytes that were read: read again only where its ends match."""
        if os.fstat(fd).st_size < self._at or not self._ends_match(fd):
            return False
        crc = at = 0
        while at < self._at:
            data = os.pread(fd, min(4 * CHUNK, self._at - at), at)
            if not data:
                return False
            crc, at = zlib.crc32(data, crc), at + len(data)
        return crc == self._crc

    # -- descriptors -----------------------------------------------------------------------------------

    def _hold(self, fd: int) -> None:
        found = os.fstat(fd)
        self._fd = fd
        self._identity = (found.st_dev, found.st_ino)
        self._size = found.st_size
        self._seen = (found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        self._since.clear()

    def _next_generation(self, kind: str, text: str) -> None:
        """Begin a new life of the log. The old descriptor is kept for a while: /log and resumed clients ask for it."""
        self._notices.append((kind, text))
        if kind == "rotated":
            self._held[self._generation] = self._fd
            if len(self._held) > HELD_GENERATIONS:
                os.close(self._held.pop(min(self._held)))
        self._generation += 1
        self._begin()

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._since.clear()

    def _waited(self, what: str, seconds: float) -> bool:
        return self._clock() - self._since.setdefault(what, self._clock()) >= seconds
