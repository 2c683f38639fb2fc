"""Bytes → lines that know where they end. Pure: no files, no decoding of more than one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.encoding import SAMPLE, WIDE, decoded, ends_of_bytes, looks_wide

LONGEST_LINE = 1 << 20
"""Bytes of a line that is kept, in the log's own encoding, NULs left out."""


class Line(NamedTuple):
    """One line without its end; `at` is the offset in the generation just after it."""

    text: str
    at: int
    redrawn: bool = False
    """Whether it was written over the line before it, which ended in no newline."""


class LineSplitter:
    r"""Cuts bytes into lines at each `\n`, each `\r` and each backspace.

    `\r\n` is a line and an empty line, and empty lines are left out: so where the bytes are cut never matters,
    and a progress bar that is redrawn with `\r`, or with as many backspaces as it is long, shows before its newline
    comes. A log that begins with a byte order mark of UTF-16 is read as that.
    """

    def __init__(self) -> None:
        self.at = 0
        """Offset just after the last whole line."""
        self.lines = 0
        self.too_long = 0
        self.nul_bytes = 0
        """NULs that were passed over: the hole that a copytruncate leaves behind."""
        self._half: list[bytes] = []
        self._half_size = 0
        self._half_text = 0  # of it, bytes that are no NULs
        self._sample = b""
        self._redraws = False
        self._ends = ends_of_bytes
        self._wide: str | None = None  # the codec of 2-byte units, "" for bytes, None before the first ones came
        self._waiting = b""  # the first byte of a mark or of a unit whose second is to come

    @property
    def looks_wide(self) -> bool:
        """Whether the log looks like UTF-16 though no mark says so."""
        return not self._wide and looks_wide(self._sample)

    @property
    def wide(self) -> bool:
        """Whether the log is UTF-16."""
        return bool(self._wide)

    def skip(self, count: int) -> None:
        """As `feed` of so many NULs, an even number at an even place: they are no text, so nobody need have them."""
        self._wide = self._wide or ""  # where the log begins with them there is no mark
        self._half_size += count
        self.nul_bytes += count
        if self._wide and count:
            self._half.append(bytes(2))  # one of them is enough to keep two halves of a character apart

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """The lines that `chunk` completes; half a line waits inside for its end. Use it up before the next call."""
        if len(self._sample) < SAMPLE:
            self._sample += chunk[: SAMPLE - len(self._sample)]
        if self._wide != "":
            chunk = self._units(chunk)
        done = 0
        for end in self._ends(chunk):
            line = self._finish(chunk[done : end.start()])
            self.at += end.end() - done + self._taken
            done = end.end()
            if line:
                yield Line(line, self.at, self._redraws)
            self._redraws = b"\n" not in end[0] and (self._redraws or bool(line))
        self._keep(chunk[done:])

    def half(self, ends: bytes) -> str:
        """The text of the half line, where its last byte is one of `ends`; "" where not, and in UTF-16."""
        last = self._half[-1][-1:] if self._half and not self._wide else b""
        return decoded(b"".join(self._half), "", first=self.at == 0) if last and last in ends else ""

    def cut(self) -> Iterator[Line]:
        """The half line as a line, though it has no end: what comes next begins another one."""
        line = self._finish(b"")
        self.at += self._taken
        if line:
            yield Line(line, self.at, self._redraws)
        self._redraws = False

    def close(self) -> Iterator[Line]:
        """The half line that will never get its end, for a generation that is over."""
        self._keep(self._waiting)
        self._waiting = b""
        if self._half_size:
            yield from self.cut()

    _taken = 0  # bytes of the half line that the last `_finish` put before its own

    def _units(self, chunk: bytes) -> bytes:
        """As much of `chunk` as can be cut: all of it, or whole 2-byte units from the start of the log."""
        chunk = self._waiting + chunk
        if self._wide is None:
            if chunk in (b"", b"\xff", b"\xfe"):
                self._waiting = chunk
                return b""
            self._wide, self._ends = WIDE.get(chunk[:2], ("", ends_of_bytes))
        whole = len(chunk) - len(chunk) % 2 if self._wide else len(chunk)
        self._waiting = chunk[whole:]
        return chunk[:whole]

    def _keep(self, rest: bytes) -> None:
        if rest:
            self._half_size += len(rest)
            rest = self._without_nuls(rest)
            self._half_text += len(rest)
            if self._half_text > LONGEST_LINE:
                self._half.clear()
            elif rest:
                self._half.append(rest)

    def _finish(self, end: bytes) -> str:
        """The text of the half line and its end, "" where nothing is in it."""
        self._taken = self._half_size
        end = self._without_nuls(end)
        size = self._half_text + len(end)
        if self._half_size:
            end = b"".join(self._half) + end
            self._half.clear()
            self._half_size = self._half_text = 0
        if size > LONGEST_LINE:
            self.too_long += 1
            return ""
        text = decoded(end, self._wide or "", first=self.at == 0)
        if text:
            self.lines += 1
        return text

    def _without_nuls(self, piece: bytes) -> bytes:
        if b"\0" not in piece or self._wide:
            return piece
        kept = piece.replace(b"\0", b"")
        self.nul_bytes += len(piece) - len(kept)
        return kept
