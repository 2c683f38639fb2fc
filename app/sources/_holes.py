"""Files without their holes, which may be longer than all memory."""

from __future__ import annotations

import errno
import os

_NULS = bytes(4096)
"""So many NULs may be a hole: a file system keeps none that is shorter than a block."""


def past_hole(fd: int, at: int, data: bytes) -> tuple[int, bytes]:
    """What `data`, just read at the offset, begins with: (NULs of a hole, b"") or (0, bytes); (0, b"") for nothing.

    A hole is what a copytruncate leaves where the writer goes on at its old place, and what a file has that was made
    large before it was written. One that nothing follows is not there yet. Holes begin at an even offset and are of
    even length, so that 2-byte characters stay in step.
    """
    nuls = data.find(_NULS)
    if nuls < 0:
        return 0, data
    if nuls:
        return 0, data[:nuls]
    hole = _hole(fd, at, data)
    if hole is None:
        return 0, data
    return (0, data[:1]) if hole and at % 2 else (hole, b"")


def _hole(fd: int, at: int, data: bytes) -> int | None:
    """Bytes from the offset to the end of the hole there: 0 where the file ends in it, None where there is none."""
    try:
        start = os.lseek(fd, at, os.SEEK_HOLE)
        if start - at > len(data) or data[: start - at].strip(b"\0"):
            return None
        return os.lseek(fd, start, os.SEEK_DATA) - at
    except OSError as error:
        return 0 if error.errno == errno.ENXIO else None  # or a file system that does not say
