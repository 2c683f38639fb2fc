"""A line that several writers share, for want of a line end between them → the record of each. Pure.

The records begin with the same name before a number (`step=1 loss=0.5step=2 loss=0.4`), or are objects
(`{"step": 1}{"step": 2}`). What follows the name is the same in each, as far as a record goes until it is torn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, pairwise
from os.path import commonprefix

from app.names import has_count

MOST_RECORDS = 8
LONGEST = 8192
"""Characters of a line whose text is looked at for records; one of metrics is shorter."""
_NEAR = 200
_LONGEST_WORD = 40
_PAIR = re.compile(r"(?<![\w./-])([^\W\d][\w/]*+)(?:\s*+([:=])\s*+|\s++)[-+.\d]")
_VALUE = re.compile(r"[-+]?(?:\d++\.?\d*+|\.\d++)(?:e[-+]?\d*+)?|(?<![a-z])(?:nan|inf)(?![a-z])", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d]\w*+")
_WORD_BEFORE = re.compile(r"(?<![^\W\d])(?!(?:nan|inf)\b)([^\W\d]+)[^\w\s]*\s+$", re.IGNORECASE)
_DIGITS = str.maketrans("123456789", "000000000")
_NEXT_OBJECT = re.compile(r"""(?:(?<=\})\s*+|(?<=[\w"'.]))(?=\{["'])""")


def records_in(text: str) -> list[str]:
    """The records that the line is made of; the line itself where it is one."""
    starts = _pairs(text) or _objects(text)
    if not starts:
        return [text]
    return [text[start:end] for start, end in pairwise([0, *starts, len(text)])]


def _pairs(text: str) -> list[int]:
    """Where the second record and those after it begin, by the name that the first one begins with."""
    first = _PAIR.search(text) if len(text) <= LONGEST else None
    if not first or text.find(first[1], first.end()) < 0:
        return []  # nearly every line
    head = text[: first.start()]
    if "{" in head or not has_count(_NAME.findall(text, first.start(), first.end() + _NEAR)):
        return []  # an object, read whole or not at all; or a line that says no step
    places = [first.start(), *islice(_repeated(text, first, head), MOST_RECORDS - 1)]
    shapes = [" ".join(_VALUE.sub("0", text[start:end]).split()) for start, end in pairwise([*places, len(text)])]
    whole = max(shapes, key=len)
    if len(places) < 2 or not all(_is_akin(shape, whole) for shape in shapes):
        return []
    if len(_NAME.findall(shapes[-1])) < 2 and not text[places[-1] - 1].isdigit():
        return []  # `step: 10 loss: 0.5 step: 0.3`
    return [place - _head_before(text, place, head) for place in places[1:]]


def _repeated(text: str, first: re.Match[str], head: str) -> Iterator[int]:
    """Where the first pair's name stands again before a number, but not as the end of a name: `best epoch: 3`."""
    word = _WORD_BEFORE.search(head[-_LONGEST_WORD:])
    for found in _before_number(first[1], first[2] or "").finditer(text, first.end()):
        before = _WORD_BEFORE.search(text[max(0, found.start() - _LONGEST_WORD) : found.start()])
        if not before or (word and before[1] == word[1]):
            yield found.start()


@lru_cache(maxsize=256)
def _before_number(name: str, mark: str) -> re.Pattern[str]:
    between = rf"\s*+{mark}\s*+" if mark else r"\s++"
    return re.compile(rf"{re.escape(name)}{between}(?=[-+.\d])")


def _is_akin(shape: str, whole: str) -> bool:
    """Whether a record is of the same kind as another: it names the same first, or is torn before it could differ."""
    common = commonprefix([shape, whole])
    return common == shape or len(_NAME.findall(common)) > 2


def _head_before(text: str, place: int, head: str) -> int:
    """The length of the stamp and the like that stand before this record as they do before the first one."""
    before = text[max(0, place - len(head)) : place]
    return len(head) if before.translate(_DIGITS) == head.translate(_DIGITS) else 0


def _objects(text: str) -> list[int]:
    """Where the second object and those after it begin, each behind one that is closed, or torn in a word or number."""
    found = _NEXT_OBJECT.finditer(text, text.find("{") + 1) if text.count("{") > 1 else ()
    return [each.end() for each in islice(found, MOST_RECORDS - 1)]
