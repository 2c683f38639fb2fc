"""A log that is one JSON document over several lines: holds its lines, then gives its records. Pure.

What its records are, `app.records` says.
"""

from __future__ import annotations

import copy
import json
import re
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from app.lines import Line
from app.records import fields_of, is_document, numbered, records
from app.rows import Fields

LARGEST = 64 << 20
"""Characters that are held of a document; where they are more, they are read line by line."""

_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_VALUE = rf"(?:{_STRING}|-?\d[\d.eE+-]*+|true|false|null|NaN|-?Infinity|[\]}}])(?=[ \t]*+(?:[,:\]}}]|\Z))"
_MAY_BE_JSON = re.compile(rf"(?:[ \t,:\[{{]|{_VALUE})*+", re.ASCII)
_BRACKET = re.compile(r"[\[\]{}]")
_TOKEN = re.compile(rf'{_STRING}|["\[\]{{}}]')
_NO_BRACKET = re.compile(rf"{_STRING}|[^\[\]{{}}\"]++")


class Reading(NamedTuple):
    """What is known now: first `lines` that are ordinary after all, in order, or the `records` of a document.

    The records are rows at the end of the line that settled them, or of the document; `read` lines made them.
    """

    lines: Sequence[Line] = ()
    records: Sequence[Fields] = ()
    read: int = 0
    rest: str | None = None
    """Where the document ends in the line: what stands after it. Its end is the end of a line, whatever follows."""


WAITING = Reading()
"""The line is held, nothing is known yet."""


class Document:
    """Tells a log that begins with a JSON document from all others: a pure fold over the lines of one generation.

    A list of objects is a log that grows, perhaps never closed: its records are given as the line comes that ends
    them, from the first one with a number on. Where it goes on as no JSON, these stay and the lines since come back.
    A first line that is one whole list of objects is a document too, or a whole object that holds one (or nothing
    but lists of numbers); any other whole object is a JSON line, as are all lines that follow a document.

    The bracket that closes a document ends its line: most programs write no newline after it, and none need be
    waited for.
    """

    def __init__(self) -> None:
        self.over = False
        """True once all lines to come are ordinary: they need not be taken."""
        self._texts: list[str] = []
        self._ats = array("q")
        self._size = 0
        self._depth = 0  # brackets open
        self._value_next = True  # False just after a value: a comma, a colon or a bracket that closes must follow
        self._is_list = False  # whose elements must be objects: they are records
        self._opening = ""  # before the lines not parsed yet, so that they are a list
        self._ended: list[Fields] = []  # records of a list in which no number has come yet
        self._parsed = 0  # lines held that made them, so that no line is parsed twice
        self._numbered = False  # whether a number has come

    @property
    def holding(self) -> bool:
        """Whether lines are held that may come back: until then, nothing after them is settled."""
        return bool(self._texts)

    def take(self, line: Line) -> Reading:
        """What the line settles; to be called for each line in order until the document is over."""
        end = self._end_in(line.text)
        if end is None or self.over:
            return self._take(line)
        reading = self._take(Line(line.text[:end], line.at))
        if self.over and not reading.lines:
            return reading._replace(rest=line.text[end:])
        return reading._replace(lines=[*reading.lines[:-1], line]) if reading.lines else reading

    def ends_with(self, half: str) -> bool:
        """Whether a line that has no end yet is the last one of a document."""
        if self.over or self._end_in(half) != len(half):
            return False
        other = copy.copy(self)
        other._texts, other._ats, other._ended = self._texts[:], self._ats[:], self._ended[:]
        return not other._take(Line(half, 0)).lines and other.over

    def _end_in(self, text: str) -> int | None:
        """Where the document ends in a line: after the bracket that closes it. None where it goes on."""
        depth = self._depth
        if text.count("]") + text.count("}") < depth or not (depth or text.lstrip(" \t")[:1] in ("[", "{")):
            return None
        for token in _TOKEN.finditer(text):
            if token[0] == '"':
                return None  # of a string that does not end
            if token[0] in "[]{}":
                depth += 1 if token[0] in "[{" else -1
                if depth == 0:
                    return token.end()
        return None

    def _take(self, line: Line) -> Reading:
        text = line.text.strip(" \t")
        if self.over or not (text or self._depth):
            return Reading([line])
        self._texts.append(line.text)
        self._ats.append(line.at)
        self._size += len(line.text) + 1
        if self._size > LARGEST or not self._goes_on(text):
            return Reading(self.close())
        if not self._depth:
            return self._end_of_list() if self._is_list else self._end_of_object()
        if self._is_list and self._depth == 1 and text.rstrip(" \t,").endswith("}"):
            return self._end_of_record()
        return WAITING

    def close(self) -> list[Line]:
        """The lines still held, in order, now ordinary: the generation is over, or they are no document."""
        self.over = True
        lines = list(map(Line, self._texts, self._ats))
        self._forget()
        return lines

    def _goes_on(self, text: str) -> bool:
        """Whether a JSON document may have this line next; counts its brackets. Linear in the line."""
        if not text:
            return True
        if (text[0] in ",:") if self._value_next else (text[0] not in ",:]}"):
            return False
        if not self._may_stand(text) or not _MAY_BE_JSON.fullmatch(text):
            return False
        self._value_next = text[-1] in ",:[{"
        if _BRACKET.search(text):
            self._count(_NO_BRACKET.sub("", text))
        return True

    def _may_stand(self, text: str) -> bool:
        """Whether what begins here may be a document, or an element of the list: only objects are records."""
        if self._depth == 0:
            self._is_list = text[0] == "["
            if not self._is_list:
                return text[0] == "{"
            text = text[1:].lstrip(" \t")
        elif not self._is_list or self._depth > 1 or not self._value_next:
            return True
        return text[:1] in ("", "{", "]")

    def _count(self, brackets: str) -> None:
        """Add the brackets up, as far as the one that closes the document."""
        closing = brackets.count("}") + brackets.count("]")
        if closing < self._depth:  # none of them can be the last one
            self._depth += len(brackets) - 2 * closing
            return
        for bracket in brackets:
            self._depth += 1 if bracket in "[{" else -1
            if self._depth == 0:
                return

    def _end_of_record(self) -> Reading:
        """The records of the list that are known now, where there is a number in one of them."""
        if not self._parse("]"):
            return Reading(self.close())
        return self._give() if self._numbered else WAITING

    def _end_of_list(self) -> Reading:
        """The last records of the list; the lines held where it is not one of records."""
        if not self._parse("") or not self._numbered:
            return Reading(self.close())
        self.over = True
        return self._give()

    def _parse(self, closing: str) -> bool:
        """Read the objects in the lines that were not parsed yet, once; False where they are none."""
        text = "\n".join(self._texts[self._parsed :]).strip(" \t\n")
        text = text.removesuffix(",") if closing else text
        try:
            values = json.loads(f"{self._opening}{text.removeprefix(',') if self._opening else text}{closing}")
        except (ValueError, RecursionError):
            return False
        if not all(isinstance(value, dict) for value in values):
            return False
        ended = [fields_of(value) for value in values]
        self._numbered = self._numbered or numbered(ended) > 0
        self._ended += ended
        self._parsed = len(self._texts)
        self._opening = "["
        return True

    def _give(self) -> Reading:
        """The records that have ended, made by all lines that are held."""
        given = Reading(records=self._ended, read=len(self._texts))
        self._forget()
        return given

    def _end_of_object(self) -> Reading:
        """The records of the document whose last bracket is closed; its lines where there are none."""
        try:
            value = json.loads("\n".join(self._texts))
        except (ValueError, RecursionError):
            return Reading(self.close())
        if len(self._texts) == 1 and not is_document(value):
            return Reading(self.close())
        self._ended = records(value)
        if not self._ended:
            return Reading(self.close())
        self.over = True
        return self._give()

    def _forget(self) -> None:
        self._texts = []
        self._ats = array("q")
        self._size = 0
        self._ended = []
        self._parsed = 0
