"""Pure objects → the bytes that clients get: strict JSON, cursors, events."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from app.rows import Floats, Position
from app.series import Series
from app.store import Run, changes

LONGEST_CURSOR = 4000
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_WORDS = {math.inf: "inf", -math.inf: "-inf"}

Cursor = dict[str, Position]
"""One position per run, by the run's key."""


def to_json(value: Any) -> bytes:
    """Strict JSON, UTF-8: NaN and ±inf become null."""
    return msgspec.json.encode(value)


def numbers(values: Floats) -> list[float | int | None] | None:
    """The values as JSON takes them, whole numbers without a point; None where the log says none of them."""
    if np.isnan(values).all():
        return None
    whole = values[np.isfinite(values)]
    if (whole == np.floor(whole)).all() and (np.abs(whole) < 2**53).all():
        return [int(value) if math.isfinite(value) else None for value in values.tolist()]
    return values.tolist()  # type: ignore[no-any-return]


BLOCK = 10_000
"""Values turned into JSON at a time: as Python objects they take four times their room."""


def points_of(series: Series) -> dict[str, Any]:
    """The four lists of one metric, of equal length."""
    return {
        "step": numbers(series.step),
        "epoch": numbers(series.epoch),
        "wall_time": numbers(series.wall_time),
        "value": series.value.tolist(),
    }


def about(series: Series, shown: Series) -> dict[str, Any]:
    """What the lists of `shown` cannot say: how many points the log gave, and which of those shown are not finite."""
    bad = np.flatnonzero(~np.isfinite(shown.value)).tolist()
    finite = series.value[np.isfinite(series.value)]
    return {
        "count": series.given,
        "shown": len(shown.value),
        "thinned": len(shown.value) < series.given,
        "nonfinite": [[i, _WORDS.get(float(shown.value[i]), "nan")] for i in bad],
        "segments": list(shown.segments),
        "last": float(finite[-1]) if len(finite) else None,
        "min": float(finite.min()) if len(finite) else None,
        "max": float(finite.max()) if len(finite) else None,
    }


def in_base_36(number: int) -> str:
    """A number ≥ 0 in the digits that `int(text, 36)` reads."""
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"


def format_cursor(runs: list[Run], positions: list[Position]) -> str:
    """The event id: `key.generation.at.mark` for each run, in base 36, joined by `~`."""
    return "~".join(
        ".".join((run.key, *map(in_base_36, position))) for run, position in zip(runs, positions, strict=True)
    )


def parse_cursor(text: str) -> Cursor | None:
    """The cursor that an event id names; None for anything that is none, whatever it holds."""
    if len(text) > LONGEST_CURSOR or not text.isascii():
        return None
    cursor: Cursor = {}
    for entry in text.split("~"):
        parts = entry.split(".")
        if len(parts) != 4 or not all(part.isalnum() and len(part) <= 13 for part in parts):
            return None
        generation, at, mark = (int(part, 36) for part in parts[1:])
        cursor[parts[0]] = Position(generation, at, mark)
    return cursor


def sse_event(event: str, value: Any, event_id: str | None = None) -> bytes:
    """One server-sent event; an id of "" makes the browser forget the one it has."""
    lead = "" if event_id is None else f"id: {event_id}\n"
    return f"{lead}event: {event}\ndata: ".encode() + to_json(value) + b"\n\n"


def points_event(runs: list[Run], positions: list[Position]) -> tuple[bytes, list[Position]]:
    """The event with the points after the positions, and the positions after it; b"" where no point comes."""
    after = list(positions)
    payload: dict[str, Any] = {}
    for index, stop in changes(runs, positions):
        run = runs[index]
        metrics, notes = _between(run, positions[index], stop)
        after[index] = stop
        if metrics:
            payload[run.name] = {"state": run.status.state, "metrics": metrics, "about": notes}
    if not payload:
        return b"", after
    cursor = format_cursor(runs, after)
    return sse_event("points", {"cursor": cursor, "runs": payload}, cursor), after


def _between(run: Run, start: Position, stop: Position) -> tuple[dict[str, Any], dict[str, Any]]:
    first = run.rows_until(start if start.generation == stop.generation else Position(stop.generation, 0, 0))
    last = run.rows_until(stop)
    metrics: dict[str, Any] = {}
    notes: dict[str, Any] = {}
    if first < last:
        for name in list(run.metrics):
            series = run.series(name, first, last)
            if len(series.value):
                metrics[name] = points_of(series)
                notes[name] = about(series, series)
    return metrics, notes


def metrics_json(selected: Iterator[tuple[Run, Iterator[tuple[str, Series, Series]]]], cursor: str) -> Iterator[bytes]:
    """The document of /metrics.json, metric by metric, so that a large one is never in memory as a whole.

    `selected`: runs with (metric, all its points, those to send).
    """
    yield b'{"cursor":' + to_json(cursor) + b',"runs":{'
    for index, (run, metrics) in enumerate(selected):
        yield ((b"," if index else b"") + to_json(run.name) + b':{"state":' + to_json(run.status.state))
        yield b',"metrics":{'
        notes: dict[str, Any] = {}
        for number, (name, whole, shown) in enumerate(metrics):
            yield (b"," if number else b"") + to_json(name) + b":"
            yield from _points_in_blocks(shown)
            notes[name] = about(whole, shown)
        yield b'},"about":' + to_json(notes) + b"}"
    yield b"}}\n"


def _points_in_blocks(series: Series) -> Iterator[bytes]:
    """What `to_json(points_of(series))` gives, in pieces."""
    columns = {"step": series.step, "epoch": series.epoch, "wall_time": series.wall_time, "value": series.value}
    for place, (name, values) in enumerate(columns.items()):
        yield (b"," if place else b"{") + to_json(name) + b":"
        if name != "value" and np.isnan(values).all():
            yield b"null"
            continue
        yield b"["
        for start in range(0, len(values), BLOCK):
            block = values[start : start + BLOCK]
            listed = block.tolist() if name == "value" else numbers(block) or [None] * len(block)
            yield (b"," if start else b"") + to_json(listed)[1:-1]
        yield b"]"
    yield b"}"
