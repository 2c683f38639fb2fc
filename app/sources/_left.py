"""Files of a log that were left for the next one: still held, for who asks for their bytes, and to see late lines."""

from __future__ import annotations

import os
from dataclasses import dataclass

from app.sources._opened import CHUNK, Plain

MOST = 4


@dataclass
class _Left:
    file: Plain
    at: int
    counted: bool = True
    told: bool = False


class LeftFiles:
    """The last few of them, by the number of their generation."""

    def __init__(self) -> None:
        self._left: dict[int, _Left] = {}

    def add(self, generation: int, file: Plain, at: int) -> None:
        """Hold a file of which `at` bytes were read; the oldest one is let go."""
        for left in self._left.values():
            left.counted = left.counted and left.file.identity != file.identity  # left once more, after it came back
        self._left[generation] = _Left(file, at)
        if len(self._left) > MOST:
            self._left.pop(min(self._left)).file.close()

    def get(self, generation: int) -> Plain | None:
        """The file of a generation, None where it is not held."""
        left = self._left.get(generation)
        return left.file if left else None

    def identities(self) -> set[tuple[int, int]]:
        """Which files they are: as long as they are held, no other file is the same."""
        return {left.file.identity for left in self._left.values()}

    def late_lines(self, held: tuple[int, int] | None) -> tuple[int, bool]:
        """How many lines were written to them since the last call, and whether to one of them for the first time.

        Not those of the file that is held: it has come back, and is read.
        """
        lines, news = 0, False
        for left in self._left.values():
            data = _since(left)
            left.at += len(data)
            if data and left.counted and left.file.identity != held:
                lines += max(1, data.count(b"\n"))
                news = news or not left.told
                left.told = True
        return lines, news

    def close(self) -> None:
        """Let go of all."""
        for left in self._left.values():
            left.file.close()
        self._left.clear()


def _since(left: _Left) -> bytes:
    try:
        if left.file.stat().st_size <= left.at:
            return b""
        return os.pread(left.file.fd, CHUNK, left.at)
    except OSError:
        return b""  # its disk is gone: nothing that could be shown is lost by it
