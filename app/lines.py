"""Bytes → lines that know where they end. Pure: no files, no decoding of more than one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

LONGEST_LINE = 1 << 20
"""Bytes of a line that is kept, in the log's own encoding."""

Ends = Callable[[bytes], Iterator[re.Match[bytes]]]

_BOM = b"\xef\xbb\xbf"
_GB_CHARACTER = re.compile(
    rb"([\xa1-\xa9\xb0-\xd7][\xa1-\xfe])"  # the everyday ones: GB 2312 symbols, kana and the ideographs of level 1
    rb"|[\x81-\xfe](?:[0-9][\x81-\xfe][0-9]|[\x40-\xfe])"
)
# No line drawing and no block elements: a table or a bar in broken UTF-8 may look like them.
_CHINESE = re.compile(
    "[\0-\x7f\u00a7\u00a8\u00b0\u00b1\u00b7\u00c0-\u00ff\u0391-\u03c9"
    "\u2010-\u2027\u2030-\u203b\u2103-\u2122\u2160-\u217f\u2190-\u22ff\u2460-\u249b\u25a0-\u2642"
    "\u3000-\u30ff\u3220-\u32ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe10-\ufe6f\uff00-\uffef"
    "\U00020000-\U0003ffff]*"
)

_ends_of_bytes: Ends = re.compile(rb"[\x08\n\r]").finditer


def _ends_of_units(pattern: bytes) -> Ends:
    """The line ends in bytes that begin with a whole 2-byte unit; half of one unit and half of the next are none."""
    search = re.compile(pattern).finditer
    return lambda chunk: (end for end in search(chunk) if end.start() % 2 == 0)


_WIDE = {
    b"\xff\xfe": ("utf-16-le", _ends_of_units(rb"[\x08\n\r]\0")),
    b"\xfe\xff": ("utf-16-be", _ends_of_units(rb"\0[\x08\n\r]")),
}


def _broken(line: bytes) -> str:
    """A line that is no UTF-8: GB 18030 where all of it reads as Chinese, else UTF-8 with U+FFFD for what is broken.

    Some other broken text happens to decode as GB 18030 too, into ideographs that hardly anybody writes.
    """
    try:
        text = line.decode("gb18030")
    except UnicodeDecodeError:
        return line.decode(errors="replace")
    characters = _GB_CHARACTER.findall(line)
    if 2 * characters.count(b"") > len(characters) or not _CHINESE.fullmatch(text):
        return line.decode(errors="replace")
    return text


class Line(NamedTuple):
    """One line without its end; `at` is the offset in the generation just after it."""

    text: str
    at: int


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
        self._half: list[bytes] = []
        self._half_size = 0
        self._ends = _ends_of_bytes
        self._wide: str | None = None  # the codec of 2-byte units, "" for bytes, None before the first ones came
        self._waiting = b""  # the first byte of a mark or of a unit whose second is to come

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """The lines that `chunk` completes; half a line waits inside for its end. Use it up before the next call."""
        if self._wide != "":
            chunk = self._units(chunk)
        done = 0
        for end in self._ends(chunk):
            line = self._finish(chunk[done : end.start()])
            self.at += end.end() - done + self._taken
            done = end.end()
            if line:
                yield Line(line, self.at)
        self._keep(chunk[done:])

    def close(self) -> Iterator[Line]:
        """The half line that will never get its end, for a generation that is over."""
        self._keep(self._waiting)
        self._waiting = b""
        if self._half_size:
            line = self._finish(b"")
            self.at += self._taken
            if line:
                yield Line(line, self.at)

    _taken = 0  # bytes of the half line that the last `_finish` put before its own

    def _units(self, chunk: bytes) -> bytes:
        """As much of `chunk` as can be cut: all of it, or whole 2-byte units from the start of the log."""
        chunk = self._waiting + chunk
        if self._wide is None:
            if chunk in (b"", b"\xff", b"\xfe"):
                self._waiting = chunk
                return b""
            self._wide, self._ends = _WIDE.get(chunk[:2], ("", _ends_of_bytes))
        whole = len(chunk) - len(chunk) % 2 if self._wide else len(chunk)
        self._waiting = chunk[whole:]
        return chunk[:whole]

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
        text = self._decoded(end)
        if text:
            self.lines += 1
        return text

    def _decoded(self, line: bytes) -> str:
        if self._wide:
            # The half unit at the end of a log that was cut off is no character.
            text = line[2 * (self.at == 0) : len(line) & ~1].decode(self._wide, errors="replace")
            return text.replace("\0", "")
        if self.at == 0 and line.startswith(_BOM):
            line = line[len(_BOM) :]
        if b"\0" in line:  # the hole that a copytruncate leaves behind
            line = line.replace(b"\0", b"")
        try:
            return line.decode()
        except UnicodeDecodeError:
            return _broken(line)
