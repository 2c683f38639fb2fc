"""How a run is doing: the facts that the Follower keeps, and the sentence that tells them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.words import in_words

MOST_NOTICES = 50


@dataclass
class Status:
    """Facts of one run, for display only: nothing here decides what a row is.

    `rate` in steps/s and `eta` in s are None while unknown; `last_line` is a `time.monotonic()`.
    """

    path: str = ""
    state: str = "waiting"
    reason: str = ""
    """Why the file cannot be read, in the system's words."""
    format: str = ""
    offset: int = 0
    size: int = 0
    generation: int = 0
    lines: int = 0
    understood: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    late: int = 0
    """Lines that came to a rotated file after the next one had begun."""
    cut_off: int = 0
    """Last lines of which only the beginning was read before the file was overwritten."""
    unread: list[str] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    step: float | None = None
    total: float | None = None
    rate: float | None = None
    last_line: float | None = None
    points: int = 0
    series_left_out: int = 0
    """Names of metrics beyond those that a run may have; 10,000 stands for that many or more."""
    told: set[str] = field(default_factory=set)
    """The notices that are given once only."""
    revision: int = 0
    """Rises whenever something changed that a viewer should hear of."""

    def note(self, kind: str, text: str, clock: float) -> None:
        """Keep what happened, at `clock` (s since the Unix epoch), for the viewers."""
        self.notices.append({"time": clock, "kind": kind, "text": text})
        del self.notices[:-MOST_NOTICES]
        self.revision += 1

    def note_once(self, kind: str, text: str, clock: float) -> bool:
        """As `note`, but the same text only the first time; whether this was it."""
        if text in self.told:
            return False
        self.told.add(text)
        self.note(kind, text, clock)
        return True

    @property
    def eta(self) -> float | None:
        """Seconds until the last step, at the present rate."""
        if self.total is None or self.step is None or not self.rate or self.step >= self.total:
            return None
        return (self.total - self.step) / self.rate

    def text(self, name: str, now: float) -> str:
        """What is happening, in one sentence, and where it helps in a second one what to do."""
        file = self.path.rpartition("/")[2] or name
        why = f" ({self.reason})" if self.reason else ""
        quiet = "" if self.last_line is None else in_words(now - self.last_line)
        lines = f"{self.lines:,} line{'' if self.lines == 1 else 's'}"
        sentences = {
            "waiting": f"Waiting for {file}{why}. It is read as soon as the training job writes it.",
            "denied": f"No permission to read {file}. Try: chmod a+r {file}",
            "not_regular": f"{file} is not a regular file{why}. Use: command | tee train.log",
            "stalled": f"The disk of {file} does not answer{why}. It is read on as soon as it does.",
            "unreadable": f"{file} cannot be read{why}; trying again.",
            "loading": f"Loading {_megabytes(self.offset)} of {_megabytes(self.size)} MB of {file}.",
            "quiet": f"No new line in {file} for {quiet}.",
            "finished": f"Finished: the last step that {file} announced is there.",
            "live": f"Live: {file} is read as it grows.",
        }
        if self.state == "not_regular" and self.reason == "compressed":
            return f"{file} is compressed. Unpack it: gunzip {file}"
        if self.state in ("live", "quiet", "finished") and not self.points:
            return f"No metrics in {file} yet: {lines} read, none of them names a number that can be drawn."
        return sentences[self.state]

    def shown(self, name: str, now: float) -> dict[str, Any]:
        """All of it as JSON-ready values, for /status.json and the `status` event; `now` is monotonic."""
        beside = (("late", self.late), ("cut off", self.cut_off))
        age = None if self.last_line is None else round(max(0.0, now - self.last_line), 3)
        return {
            "state": self.state,
            "text": self.text(name, now),
            "format": self.format,
            "offset": self.offset,
            "size": self.size,
            "generation": self.generation,
            "lines": self.lines,
            "understood": self.understood,
            "skipped": dict(self.skipped) | {reason: count for reason, count in beside if count},
            "series_left_out": self.series_left_out,
            "step": self.step,
            "rate": self.rate,
            "total": self.total,
            "eta": self.eta,
            "last_line_age": age,
            "notices": self.notices,
            "unread": [] if self.points else self.unread,
        }


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}" if size < 10_000_000 else f"{size / 1e6:,.0f}"
