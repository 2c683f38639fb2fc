"""Bytes of a log → text: UTF-16 by its mark, else UTF-8, else GB 18030 where that reads as Chinese. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Ends = Callable[[bytes], Iterator[re.Match[bytes]]]

SAMPLE = 4096
"""Bytes at the start of a log by which a missing mark is noticed."""

_BOM = b"\xef\xbb\xbf"
_FEW = 64
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

ends_of_bytes: Ends = re.compile(rb"[\x08\n\r]").finditer


def _ends_of_units(pattern: bytes) -> Ends:
    """The line ends in bytes that begin with a whole 2-byte unit; half of one unit and half of the next are none."""
    search = re.compile(pattern).finditer
    return lambda chunk: (end for end in search(chunk) if end.start() % 2 == 0)


WIDE = {
    b"\xff\xfe": ("utf-16-le", _ends_of_units(rb"[\x08\n\r]\0")),
    b"\xfe\xff": ("utf-16-be", _ends_of_units(rb"\0[\x08\n\r]")),
}


def decoded(line: bytes, wide: str, *, first: bool) -> str:
    """The text of a line without its end; broken characters as U+FFFD, no NULs.

    `wide`: the codec of 2-byte units, "" for bytes; `first`: a byte order mark may stand before it.
    """
    if wide:
        # The half unit at the end of a log that was cut off is no character.
        text = line[2 * first : len(line) & ~1].decode(wide, errors="replace")
        return text.replace("\0", "")
    if first and line.startswith(_BOM):
        line = line[len(_BOM) :]
    try:
        return line.decode()
    except UnicodeDecodeError:
        return _without_utf_8(line)


def looks_wide(sample: bytes) -> bool:
    """Whether bytes without a mark look like UTF-16: 30 % of them NUL, all at the same place of each pair.

    A hole in a file has its NULs at both.
    """
    nuls = sample[::2].count(0), sample[1::2].count(0)
    return len(sample) >= _FEW and sum(nuls) > 0.3 * len(sample) and min(nuls) <= 0.05 * max(nuls)


def _without_utf_8(line: bytes) -> str:
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
