"""The bytes of a generation as far as they were read: enough of them to know a file again that begins with them."""

from __future__ import annotations

import os
import zlib

from app.crc import crc_over_zeros
from app.sources._holes import past_hole

ANCHOR = 256
"""Bytes that are kept of the beginning, and of the end: what is compared at each change."""
_PIECE = 1 << 20


class Content:
    """What was read so far: `at` bytes, their CRC-32, the first and the last 256 of them."""

    def __init__(self) -> None:
        self.at = 0
        self.head = self.anchor = b""
        self._crc = 0

    def take(self, hole: int, data: bytes) -> None:
        """More was read: so many NULs, and then `data`."""
        if hole:
            self._extend(bytes(min(hole, ANCHOR)), hole, crc_over_zeros(self._crc, hole))
        if data:
            self._extend(data, len(data), zlib.crc32(data, self._crc))

    def _extend(self, data: bytes, size: int, crc: int) -> None:
        if len(self.head) < ANCHOR:
            self.head = (self.head + data)[:ANCHOR]
        self.anchor = (self.anchor + data[-ANCHOR:])[-ANCHOR:]
        self.at += size
        self._crc = crc

    def head_in(self, fd: int) -> bool:
        """Whether a file begins as these bytes do, as far as both go."""
        head = os.pread(fd, ANCHOR, 0)
        shared = min(len(head), len(self.head))
        return head[:shared] == self.head[:shared]

    def anchor_in(self, fd: int) -> bool:
        """Whether the last bytes still stand where they were read."""
        return os.pread(fd, len(self.anchor), self.at - len(self.anchor)) == self.anchor

    def ends_in(self, fd: int) -> bool:
        """Whether the first and the last 256 bytes still stand there: cheap, at each change."""
        return self.anchor_in(fd) and self.head_in(fd)

    def begins(self, fd: int) -> bool:
        """Whether a file begins with all of these bytes: read again only where the ends are the same."""
        if os.fstat(fd).st_size < self.at or not self.ends_in(fd):
            return False
        crc = at = 0
        while at < self.at:
            hole, data = past_hole(fd, at, os.pread(fd, min(_PIECE, self.at - at), at))
            if not hole and not data:
                return False
            hole = min(hole, self.at - at)
            crc, at = zlib.crc32(data, crc_over_zeros(crc, hole) if hole else crc), at + hole + len(data)
        return at == self.at and crc == self._crc
