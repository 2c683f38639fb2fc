"""The date and time at the head of a log line → seconds since the Unix epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

STAMP = re.compile(
    r"[\[(<]?(?P<date>\d{4}[-/]\d\d[-/]\d\d)[T ](?P<clock>\d\d:\d\d:\d\d)(?:[.,](?P<part>\d{1,9}))?"
    r" ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?[\])>]?(?![\d:])"
)


def read_stamp(text: str) -> tuple[float, int] | None:
    """The time (s since the Unix epoch) that `text` begins with, and where it ends.

    A stamp that names no zone is read as UTC. None: no stamp there, or no such day.
    """
    found = STAMP.match(text)
    if not found:
        return None
    try:
        moment = datetime.fromisoformat(f"{found['date'].replace('/', '-')}T{found['clock']}")
        moment = moment.replace(tzinfo=_zone(found["zone"]))
        return moment.timestamp() + float("0." + (found["part"] or "0")), found.end()
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if not text or text in ("Z", "UTC"):
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
