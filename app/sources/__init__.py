"""Where bytes come from. Two verbs: find the runs that the arguments stand for, and open one of them.

A source is one file here with
  claims(spec) → whether an argument is its own
  refusal(spec) → why it can never be a log, in a sentence, or None
  find(spec, specs) → [(name of the run, key, listed)], cheap; `specs` are all the arguments
  open_source(key, rotated) → a `Source`; `rotated`: numbered siblings of a file are its history
All of it blocks, so it is called off the hub only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

from app.loading import modules_in


class Chunk(NamedTuple):
    """What one poll found. `generation` rises by one with each life of the log; `more`: poll again at once."""

    data: bytes = b""
    generation: int = 0
    more: bool = False
    hole: int = 0
    """NULs that stand before `data`, an even number at an even place: too many to be carried."""
    continues: bool = False
    """Whether the generation goes on where the one before ended (a rotation): it did not start anew."""
    late: int = 0
    """Lines since the last poll that came to a file after the next generation had begun: they are not shown."""
    size: int = 0
    """Bytes of the generation that are there to be read, as far as known."""
    changed: float = 0.0
    """When the log was last written to, s since the Unix epoch, as the file system says; 0 where it says nothing."""
    state: str = ""
    """"" while it can be read, else waiting, denied, not_regular or unreadable."""
    reason: str = ""
    """Why, in the system's words."""
    notices: tuple[tuple[str, str], ...] = ()
    """(kind, text) of what happened to the log since the last poll."""


class Source(Protocol):
    """One open log."""

    def poll(self) -> Chunk:
        """The next bytes, none where nothing is new."""

    def read(self, generation: int, start: int, stop: int) -> bytes | None:
        """Bytes that were read before, None where they are gone."""

    def local_path(self) -> str:
        """A path whose stat changes with the log, where asking for it never hangs; "" where there is none."""

    def close(self) -> None:
        """Let go of everything."""


class Found(NamedTuple):
    """A run that an argument stands for. `listed`: it came out of a folder and is shown with its first metric."""

    key: str
    """Its path, or what else its source knows it by."""
    open: Callable[[], Source]
    listed: bool


def find_runs(specs: Sequence[str], rotated: bool = False) -> dict[str, Found]:
    """The runs that the arguments stand for now, by name. Where two names collide, the later keeps its whole path.

    `rotated`: the numbered siblings of a log are its history.
    """
    found: dict[str, Found] = {}
    for spec in specs:
        kind = _kind_of(spec)
        for name, key, listed in kind.find(spec, specs) if kind else ():
            taken = found.get(name)
            if taken and taken.key != key:
                name = key
            found[name] = Found(key, partial(kind.open_source, key, rotated), listed)
    return found


def refusal(spec: str) -> str | None:
    """Why an argument can never be a log, in words; None where it can."""
    kind = _kind_of(spec)
    if kind is None:
        return f"nothing here reads {spec}; name files, folders or globs"
    sentence: str | None = kind.refusal(spec)
    return sentence


def _kind_of(spec: str) -> Any:
    """The module that an argument belongs to; None for none."""
    return next((module for module in modules_in(__name__) if module.claims(spec)), None)
