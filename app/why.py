"""One line → what became of its numbers, in words: which is the step and by what, what was drawn or left out. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from app.formats import LONGEST
from app.glued import records_in
from app.names import STEP_RANK, folded_of, is_metric, may_be_option, role_of
from app.prefix import read_prefix
from app.roles import counts_of, is_only_mentioned, roles_of
from app.rows import Fields, clean_name, read_number
from app.scan import Numeral, Scan, scan

MOST_NAMES = 8
MOST_REASONS = 4
_LONGEST_PLACE = 40
_DIGIT = re.compile("[0-9]")
_COUNTS = {"step": ("@total", ("step", "episode", "progress")), "epoch": ("@epochs", ("epoch",))}
"""What holds on: where its total is, and what those who print it may call it."""
_IN_TEXT = frozenset(["keyvalue", "progress", "columns"])
_RECORDS = frozenset(["jsonl", "pydict"])
_COLUMNS = frozenset(["delimited", "table"])
_BOX = frozenset(["@boxed", "@group"])
_CONTEXT = _BOX | {"@postfix", "@length", "@section"}
_STAMPS = {
    "@zoned": (0, " UTC (stamp)"),
    "@local": (0, " (stamp)"),
    "@yearless": (5, " (stamp)"),
    "@clock": (11, " (stamp)"),
}
"""Where the text of a time begins that has no year, or no date."""


class Taken(NamedTuple):
    """A line that ends at `at`, and what it was read as; `format` is "" and `fields` None where no format knows it."""

    text: str
    at: int
    format: str
    fields: Fields | None


class Row(NamedTuple):
    """What came out of a line: step and epoch that hold for it (NaN: none), and the metrics it gave."""

    step: float
    epoch: float
    metrics: tuple[str, ...]


def own(line: Taken, metrics: Iterable[str]) -> tuple[str, ...]:
    """The metrics that the line itself gave: the row of a box stands at the line that ends the box."""
    said = {clean_name(name) for name in line.fields or () if name[:1] != "@"}
    return tuple(name for name in metrics if name in said or name.partition("/")[2] in said)


def in_vain(line: Taken) -> int:
    """How much a line that gave no point looks as if it should have.

    2: it has numbers; 1: digits in words, paths and the like; 0: it has none, or is a count, a header, a row of a box.
    """
    fields = line.fields
    is_settings = fields == {} and line.format in _RECORDS
    if fields is not None and not is_settings and (not fields or _counts_in(fields) or fields.keys() & _CONTEXT):
        return 0
    end = read_prefix(line.text).end
    return 2 if scan(line.text, end).numerals else int(bool(_DIGIT.search(line.text, end)))


def outcome(line: Taken, row: Row | None) -> str:
    """What came out of the line; where nothing did, why."""
    fields = line.fields
    if fields is None:
        return why_not(line.text)
    if fields.keys() & _BOX:
        return f"in a box, whose rows are one record: {_some([*filter(_is_name, fields)]) or 'no value'}"
    if not fields:
        return "no metric in it: a header, a rule, a bar, or the settings of a run"
    if (records := len(records_in(line.text))) > 1:
        return f"{records} records on one line, for want of a line end between them; each is read by itself"
    counts = _counts_in(fields)
    parts = [*_counted(line, counts, row), *_time(fields, row)] if row or counts else []
    if row:
        parts.append(f"metric{'' if len(row.metrics) == 1 else 's'} {_some([*row.metrics])}")
    else:
        of = [f"of {fields['@section']}"] if "@section" in fields else []
        parts += [*of, "for the lines after it" if counts or of else "nothing to draw"]
    return ", ".join(parts)


def left_out(line: Taken, row: Row | None) -> str:
    """The numbers of the line that are not drawn, and why; "" for none."""
    if not line.fields or line.fields.keys() & _BOX or len(records_in(line.text)) > 1:
        return ""
    reasons = [*_undrawn(line, row)]
    if line.format == "keyvalue":
        reasons += _unnamed(_scanned(line.text), line.fields)
    return _joined(reasons)


def why_not(text: str) -> str:
    """Why no format knows a line."""
    if len(text) > LONGEST:
        return f"longer than {LONGEST:,} characters"
    end = read_prefix(text).end
    if not _DIGIT.search(text, end):
        return "no numbers" + (" behind its beginning" if end else "")
    found = scan(text, end)
    if not found.numerals:
        return "its numbers are parts of dates, paths, versions or words"
    roles = roles_of(found)
    counts = counts_of(found, roles)
    if counts:
        said = " and ".join(f"{name} {_whole(value)}" for name, value in counts.items() if _is_name(name))
        mentioned = is_only_mentioned(found, roles)
        return f"a sentence that only mentions {said}" if mentioned else "it counts, and the rest are options by name"
    return _joined([*_unnamed(found, {})]) or "no format knows it"


def _scanned(text: str) -> Scan:
    """The numbers of the message of a line."""
    return scan(text, read_prefix(text).end)


# -- step, epoch, time ---------------------------------------------------------------------------------


def _counts_in(fields: Fields) -> dict[str, str]:
    """Under which name the line prints its step and its epoch."""
    found = {}
    for count, (_, roles) in _COUNTS.items():
        names = [name for name in fields if role_of(name) in roles and not math.isnan(_number(fields[name]))]
        if names:
            found[count] = min(names, key=lambda name: STEP_RANK.get(folded_of(name), len(STEP_RANK)))
    return found


def _counted(line: Taken, counts: dict[str, str], row: Row | None) -> Iterator[str]:
    """What holds as step and epoch for the line."""
    for count, (total, _) in _COUNTS.items():
        held = math.nan if row is None else row.step if count == "step" else row.epoch
        if count not in counts:
            if not math.isnan(held):
                yield f"{count} {_whole(held)} (from a line before)"
            continue
        fields = line.fields or {}
        printed = _number(fields[counts[count]])
        how = _how(line, count, counts[count], printed)
        of = f" of {_whole(fields[total])}" if total in fields else ""
        if row is None or held == printed:
            yield f"{count} {_whole(printed)}{of} ({how})"
        elif math.isnan(held):
            yield f"no {count} (the {_whole(printed)}, {how}, is of a bar or an evaluation)"
        else:
            yield f"{count} {_whole(held)} (printed: {_whole(printed)}, {how})"


def _how(line: Taken, count: str, name: str, value: float) -> str:
    """By what a count was known: `named "iter"`, `column "step"`, or `by its place: [3][7/500]`."""
    if line.format in _COLUMNS:
        return f'column "{clean_name(name)}"'
    if line.format not in _IN_TEXT and (line.format not in _RECORDS or name in line.text):
        return f'named "{clean_name(name)}"'
    fitting = [numeral for numeral in _scanned(line.text).numerals if value in (numeral.value, numeral.count)]
    for numeral in fitting:
        words = numeral.words
        for said in (" ".join(words[-1:]), " ".join(words[-2:]), numeral.unit):
            if role_of(said) in _COUNTS[count][1]:
                return f'named "{clean_name(said)}"'
    fitting.sort(key=lambda numeral: numeral.total is None)
    return f"by its place: {_place(line.text, fitting[0]) if fitting else _whole(value)}"


def _place(text: str, numeral: Numeral) -> str:
    """A number of a line with what stands around it up to a blank."""
    start = read_prefix(text).end
    behind = r"\s*(?:/|of\b)" if numeral.total is not None else r"(?!\d)"
    found = re.search(rf"(?:\S*[\[(] *)?\S*(?<!\d){re.escape(numeral.text)}{behind}\S*", text[start : start + 500])
    return found.group()[:_LONGEST_PLACE] if found else numeral.text


def _time(fields: Fields, row: Row | None) -> Iterator[str]:
    """The time of the line: its stamp as it is printed, or a value that is called so."""
    for kind, (start, words) in _STAMPS.items():
        if kind in fields and abs(seconds := _number(fields[kind])) < 1e11:
            yield f"time {datetime.fromtimestamp(seconds, UTC).strftime('%Y-%m-%d %H:%M:%S')[start:]}{words}"
            return
    named = next((name for name in fields if role_of(name) == "time" and row and name not in row.metrics), "")
    if named:
        value = fields[named]
        yield f'time {value if isinstance(value, str) else f"{value:.15g}"} (named "{clean_name(named)}")'


# -- what is not drawn ---------------------------------------------------------------------------------


def _undrawn(line: Taken, row: Row | None) -> Iterator[tuple[str, str]]:
    """(name, why) of the values that were read and are not drawn."""
    fields = line.fields or {}
    drawn = {part for name in (row.metrics if row else ()) for part in (name, name.partition("/")[2])}
    for name in filter(_is_name, fields):
        if math.isnan(_number(fields[name])) or clean_name(name) in drawn or role_of(name) != "metric":
            continue
        why = "the bar shows the value of before" if "@postfix" in fields else "too many series already"
        if "@loose" in fields:
            why = f"no step on the line, and {'an option' if may_be_option(name) else 'no metric'}'s name"
        yield clean_name(name), why


def _unnamed(found: Scan, fields: Fields) -> Iterator[tuple[str, str]]:
    """(number, why) of the numbers of a message that are not among its fields and do not count."""
    roles = roles_of(found)
    loose = not counts_of(found, roles)
    for index, numeral in enumerate(found.numerals):
        words = clean_name(" ".join(numeral.words[-3:])) if numeral.words else ""
        if roles.get(index) == "passed":
            yield numeral.text, f'"{words}" says how many' if words else "a count before the step"
        elif index not in roles and not math.isnan(numeral.value) and numeral.measured not in fields.values():
            why = f'"{words}" is no metric\'s name' if words else "no name"
            yield numeral.text, f"no step on the line, and {why}" if loose and not is_metric(words) else why


def _joined(reasons: list[tuple[str, str]]) -> str:
    """`7, 8 (no name), 300 ("eta" is no metric's name)`."""
    by_why: dict[str, list[str]] = {}
    for what, why in reasons:
        by_why.setdefault(why, []).append(what)
    parts = [f"{_some(what)} ({why})" for why, what in by_why.items()]
    return ", ".join(parts[:MOST_REASONS]) + (" and more" if len(parts) > MOST_REASONS else "")


def _some(names: list[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(map(clean_name, names[:MOST_NAMES])) + (f" and {more} more" if more > 0 else "")


def _is_name(name: str) -> bool:
    return name[:1] != "@"


def _number(value: float | str) -> float:
    """The value as a number, NaN for a text."""
    number = read_number(value.strip()) if isinstance(value, str) else float(value)
    return math.nan if number is None else number


def _whole(value: float | str) -> str:
    """A count: 12,345; 0.06 where it has a fraction."""
    number = _number(value)
    return f"{number:,.0f}" if abs(number) < 2**53 and number == int(number) else f"{number:g}"
