"""A log that is held open, as it is or unzipped: its bytes on demand."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import zlib

from app.sources._content import Content
from app.sources._filesystem import open_regular
from app.sources._holes import past_hole

CHUNK = 256 * 1024


class Plain:
    """A plain file. As long as it is held, its inode is given to no other file."""

    def __init__(self, path: str) -> None:
        """Raises as `open_regular`."""
        self.fd = open_regular(path)
        self.identity = identity_of(self.stat())

    def stat(self) -> os.stat_result:
        """What the system says of the file now."""
        return os.fstat(self.fd)

    def size(self, content: Content) -> int:
        """Bytes of the log that are there; as many as were read where the others cannot be its own."""
        size = self.stat().st_size
        return size if size > content.at and content.anchor_in(self.fd) else content.at

    def after(self, content: Content) -> tuple[int, bytes] | None:
        """What follows the bytes that were read, as `past_hole`; None where they do not stand there any more."""
        lead = len(content.anchor)
        data = os.pread(self.fd, lead + CHUNK, content.at - lead)  # both in one call: nothing comes between
        return past_hole(self.fd, content.at, data[lead:]) if data.startswith(content.anchor) else None

    def close(self) -> None:
        """Let go of it."""
        # Not os.close: gevent's asks fstat first, and so closes nothing where a disk is gone.
        with contextlib.suppress(OSError):  # the descriptor is free all the same (close(2)); nothing was written
            io.FileIO(self.fd).close()


class Unzipped:
    """A file of gzip, of one member or several. It is over where the file ends, and where it is broken."""

    def __init__(self, path: str) -> None:
        """Raises as `open_regular`."""
        self._zipped = os.fdopen(open_regular(path), "rb")
        self._unzip = gzip.GzipFile(fileobj=self._zipped)
        self._over = False
        self.fd = self._zipped.fileno()
        self.identity = identity_of(self.stat())
        self.fault = ""
        """Why nothing more can be had of it, in the library's words."""

    def stat(self) -> os.stat_result:
        """What the system says of the zipped file now."""
        return os.fstat(self.fd)

    def size(self, content: Content) -> int:
        """One byte more than was read, until it is over."""
        return content.at + (not self._over)

    def after(self, content: Content) -> tuple[int, bytes]:
        """What follows the bytes that were given before, in small pieces: a bomb takes no memory."""
        data = b""
        try:
            while not self._over and len(data) < CHUNK:
                data += self._unzip.read1(CHUNK - len(data))  # what comes before a fault is kept
                self._over = not self._unzip.peek(1)
        except (OSError, EOFError, zlib.error) as error:
            self.fault, self._over = str(error), True
        return 0, data

    def close(self) -> None:
        """Let go of it."""
        with contextlib.suppress(OSError):
            self._zipped.close()


Opened = Plain | Unzipped


def open_log(path: str) -> Opened:
    """Open a file of a log, unzipping it where its name ends in `.gz`. Raises as `open_regular`."""
    return Unzipped(path) if path.endswith(".gz") else Plain(path)


def identity_of(found: os.stat_result) -> tuple[int, int]:
    """What tells two files apart as long as one of them is held."""
    return found.st_dev, found.st_ino
