"""The data: /metrics.json, every point by default, streamed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from flask import Blueprint, Response, request

from app.curves import axis_of, bounds
from app.downsample import downsample
from app.guard import shown
from app.resume import Later
from app.routes import RequestError, board, in_chunks, parts, view
from app.rows import START, Position
from app.series import Series
from app.store import Run
from app.view import View
from app.wire import format_cursor, metrics_json, parse_cursor

bp = Blueprint("metrics", __name__)


@bp.get("/metrics.json")
def metrics() -> Response:
    """Rows of the runs in view: `run`, `metric` globs; `points`, `from`, `to`, `x` as the chart; `since` a cursor."""
    asked = view(points=0)
    runs = asked.runs_in(board())
    starts = _starts(runs, request.args.get("since", ""))
    ends = [run.end for run in runs]
    selected = (
        (run, _metrics(run, asked, run.rows_until(start), run.rows_until(end)))
        for run, start, end in zip(runs, starts, ends, strict=True)
    )
    pieces = metrics_json(selected, format_cursor(runs, ends))
    return Response(in_chunks(pieces), mimetype="application/json")


def _starts(runs: list[Run], since: str) -> list[Position]:
    """Where each run goes on after the cursor `since`; its start where the cursor does not know it."""
    if not since:
        return [START for run in runs]
    cursor = parse_cursor(since)
    if cursor is None:
        raise RequestError(400, f"since must be a cursor of this server; got {shown(since)}")
    if not cursor.keys() <= {run.key for run in runs} and parts().follower.reading():
        raise RequestError(410, "since names a run that is not read yet; ask again, or without it")
    starts = []
    for run in runs:
        found = parts().follower.find(run, cursor.get(run.key, START))
        if isinstance(found, Later):
            raise RequestError(
                410,
                f"since names bytes that {shown(run.name)} has no longer, or not yet; ask without it",
            )
        starts.append(found)
    return starts


def _metrics(run: Run, asked: View, first: int, last: int) -> Iterator[tuple[str, Series, Series]]:
    for name in list(run.metrics):
        if asked.shows_metric(name):
            whole = run.series(name, first, last)
            if len(whole.value):
                yield name, whole, _chosen(whole, asked, run.began)


def _chosen(series: Series, asked: View, began: float) -> Series:
    """The points in the window `from`..`to`, thinned where `points` is given."""
    kept = np.arange(len(series.value), dtype=np.intp)
    if not (math.isnan(asked.low) and math.isnan(asked.high)):
        _, x = axis_of(series, asked.x, began)
        low, high = bounds(asked)
        kept = np.flatnonzero((x >= low) & (x <= high))
    if asked.points:
        kept = kept[downsample(series.value[kept], asked.points)]
    if len(kept) == len(series.value):
        return series
    segments = np.searchsorted(kept, series.segments).tolist()
    return Series(
        series.step[kept],
        series.epoch[kept],
        series.wall_time[kept],
        series.value[kept],
        tuple(dict.fromkeys(index for index in segments if index < len(kept))),
        series.first,
    )
