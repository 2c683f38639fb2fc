"""Bytes → lines that know where they end. Pure: no files, no decoding of more than one line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST_LINE = 1 << 20
_END = re.compile(rb"[\r\n]")
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line without its end; `at` is the offset in the generation just after it."""

    text: str
    at: int


class LineSplitter:
    r"""Cuts bytes into lines at each `\n` and each `\r`.

    `\r\n` is a line and an empty line, and empty lines are left out: so where the bytes are cut never matters,
    and a progress bar that is redrawn with `\r` shows before its newline comes.
    """

    def __init__(self) -> None:
        self.at = 0
        """Offset just after the last whole line."""
        self.lines = 0
        self.too_long = 0
        self._half: list[bytes] = []
        self._half_size = 0

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """The lines that `chunk` completes; half a line waits inside for its end. Use it up before the next call."""
        done = 0
        for end in _END.finditer(chunk):
            line = self._finish(chunk[done : end.start()])
            self.at += end.end() - done + self._taken
            done = end.end()
            if line:
                yield Line(line, self.at)
        self._keep(chunk[done:])

    def close(self) -> Iterator[Line]:
        """The half line that will never get its end, for a generation that is over."""
        if self._half_size:
            line = self._finish(b"")
            self.at += self._taken
            if line:
                yield Line(line, self.at)

    _taken = 0  # bytes of the half line that the last `_finish` put before its own

    def _keep(self, rest: bytes) -> None:
        if rest:
            self._half_size += len(rest)
            if self._half_size <= LONGEST_LINE:
                self._half.append(rest)
            else:
                self._half.clear()

    def _finish(self, end: bytes) -> str:
        """The text of the half line and its end, "" where nothing is in it."""
        size = self._half_size + len(end)
        self._taken = self._half_size
        if self._half_size:
            end = b"".join(self._half) + end
            self._half.clear()
            self._half_size = 0
        if size > LONGEST_LINE:
            self.too_long += 1
            return ""
        if self.at == 0 and end.startswith(_BOM):
            end = end[len(_BOM) :]
        if b"\0" in end:  # the hole that a copytruncate leaves behind
            end = end.replace(b"\0", b"")
        if end:
            self.lines += 1
        return end.decode("utf-8", errors="replace")
