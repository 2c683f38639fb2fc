"""Where an event id stands in this worker's reading of a run: found by the bytes before it, whoever minted it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from enum import Enum

from app.rows import MARK_EVERY, Position
from app.store import Generation, Run

Read = Callable[[int, int, int], bytes | None]
"""The bytes start..stop of a generation, None where they are gone."""

FURTHEST = 64 * MARK_EVERY
"""Bytes after a known mark that are read again at most. An id stands at the end of a line, and marks are where such
ends are; further from one is no id of ours."""


class Later(Enum):
    """Why a position cannot be judged yet."""

    READING = "the log is at least that long, and still being read"
    ABSENT = "no life of the log that is known here has those bytes; another worker may be a poll ahead"


def find(run: Run, wanted: Position, read: Read) -> Position | Later:
    """The place that has the same bytes before it.

    The generation in `wanted` is a hint, tried first: it tells two lives with the same beginning apart. Each worker
    numbers from a number of its own, so the hints of another one point to nothing.
    """
    for generation in _by_likelihood(run, wanted.generation):
        if _mark_at(generation, wanted.at, read) == wanted.mark:
            return Position(generation.number, wanted.at, wanted.mark)
    return Later.READING if run.end.at < wanted.at <= run.status.size else Later.ABSENT


def _by_likelihood(run: Run, hint: int) -> list[Generation]:
    hinted = run.generation(hint)
    others = [g for g in reversed(run.generations) if g is not hinted]
    return ([hinted] if hinted else []) + others


def _mark_at(generation: Generation, at: int, read: Read) -> int | None:
    """The CRC of the generation's bytes before `at`; None where they were never read, or are gone."""
    if at > generation.end.at:
        return None
    mark = generation.mark_before(at)
    if mark.at == at:
        return mark.crc
    if at - mark.at > FURTHEST:
        return None
    between = read(generation.number, mark.at, at)
    return None if between is None else zlib.crc32(between, mark.crc)
