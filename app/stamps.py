"""The date and time at a place in a log line → seconds, and what is known about them: zone, year, day."""

from __future__ import annotations

import math
import re
from datetime import date, time
from functools import lru_cache
from typing import NamedTuple


class Stamp(NamedTuple):
    """A moment as a log prints it, and where it ends in the line.

    `kind` says what `seconds` counts from: "zoned" the Unix epoch; "local" the same as if the zone were UTC;
    "yearless" the same as if the year were 1970; "clock" midnight.
    """

    seconds: float
    kind: str
    end: int


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}+"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}+\.?,? )"

# How a date is printed: form → (pattern, the order of its numbers where it is fixed, what stands before the clock).
_FORMS = {
    "year_first": (r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}", "ymd", "[T _:-]|, "),
    "numbers": (r"\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d\d)", "", "[T_-]|,? "),
    "yearless": (r"\d{1,2}[-/]\d{1,2}", "md", " "),
    "compact": (r"(?:19|20)\d{6}(?=[T _-]\d\d:)", "ymd", "[T _-]"),
    "packed": (r"(?:19|20)\d{6}(?=[T_-]\d{6}(?!\d))", "ymd", "[T_-]"),
    "glog": (r"[DIWEFC]\d{3,4}", "md", " "),
    # tensorpack, [0612 10:11:12 @base.py:237]
    "bracketed": (r"(?<=\[)\d{4}", "md", " "),
    # tornado, [I 240501 12:00:00 web:2348]
    "lettered": (r"(?<=\[[DIWEC] )\d{6}", "ymd", " "),
    # ctime, syslog: Mon Nov 23 12:00:00 2026
    "month_first": (rf"{_WEEKDAY}?{_MONTH} {{1,2}}\d{{1,2}}(?:,? \d{{4}}(?=[ ,]))?", "mdy", ",? "),
    # date, e-mail, access logs: 23 Nov 2026, 23/Nov/2026:12:00:00
    "day_first": (rf"{_WEEKDAY}?\d{{1,2}}[ /-]{_MONTH}(?:[ /-](?:\d{{4}}|\d\d(?!:)))?", "dmy", ",? |:"),
}
_HEAD = re.compile(
    r"([\[(<](?:(?:NeMo )?[DIWEFC] )?)?+(?:"
    + "|".join(f"(?P<{form}>{pattern})(?:{gap})" for form, (pattern, _, gap) in _FORMS.items())
    + ")?",
    re.ASCII,
)
_PARTS = re.compile(r"\d+|[A-Za-z]{3,}", re.ASCII)

# A comma begins a fraction, but no further column; abbreviations are ambiguous (CST) and so name no zone.
_CLOCK = re.compile(
    r"(\d\d?):([0-5]\d):([0-5]\d)(?:(?:\.|,(?!\d{1,9}[.,]\d))(\d{1,9})\d*+)?( ?[AaPp][Mm]\b)?"
    r"(?: ?(Z|(?:UTC|GMT)?[+-]\d\d:?\d\d|UTC|GMT|[+-]\d\d(?!:))(?![\w.])"
    r"| (?:[ECMP][SD]T|CES?T|EES?T|BST|IST|JST|KST|HKT|SGT|MSK)(?!\w))?"
    r"(?!\w|:\d|[<%/])",
    re.ASCII,
)
_PACKED = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)(?:[.,](\d{1,9}))?()(Z|[+-]\d{4})?(?![\w/-])", re.ASCII)
_YEAR_LAST = re.compile(r" ((?:19|20)\d\d)(?![\w.:/])", re.ASCII)
_CLOSING = {"[": "]", "(": ")", "<": ">"}


def read_stamp(text: str, at: int = 0) -> Stamp | None:
    """The stamp that begins at `at`, with the brackets around it; None: no stamp there, or no such day or time.

    The opening bracket is always taken, its closing one where it follows at once.
    """
    head = _HEAD.match(text, at)
    if not head:
        return None
    form = head.lastgroup
    clock = (_PACKED if form == "packed" else _CLOCK).match(text, head.end())
    if not clock:
        return None
    seconds, end, kind = _since_midnight(clock), clock.end(), "clock"
    if form:
        printed = head[form]
        if form == "month_first" and (year := _year_last(printed, text, end)):
            printed, end = f"{printed} {year[1]}", year.end()
        midnight, kind = _day(form, printed, clock[6])
        seconds += midnight
    elif len(clock[1]) < 2 and not clock[5]:
        return None  # 0:00:05 is how long something took
    if head[1] and text[end : end + 1] == _CLOSING[head[1][0]]:
        end += 1
    return Stamp(seconds, kind, end) if seconds == seconds else None


def _year_last(printed: str, text: str, end: int) -> re.Match[str] | None:
    """The year behind the clock, as ctime prints it; syslog names no weekday, and there a number is the message's."""
    if printed[:3].lower() in _MONTHS or printed[-3].isdigit():
        return None
    return _YEAR_LAST.match(text, end)


def _since_midnight(clock: re.Match[str]) -> float:
    """The time of day (s); NaN for an hour that is none."""
    hour, minute, second, part, half, _ = clock.groups()
    seconds = int(hour) * 3600.0 + int(minute) * 60 + int(second)
    if seconds >= 86400:
        return math.nan
    if half and seconds < 46800:  # 13:00:00 PM is printed too
        seconds = seconds % 43200 + (43200 if half[-2] in "Pp" else 0)
    return seconds + float("0." + part) if part else seconds


@lru_cache(maxsize=1024)
def _day(form: str, printed: str, zone: str | None) -> tuple[float, str]:
    """Midnight of a printed date in its zone (s since the Unix epoch), and the kind of stamp; NaN for no such day."""
    parts = _numbers(form, printed)
    order = _FORMS[form][1] or _order(parts, printed)
    named = dict(zip(order, parts, strict=False))
    year = named.get("y")
    if year is None and (named["m"], named["d"]) == (2, 29):
        named = {"m": 3, "d": 1}  # 1970 had no such day
    if year is not None and year < 100 and form != "year_first":
        year += 2000 if year < 70 else 1900
    try:
        day = date(1970 if year is None else year, named["m"], named["d"])
        ahead = _ahead(zone or "")
    except ValueError:
        return math.nan, "local"
    kind = "yearless" if year is None else "zoned" if zone else "local"
    return (day.toordinal() - _EPOCH) * 86400.0 - ahead, kind


_EPOCH = date(1970, 1, 1).toordinal()


def _ahead(zone: str) -> float:
    """Seconds that a zone is ahead of UTC; ValueError for 24 hours, 60 minutes and more."""
    digits = "".join(c for c in zone if c.isdigit()).ljust(4, "0")
    at = time(int(digits[:2]), int(digits[2:]))
    return (-1.0 if "-" in zone else 1.0) * (at.hour * 3600 + at.minute * 60)


def _numbers(form: str, printed: str) -> list[int]:
    """The numbers of a date in the order in which they are printed; a month's name is its number."""
    if form in ("compact", "packed"):
        return [int(printed[:4]), int(printed[4:6]), int(printed[6:])]
    if form == "lettered":
        return [int(printed[:2]) + 2000, int(printed[2:4]), int(printed[4:])]
    if form in ("glog", "bracketed"):
        return [int(printed.lstrip("DIWEFC")[:-2]), int(printed[-2:])]
    parts = [part.lower()[:3] if part[0].isalpha() else part for part in _PARTS.findall(printed)]
    if parts[0].isalpha() and parts[0] not in _MONTHS:
        parts = parts[1:]  # the weekday
    return [int(part) if part.isdigit() else _MONTHS.index(part) + 1 for part in parts]


def _order(parts: list[int], printed: str) -> str:
    """Which number is which, where no one says: 23-05-05, 24/05/01, 09/02/20, 05/01/2024, 13/05/2024, 1.5.2024.

    With two digits each and slashes, 13 to 29 at the front is a year (log4j), and 30 and 31 are days.
    """
    if "." in printed:
        return "dmy"
    short = len(printed) < 9  # the year has two digits
    if short and ("-" in printed or (parts[0] > 12 and parts[0] not in (30, 31))):
        return "ymd"
    return "dmy" if parts[0] > 12 else "mdy"
