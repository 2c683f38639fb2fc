"""Every setting of the program in one table, and the reading of it from the environment, where flags are put too."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
"""The folder of templates/, static/ and gunicorn.conf.py."""


@dataclass(frozen=True)
class Settings:
    """What a user can choose; see `TABLE` for the meaning of each."""

    logs: tuple[str, ...] = ()
    port: int = 7777
    host: str = "127.0.0.1"
    interval: int = 30
    hooks: str = ""
    pattern: str = ""
    rotated: bool = False
    max_points: int = 20_000_000
    max_streams: int = 8000
    watch: str = "auto"
    allow_host: tuple[str, ...] = ()
    token: str = ""
    tz: tzinfo = UTC


def whole(low: int, high: int) -> Callable[[str], int]:
    """Accepts a whole number from `low` to `high`; else a ValueError that says so."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text[:12]) <= high):
            raise ValueError(f"a whole number from {low:,} to {high:,}")
        return int(text)

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """Accepts one of the words; else a ValueError that names them."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError("one of " + ", ".join(words))
        return text

    return read


def zone(text: str) -> tzinfo:
    """Accepts the name of a time zone; else a ValueError that says what one looks like."""
    if text.upper() == "UTC":
        return UTC  # also where the system has no table of zones
    from zoneinfo import ZoneInfo, available_timezones

    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        absent = "" if available_timezones() else "; this system has no zone but UTC (pip install tzdata brings them)"
        raise ValueError(f"the name of a time zone, like Europe/Berlin{absent}") from None


def switch(text: str) -> bool:
    """Accepts on and off; else a ValueError that names them."""
    return one_of("on", "off")(text) == "on"


def _split(separator: str) -> Callable[[str], tuple[str, ...]]:
    """Splits at a separator, but not within `redis://`."""
    return lambda text: tuple(part.strip() for part in re.split(f"{separator}(?!//)", text) if part.strip())


@dataclass(frozen=True)
class Setting:
    """One row of the table. `flags` is empty where a setting has no flag (secrets: `ps` shows flags).

    A flag of a switch stands alone, for on.
    """

    name: str
    flags: tuple[str, ...]
    read: Callable[[str], Any]
    help: str

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return "TAILPLOT_" + self.name.upper()


TABLE = (
    Setting("logs", (), _split(os.pathsep), "files, folders, globs"),
    Setting("port", ("-p", "--port"), whole(1, 65535), "where it listens"),
    Setting("host", ("--host",), str, "where it listens; any other than loopback needs a token"),
    Setting("interval", ("-i", "--interval"), whole(1, 3600), "seconds: refresh of /plot"),
    Setting("hooks", ("--hooks",), str, "a Python file with parse(line), asked before the built-in formats"),
    Setting("pattern", ("--pattern",), str, "a regular expression whose named groups are metrics (needs google-re2)"),
    Setting("rotated", ("--rotated",), switch, "numbered siblings (train.log.1, train.log.2.gz) are the run's history"),
    Setting(
        "max_points",
        ("--max-points",),
        whole(0, 10_000_000_000),
        "points that a worker holds; beyond, the oldest half is thinned, minima and maxima kept; 0: no limit",
    ),
    Setting("max_streams", ("--max-streams",), whole(1, 100_000), "live viewers per worker"),
    Setting(
        "watch",
        ("--watch",),
        one_of("auto", "poll"),
        "auto: stat watcher on local file systems, polling elsewhere; poll: always polling",
    ),
    Setting("allow_host", ("--allow-host",), _split(","), "further Host names without a token, by comma"),
    Setting("token", (), str, "who knows it may read; needed off loopback"),
    Setting("tz", (), zone, "the zone of stamps that name none"),
)

DEFAULTS = Settings()


def settings_from(mapping: Mapping[str, str]) -> Settings:
    """The settings that a mapping of environment variables (`TAILPLOT_PORT`: "7777") gives.

    Raises:
        ValueError: a value that is not accepted: names the setting, what was given, what is accepted.
    """
    chosen: dict[str, Any] = {}
    for setting in TABLE:
        text = mapping.get(setting.variable, "")
        if not text:
            continue
        try:
            chosen[setting.name] = setting.read(text)
        except ValueError as accepted:
            name = setting.flags[-1].lstrip("-") if setting.flags else setting.variable
            raise ValueError(f"{name} must be {accepted}; got {ascii(text)[:60]}") from None
    return Settings(**chosen)
