"""Chunk → lines → Fields → rows → Batch: the pure fold over the bytes of one generation."""

from __future__ import annotations

import logging
import re
import zlib
from collections import Counter
from collections.abc import Iterable

from app.formats import Parser
from app.lines import Line, LineSplitter
from app.rows import MARK_EVERY, POINTS_PER_MARK, Batch, Mark, Position, RowBuilder

MOST_UNREAD = 5

log = logging.getLogger("tailplot")
_DIGIT = re.compile("[0-9]")
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")  # terminal colours and cursor moves


def visible(text: str) -> str:
    """A line as a terminal shows it: without colours and cursor moves."""
    return _ESCAPE.sub("", text) if "\x1b" in text else text


class Fold:
    """Reads one generation from its first byte on. The same bytes give the same rows, however they are cut."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.lines_understood = 0
        self.skipped: Counter[str] = Counter()
        self.unread: list[str] = []
        """The first lines that have digits in them but no format knows, at most 200 characters each."""
        self.parser = Parser()
        self.end = Position(generation, 0, 0)
        """Just after the last whole line."""
        self._splitter = LineSplitter()
        self._rows = RowBuilder()
        self._crc = 0  # of the bytes before `_crc_at`
        self._crc_at = 0
        self._marks: list[Mark] = []
        self._last = Mark()

    @property
    def lines(self) -> int:
        """Lines read so far, empty ones left out."""
        return self._splitter.lines

    def feed(self, chunk: bytes) -> Batch:
        """The rows of the lines that `chunk` completes, marks at their ends included."""
        start = self._crc_at
        self._read(self._splitter.feed(chunk), chunk, start)
        return self._batch(chunk, start)

    def close(self) -> Batch:
        """The rows of the last line that never got its end: to be called when the generation is over."""
        start = self._crc_at
        self._read(self._splitter.close(), b"", start)
        return self._batch(b"", start)

    def _read(self, lines: Iterable[Line], chunk: bytes, start: int) -> None:
        rows = self._rows
        for text, at in lines:
            self._read_line(visible(text), at)
            if at - self._last.at >= MARK_EVERY or rows.points - self._last.points >= POINTS_PER_MARK:
                self._mark(at, chunk, start)

    def _read_line(self, text: str, at: int) -> None:
        try:
            fields = self.parser(text)
            if fields is not None:
                self._rows.add(fields, at)
        except Exception:  # a fault in a format: the line is data, and the places after it must stay right
            log.exception("a line that no format may stumble over: %s", ascii(text[:120]))
            self.skipped["error"] += 1
            return
        if fields is None:
            self._skip(text)
        else:
            self.lines_understood += 1

    def _skip(self, text: str) -> None:
        if not _DIGIT.search(text):
            self.skipped["no numbers"] += 1
            return
        self.skipped["no format knows it"] += 1
        if len(self.unread) < MOST_UNREAD:
            self.unread.append(text[:200])

    def _batch(self, chunk: bytes, start: int) -> Batch:
        if self._splitter.at > self._last.at:
            self._mark(self._splitter.at, chunk, start)
        self._crc = zlib.crc32(chunk[self._crc_at - start :], self._crc)
        self._crc_at = start + len(chunk)
        if self._splitter.too_long:
            self.skipped["too long"] = self._splitter.too_long
        if self._rows.refused:
            self.skipped["series or number"] = self._rows.refused
        marks, self._marks = self._marks, []
        return self._rows.build(self.generation, marks)

    def _mark(self, at: int, chunk: bytes, start: int) -> None:
        """Note the place `at`, which lies in `chunk` (whose first byte is at `start`) or just before it."""
        self._crc = zlib.crc32(chunk[self._crc_at - start : at - start], self._crc)
        self._crc_at = max(at, self._crc_at)
        self._last = Mark(at, self._crc, self._rows.rows, self._rows.points)
        self._marks.append(self._last)
        self.end = Position(self.generation, at, self._crc)
