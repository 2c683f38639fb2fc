"""A message → its counts and metrics under their names, and the part of the data they speak of. Pure.

A name is the words before a number since the last mark, or what stands before a count (`Score at iteration 7 is 0.5`),
or the word behind the number on a line that counts (`7: 0.5, 0.4 avg`). A section is a word like `val` alone between
marks, or before a colon; it goes before the names after it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from app.names import COUNTED, COUNTS, HINGE, MANY, SPLITS, STOP, has_count, is_metric, is_option, role_of, split_of
from app.prefix import Prefix, read_prefix
from app.roles import NO_COUNT, NO_METRIC, Roles, counts_of, is_only_mentioned, roles_of
from app.rows import NUMBER, Fields, read_number
from app.scan import DURATIONS, Numeral, Scan, scan

_FILLER = frozenset(
    "set phase loop results result metrics metric stats summary step steps epoch mode data dataset dataloader split"
    " net running performance begin start starting started on the model subset report stage scores sanity checking"
    " losses loss statistics eval output info at done finished complete completed average avg".split()
)
"""Words that a part with a split in it may have beside: `*** Validation results ***`."""
_TOOK = frozenset(["in", "took", "after", "takes", "from", "by"])
_LEFT = frozenset(["eta", "elapsed", "remaining", "left", "finish"])
_KEPT = frozenset(["step", "epoch", "@total", "@epochs", "@within", "@section"])
_LONGEST_SECTION = 60
_LONGEST_NAME = 6
_LONGEST_BARE = 3
_BAR = re.compile(r"\d%\|[^|]*\|[^\]]*\]?")
_SOME_NUMBER = re.compile(r"\d|[nN][aA][nN]|[iI][nN][fF]")
_WORD = re.compile(r"[^\W\d_]+")
# A name with brackets in it, as pycocotools prints: `Average Precision (AP) @[ IoU=0.50:0.95 | area=all ] = 0.33`
_BRACKETED = re.compile(
    rf"\s*(?P<name>[^\W\d][\w ]{{1,40}}+\(\w{{1,8}}\) @\[[^\]]{{1,100}}\])\s*=\s*(?P<value>{NUMBER})\s*$", re.ASCII
)


def read_line(text: str) -> Fields | None:
    """The counts, metrics and time stamp of a line; None where it has no counts and no metrics."""
    prefix = read_prefix(text)
    fields = read_message(text, prefix.end)
    return None if fields is None else _stamped(fields, prefix)


def counts_before(text: str) -> Fields:
    """The counts, the section and the time stamp that stand before a record in its line; no metrics."""
    if not text:
        return {}  # as most often
    bar = _BAR.search(text) if "%|" in text else None
    text = text[bar.end() :] if bar else text
    prefix = read_prefix(text)
    fields = read_message(text, prefix.end) or {}
    return _stamped({name: value for name, value in fields.items() if name in _KEPT}, prefix)


def _stamped(fields: Fields, prefix: Prefix) -> Fields:
    if prefix.stamp:
        fields["@" + prefix.stamp.kind] = prefix.stamp.seconds
    return fields


def read_message(text: str, at: int = 0) -> Fields | None:
    """The counts and metrics of a message that begins at `at`; None where it has none."""
    if not _SOME_NUMBER.search(text, at):
        section = _section_of_line(text[at:])
        return {"@section": section} if section else None
    bracketed = _BRACKETED.match(text, at)
    if bracketed:
        return {" ".join(bracketed["name"].split()): float(bracketed["value"])}
    found = scan(text, at)
    roles = roles_of(found)
    counts = counts_of(found, roles)
    metrics, section = _metrics(found, roles, loose=not counts) if len(roles) < len(found.numerals) else ({}, "")
    if counts and not metrics and is_only_mentioned(found, roles):
        return None
    if counts and _are_options(metrics):
        if found.numerals[min(roles)].explicit:
            return None  # `epochs=150, batch=32, val_split=0.2`
        metrics = {}
    fields: Fields = {**counts, **metrics}
    section = section if metrics else _section_of_line(text[at:])
    if section:
        fields["@section"] = section
    if metrics and not counts:
        fields["@loose"] = 1.0
    return fields or None


def record(fields: Fields, words: int) -> Fields:
    """The fields of a whole record (JSON, a printed dict) with `words` further values; {} for the settings of a run."""
    measured = any(map(is_metric, fields))
    if not measured:
        fields = {name: value for name, value in fields.items() if name not in MANY}
    return fields if measured or has_count(fields) or sum(map(_is_number, fields.values())) >= words else {}


def _is_number(value: float | str) -> bool:
    return isinstance(value, float) or read_number(value) is not None


def _are_options(metrics: Fields) -> bool:
    """Whether the names of a line that counts are options of a run, and none of them is measured."""
    options = sum(map(is_option, metrics))
    return (options > 1 or 2 * options > len(metrics)) and not any(map(is_metric, metrics))


def _metrics(found: Scan, roles: Roles, *, loose: bool) -> tuple[Fields, str]:
    """The metrics of a message under their names; and the section, where it is one for all of them."""
    named: list[tuple[str, str, float | str]] = []  # section, name, value
    sections: set[str] = set()
    parts = iter(found.alone)
    part = next(parts, None)
    section = label = ""
    for index, numeral in enumerate(found.numerals):
        while part and part[0] <= index:
            section, label = _section_of(part[1]) or section, ""
            part = next(parts, None)
        if numeral.label:
            section, label = _split_in(numeral.label) or section, _label_of(numeral.label)
        if index in roles:
            section = _split_in(numeral.words) or section
            continue
        name = _name(found, index, roles)
        if _is_kept(name, numeral, loose=loose):
            named.append((section or label, name, numeral.measured))
            sections.add(section)
    return _told_apart(named), section if len(sections) == 1 else ""


def _is_kept(name: str, numeral: Numeral, *, loose: bool) -> bool:
    """Whether a name is one of a metric; on a line that counts nothing, prose like `found 8 gpus` is left out."""
    if not name or role_of(name) in COUNTED or (loose and isinstance(numeral.measured, str)):
        return False
    if name.lower() in (NO_METRIC if numeral.explicit else NO_COUNT):
        return False
    if loose and not numeral.explicit and not _is_said_shortly(name, numeral):
        return False
    return name.rpartition(" ")[2].lower() not in _LEFT


def _is_said_shortly(name: str, numeral: Numeral) -> bool:
    return is_metric(name) and len(numeral.words) <= _LONGEST_BARE


def _name(found: Scan, index: int, roles: Roles) -> str:
    """The name of a numeral that does not count; "" where it has none."""
    numeral = found.numerals[index]
    words = numeral.words
    if numeral.explicit:
        return _explicit_name(words)
    if words and words[-1].lower() in _TOOK:
        return ""  # `completed in 4.2 s`, `improved from 0.5`
    words = _without_stops(words)
    if words:
        return " ".join(words[-4:])
    count = found.numerals[index - 1] if index and index - 1 in roles else None
    if count and (count.colon or numeral.words):
        return _lead(count) or ("value" if not count.words else "")
    if roles and not numeral.opened and 1 <= len(numeral.after) <= 2 and numeral.after[-1].lower() not in DURATIONS:
        return " ".join(numeral.after)
    return ""


def _explicit_name(words: list[str]) -> str:
    """The name before a `:` or `=`."""
    if len(words) == 1:
        return words[0] if words[0].lower() not in HINGE else ""
    hinges = [place for place, word in enumerate(words) if word.lower() in HINGE]
    behind = words[hinges[-1] + 1 :] if hinges else words
    if not behind:
        return ""
    if not all(word in DURATIONS for word in behind) and not is_metric(" ".join(words[: -len(behind) - 1])):
        words = behind
    return " ".join(words[-_LONGEST_NAME:])


def _without_stops(words: list[str]) -> list[str]:
    while words and words[-1].lower() in STOP:
        words = words[:-1]
    while words and words[0].lower() in STOP:
        words = words[1:]
    return words


def _lead(count: Numeral) -> str:
    """What is said before a count: `Score` of `Score at iteration 7 is 0.5`."""
    words = count.words[:-1]
    while words and (words[-1].lower() in STOP or words[-1].lower() in SPLITS):
        words = words[:-1]
    return " ".join(words[-4:])


def _told_apart(named: list[tuple[str, str, float | str]]) -> Fields:
    """Names as keys: with their section, and those that stand twice in a line with the split named last before."""
    names = [name for _, name, _ in named]
    splits = {split for name in names if (split := _own_split(name))}
    head = named[0][1].partition(" ")[0] if named and " " in named[0][1] else ""
    spread = head if head.lower() in SPLITS and len(splits) == 1 else ""  # `train Loss: 0.15 Acc: 0.94`
    fields: Fields = {}
    split = ""
    for section, name, value in named:
        own = _own_split(name)
        split = own or split
        if own:
            key = name
        elif section:
            key = f"{section}/{name}"
        elif (split and names.count(name) > 1) or (spread and is_metric(name)):
            key = f"{spread or split} {name}"
        else:
            key = name
        fields.setdefault(key, value)
    return fields


@lru_cache(maxsize=4096)
def _own_split(name: str) -> str:
    """The word of a name that says on what data it was measured, as printed; "" for none."""
    return next((word for word in _WORD.findall(name) if word.lower() in SPLITS), "") or split_of(name)


def _section_of(words: list[str]) -> str:
    """The split that words alone between marks stand for; "" where they say anything else."""
    is_section = len(words) <= 5 and all(word.lower() in SPLITS or word.lower() in _FILLER for word in words)
    return _split_in(words) if is_section else ""


def _split_in(words: list[str]) -> str:
    found = [SPLITS[part] for word in words for part in _WORD.findall(word.lower()) if part in SPLITS]
    return found[-1] if found else ""


def _label_of(words: list[str]) -> str:
    """A word with a colon before a name with a colon: `FOREST: precision: 81.1%`."""
    return words[0] if len(words) == 1 and words[0].lower() not in _FILLER | SPLITS.keys() else ""


def _section_of_line(text: str) -> str:
    """The split that a line without metrics opens: `evaluate:dev`, `Iteration 500, Testing net (#0)`."""
    if len(text) > _LONGEST_SECTION:
        return ""
    return _section_of([word for word in _WORD.findall(text) if role_of(word) not in COUNTS])
