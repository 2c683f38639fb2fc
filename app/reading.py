"""How the owner of this server wants logs read: the hook, the pattern, the zone of stamps that name none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

from app.hooks import Faults, hook_from
from app.rows import Fields, read_number
from app.settings import Settings

Parse = Callable[[str], Fields | None]


@dataclass(frozen=True)
class Reading:
    """What comes before the built-in formats.

    `first`: (name, text → Fields or None), asked in this order before them; they never raise. `zone` is for stamps
    that name none. `faults`: what was found to be wrong with the hook.
    """

    first: tuple[tuple[str, Parse], ...] = ()
    zone: tzinfo = UTC
    faults: Faults = field(default_factory=Faults, compare=False)


DEFAULT = Reading()
"""The built-in formats alone, UTC."""


def reading_from(settings: Settings) -> Reading:
    """How these settings want logs read; the hooks file is run here.

    Raises:
        ValueError: the hooks file or the pattern is not accepted: why, in one sentence.
    """
    faults = Faults()
    first: list[tuple[str, Parse]] = []
    hook = hook_from(settings.hooks, faults) if settings.hooks else None
    if hook:
        first.append(("hook", hook))
    if settings.pattern:
        first.append(("pattern", pattern_parse(settings.pattern)))
    return Reading(tuple(first), settings.tz, faults)


def reading_or_built_in(settings: Settings) -> Reading:
    """As `reading_from`; where that fails the built-in formats alone, and every run says why.

    For a worker: before the start all was tried, but a worker that is replaced days later may meet an edited file,
    and the charts are worth more than the hook.
    """
    try:
        return reading_from(settings)
    except ValueError as error:
        reading = Reading(zone=settings.tz)
        said = str(error).replace(settings.hooks, Path(settings.hooks).name)  # viewers see names, not paths
        reading.faults.stand(f"{said}; the logs are read without it")
        return reading


def pattern_parse(pattern: str) -> Parse:
    """A format out of a regular expression: each named group is a metric, or the step, epoch or time that it is called.

    A line in which nothing matches, or no group is a number, is left to the formats after it. By google-re2, whose
    time is linear in the line: Python's own `re` may take centuries over a line that does not match.

    Raises:
        ValueError: it is no such expression, or google-re2 is not installed.
    """
    search = _compiled(pattern).search

    def parse(text: str) -> Fields | None:
        try:
            found = search(text)
        except UnicodeError:  # half a surrogate pair, which re2 cannot be given
            return None
        if not found:
            return None
        numbers = ((name, read_number(part)) for name, part in found.groupdict().items() if part)
        return {name: number for name, number in numbers if number is not None} or None

    return parse


def _compiled(pattern: str) -> Any:
    try:
        import re2
    except ImportError:
        raise ValueError("--pattern needs google-re2: pip install google-re2") from None
    options = re2.Options()
    options.log_errors = False  # it would print them itself
    try:
        compiled = re2.compile(pattern, options=options)
    except (re2.error, UnicodeError) as error:
        said = error.args[0] if isinstance(error, re2.error) else "it is no UTF-8"
        said = said.decode(errors="replace") if isinstance(said, bytes) else said
        raise ValueError(f"pattern is not accepted: {_shown(said)}; got '{_shown(pattern)}'") from None
    if not compiled.groupindex:
        example = r"(?P<step>\d+) (?P<loss>\S+)"
        raise ValueError(f"pattern needs named groups, as in '{example}'; got '{_shown(pattern)}'")
    return compiled


def _shown(text: str) -> str:
    return ascii(text)[1:-1].replace(r"\\", "\\")[:60]
