"""Chunk → lines → Fields → rows → Batch: the pure fold over the bytes of one generation."""

from __future__ import annotations

import logging
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from app.builder import RowBuilder
from app.crc import crc_over_zeros
from app.document import Document
from app.formats import Parser
from app.lines import Line, LineSplitter
from app.reading import DEFAULT, Reading
from app.rows import MARK_EVERY, POINTS_PER_MARK, Batch, Fields, Mark, Position

Watch = Callable[[str, int, str, Fields | None], None]
"""Told of each line: its text, where it ends, the format that took it ("" for none), and what it was read as."""

MOST_UNREAD = 5

log = logging.getLogger("tailplot")
_DIGIT = re.compile("[0-9]")
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")  # terminal colours and cursor moves


def visible(text: str) -> str:
    """A line as a terminal shows it: without colours and cursor moves."""
    return _ESCAPE.sub("", text) if "\x1b" in text else text


class Fold:
    """Reads one generation from its first byte on. The same bytes give the same rows, however they are cut."""

    def __init__(self, generation: int, reading: Reading = DEFAULT, watch: Watch | None = None) -> None:
        self.generation = generation
        self.lines_understood = 0
        self.skipped: Counter[str] = Counter()
        self.cut_off = 0
        """1 where the last line was cut off when its generation was overwritten."""
        self.unread: list[str] = []
        """The first lines that have digits in them but no format knows, at most 200 characters each."""
        self.parser = Parser(reading.first)
        self.end = Position(generation, 0, 0)
        """Just after the last whole line."""
        self._watch = watch
        self._splitter = LineSplitter()
        self._document = Document()
        self._held = array("Q")  # the CRC at the end of each line that the document holds
        self._rows = RowBuilder(reading.zone)
        self._crc = 0  # of the bytes before `_crc_at`
        self._crc_at = 0
        self._before = 0  # where the line before ended
        self._marks: list[Mark] = []
        self._last = Mark()

    @property
    def lines(self) -> int:
        """Lines read so far, empty ones left out."""
        return self._splitter.lines

    @property
    def names_left_out(self) -> int:
        """Names of metrics beyond those that a run may have; 10,000 stands for that many or more."""
        return self._rows.names_left_out

    @property
    def looks_wide(self) -> bool:
        """Whether the log looks like UTF-16 though no mark says so."""
        return self._splitter.looks_wide

    def skip(self, count: int) -> None:
        """As `feed` of so many NULs, an even number at an even place, but without having them."""
        self._splitter.skip(count)
        self._crc = crc_over_zeros(self._crc, count)
        self._crc_at += count

    def feed(self, chunk: bytes) -> Batch:
        """The rows of the lines that `chunk` completes, marks at their ends included."""
        start = self._crc_at
        self._read(self._splitter.feed(chunk), chunk, start)
        if not self._document.over and self._document.ends_with(self._splitter.half(b"]}")):
            self._read(self._splitter.cut(), chunk, start, end=0)
        return self._batch(chunk, start)

    def close(self, *, whole: bool = True) -> Batch:
        """The rows of the last line that never got its end: to be called when the generation is over.

        `whole`: whether all of its bytes were read; else that line may be the beginning of one, and is only counted.
        """
        start = self._crc_at
        half = list(self._splitter.close())
        self.cut_off = 0 if whole else len(half)
        self._read(half if whole else [], b"", start, end=0)
        self._read_back(self._document.close())
        self._rows.close(self._splitter.at, redrawn=self._splitter.at > self._last.at)
        return self._batch(b"", start)

    def _read(self, lines: Iterable[Line], chunk: bytes, start: int, end: int = 1) -> None:
        """`end`: bytes of each line's end."""
        crc_to = partial(self._crc_to, chunk=chunk, start=start)
        for line in lines:
            if self._document.over:
                self._read_and_mark(line, self._before, crc_to)
            else:
                self._held.append(crc_to(line.at))
                self._take(line, end)
            self._before = line.at

    def _take(self, line: Line, end: int) -> None:
        """Read what a line settles while the log may still be one JSON document."""
        reading = self._document.take(line)
        self.lines_understood += reading.read
        # A document's end is the end of its last line, so its rows stand there, whatever else is on the line.
        at = line.at if reading.rest is None or self._splitter.wide else line.at - len(reading.rest.encode()) - end
        for fields in reading.records:
            self._rows.add(fields, at)
        if reading.rest:
            self._splitter.lines += 1
            self._read_line(visible(reading.rest), line.at)
        if reading.records and not self._rows.waiting:
            self._mark(line.at, self._held[-1])
        self._read_back(reading.lines)

    def _read_back(self, lines: Sequence[Line]) -> None:
        """Read the lines that the document gave back, the first one held first."""
        before, crcs = self._last.at, {line.at: crc for line, crc in zip(lines, self._held, strict=False)}
        for line in lines:
            self._read_and_mark(line, before, crcs.__getitem__)
            before = line.at
        if not self._document.holding:
            self._held = array("Q")

    def _read_and_mark(self, line: Line, before: int, crc_to: Callable[[int], int]) -> None:
        """Read an ordinary line; a mark at its end where one is due, or before it where a record begins with it.

        `before`: where the line before it ended. `crc_to`: the CRC there or at the line's end.
        """
        waited = self._rows.waiting
        self._read_line(visible(line.text), line.at, redrawn=line.redrawn)
        if self._rows.waiting and not waited and before > self._last.at:
            self._mark(before, crc_to(before))
        elif self._is_due(line.at):
            self._mark(line.at, crc_to(line.at))

    def _is_due(self, at: int) -> bool:
        rows = self._rows
        far = at - self._last.at >= MARK_EVERY or rows.points - self._last.points >= POINTS_PER_MARK
        return far and not rows.waiting

    def _read_line(self, text: str, at: int, *, redrawn: bool = False) -> None:
        try:
            fields = self.parser(text)
            if fields is None:
                self._rows.pass_over(at)
            else:
                for said in (fields, *self.parser.further):
                    self._rows.add(said, at, redrawn=redrawn)
        except Exception:  # a fault in a format: the line is data, and the places after it must stay right
            log.exception("a line that no format may stumble over: %s", ascii(text[:120]))
            self.skipped["error"] += 1
            return
        if fields is None:
            self._skip(text)
        else:
            self.lines_understood += 1
        if self._watch:
            self._watch(text, at, self.parser.took, fields)

    def _skip(self, text: str) -> None:
        if not _DIGIT.search(text):
            self.skipped["no numbers"] += 1
            return
        self.skipped["no format knows it"] += 1
        if len(self.unread) < MOST_UNREAD:
            self.unread.append(text[:200])

    def _batch(self, chunk: bytes, start: int) -> Batch:
        waiting = self._document.holding or self._rows.waiting
        if self._splitter.at > self._last.at and not waiting:
            self._mark(self._splitter.at, self._crc_to(self._splitter.at, chunk, start))
        self._crc = zlib.crc32(chunk[self._crc_at - start :], self._crc)
        self._crc_at = start + len(chunk)
        for reason, count in (("too long", self._splitter.too_long), ("NUL bytes", self._splitter.nul_bytes)):
            if count:
                self.skipped[reason] = count
        self.skipped.update(self._rows.left_out)
        self._rows.left_out.clear()
        marks, self._marks = self._marks, []
        return self._rows.build(self.generation, marks)

    def _mark(self, at: int, crc: int) -> None:
        self._last = Mark(at, crc, self._rows.rows, self._rows.points)
        self._marks.append(self._last)
        self.end = Position(self.generation, at, crc)

    def _crc_to(self, at: int, chunk: bytes, start: int) -> int:
        """The CRC before `at`, which lies in `chunk` (whose first byte is at `start`) or just before it."""
        self._crc = zlib.crc32(chunk[self._crc_at - start : at - start], self._crc)
        self._crc_at = max(at, self._crc_at)
        return self._crc
