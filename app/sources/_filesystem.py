"""What the system says about a path: what kind of file, on what kind of file system."""

from __future__ import annotations

import ctypes
import os
import stat
from pathlib import Path

_LOCAL = {0xEF53, 0x58465342, 0x9123683E, 0x01021994, 0x794C7630, 0x2FC12FC1}
"""Types of file system that statfs gives for ext, xfs, btrfs, tmpfs, overlay, zfs (statfs(2))."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


def kind_of(mode: int) -> str | None:
    """What a file is that is not a regular one; None for a regular one."""
    if stat.S_ISREG(mode):
        return None
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), "special file")


class NotALogError(Exception):
    """What a path names can be opened, but is no log; its text says what it is."""


def open_regular(path: str) -> int:
    """Open without ever blocking: a FIFO that took the place of a log must not stop the reader.

    Raises:
        NotALogError: it is no regular file.
        OSError: the system does not open it.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    kind = kind_of(os.fstat(fd).st_mode)
    if kind:
        os.close(fd)
        raise NotALogError(kind)
    return fd


def is_local(path: str) -> bool:
    """Whether statfs says that the path, or the nearest folder above it that exists, is on a local file system."""
    for place in (path, *map(str, Path(path).absolute().parents)):
        buffer = ctypes.create_string_buffer(256)  # struct statfs: 120 bytes, the type is its first long
        try:
            if ctypes.CDLL(None).statfs(os.fsencode(place), buffer) == 0:
                return ctypes.c_long.from_buffer(buffer).value in _LOCAL
        except AttributeError:
            return False  # no such call here: poll
    return False
