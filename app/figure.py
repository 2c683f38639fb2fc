"""Board and View → a plain Plotly figure: the one place that knows how a chart looks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from app.curves import broken_at, curve_of, restarts_of
from app.groups import Chart, charts_of, labels_of
from app.looks import PALETTES, Look, arrange, colour_of, frame, look_of, shapes_of, x_axis, y_axis
from app.rows import Floats, Position
from app.store import Board, Run
from app.traces import Drawing, Member, drawing_of
from app.view import View
from app.wire import format_cursor, numbers
from app.words import beyond_words, count_words


def build_figure(board: Board, view: View) -> dict[str, Any]:
    """The figure of a view: `data` and `layout` as Plotly takes them, what only our page needs under `meta`.

    `layout.meta.cursor` is where an event stream goes on from, `layout.meta.grid` the rows and columns of the charts;
    every trace has `meta = {run, metric, chart, label, live, band, x, count, origin, last, values, gaps}`.
    """
    runs = view.runs_in(board)
    ends = [run.end for run in runs]
    places = {name: place for place, name in enumerate(list(board.runs))}  # a run keeps its colour in every view
    palette = PALETTES[view.theme]
    several = len(runs) > 1
    charts: list[dict[str, Any]] = []
    data: list[dict[str, Any]] = []
    layout = frame(palette) | {"shapes": []}
    for key, system, members in _drawn(runs, ends, view):
        axis = str(len(charts) + 1) if charts else ""
        looks = [
            look_of(member.label, i, places[member.run.name], palette, several) for i, member in enumerate(members)
        ]
        drawings = [drawing_of(*pair, key, axis, view, several) for pair in zip(members, looks, strict=True)]
        data += [trace for drawing in drawings for trace in drawing.traces]
        marks = _marks(members, looks, view, palette, several)
        layout["shapes"] += shapes_of(marks, axis)
        layout |= {
            f"xaxis{axis}": x_axis(palette, view, members[0].curve.kind, axis),
            f"yaxis{axis}": y_axis(palette, view, axis),
        }
        charts.append(
            {
                "key": key,
                "axis": axis,
                "system": system,
                "note": _note(members, drawings),
                "alert": "; ".join(filter(None, map(_alert, members))),
                "marks": marks,
            }
        )
    layout["meta"] = {
        "cursor": format_cursor(runs, ends),
        "x": view.x,
        "charts": charts,
        "grid": arrange(layout, charts, palette),
        "runs": [{"name": run.name, "colour": colour_of(palette, places[run.name])} for run in runs],
        "more_runs": sum(map(view.shows_run, places)) - len(runs),
        "beyond": _beyond(runs),
        "empty": None if data else _empty(runs),
        "palette": palette,
    }
    return {"data": data, "layout": layout}


# -- what is in it ---------------------------------------------------------------------------------


def _metrics_in(runs: list[Run], view: View) -> list[str]:
    named = dict.fromkeys(name for run in runs for name in list(run.metrics))
    return [name for name in named if view.shows_metric(name)]


def _drawn(runs: list[Run], ends: list[Position], view: View) -> Iterator[tuple[str, bool, list[Member]]]:
    """The charts to draw: key, whether it is of the system, members. Different kinds of x never share an axis."""
    for chart in charts_of(_metrics_in(runs, view)):
        by_kind: dict[str, list[Member]] = {}
        for member in _members(chart, runs, ends, view):
            by_kind.setdefault(member.curve.kind, []).append(member)
        for number, kind in enumerate(sorted(by_kind, key=("step", "epoch", "wall_time", "relative", "index").index)):
            members = by_kind[kind]
            yield (f"{chart.key} by {kind}" if number else chart.key), chart.system, members


def _members(chart: Chart, runs: list[Run], ends: list[Position], view: View) -> list[Member]:
    members = []
    for run, end in zip(runs, ends, strict=True):
        rows = run.rows_until(end)
        has_curves = any(metric.value.size > 1 for metric in list(run.metrics.values()))
        for metric, label in labels_of(chart, [metric for metric in chart.metrics if metric in run.metrics]):
            series = run.series(metric, 0, rows)
            curve = curve_of(series, view.x, run.began)
            # A number that stands once in the log, beside real curves, is a constant (`vocab = 16384`), no curve.
            if len(series.value) == 1 and curve.kind == "index" and has_curves:
                continue
            if len(curve.y):
                members.append(Member(run, metric, label, curve))
    return members


def _empty(runs: list[Run]) -> str:
    now = time.monotonic()
    if not runs:
        return "No log with metrics here yet. A log shows up with its first metric."
    return " ".join(run.status.text(run.name, now) for run in runs[:3])


def _beyond(runs: list[Run]) -> str:
    """`2,000 of 5,000 series shown` of each run that has more than are kept."""
    told = [(run.name, beyond_words(len(run.metrics), run.status.series_left_out)) for run in runs]
    return "; ".join(f"{name}: {words}" if len(runs) > 1 else words for name, words in told if words)


def _alert(member: Member) -> str:
    """What is not finite, and where it began: `3 NaN, first at step 8,412`."""
    y = member.curve.y
    bad = np.flatnonzero(~np.isfinite(y))
    if not len(bad):
        return ""
    nans = int(np.isnan(y).sum())
    counted = [f"{n:,} {word}" for n, word in ((nans, "NaN"), (len(bad) - nans, "inf")) if n]
    told = ("at least " if member.curve.gone else "") + " and ".join(counted)
    kind, first = member.curve.kind, int(bad[0])
    if kind in ("step", "epoch", "index"):
        return f"{told}, first at {'point' if kind == 'index' else kind} {member.curve.x[first]:,.16g}"
    return told if member.curve.gone else f"{told}, first at point {first:,}"


_KINDS = {"step": "a step", "epoch": "an epoch", "wall_time": "a time", "relative": "a time"}


def _note(members: list[Member], drawings: list[Drawing]) -> str:
    """`2,000 of 1.2 M points` where the curves are thinned; what a band is; how many points have no x, or are gone."""
    points = sum(drawing.points for drawing in drawings)
    shown = sum(_shown(trace) for drawing in drawings for trace in drawing.traces)
    kind = _KINDS.get(members[0].curve.kind, "an x")
    banded = any(trace["meta"]["band"] for drawing in drawings for trace in drawing.traces)
    unit = kind.partition(" ")[2] + "s" if banded else "points"
    parts = [f"{count_words(shown)} of {count_words(points)} {unit}"] if shown < points else []
    if banded:
        most = max(drawing.values for drawing in drawings)
        parts.append(f"mean and range of up to {count_words(most)} values at {kind}")
    left_out = sum(member.curve.left_out for member in members)
    if left_out:
        parts.append(f"{count_words(left_out)} point{'s' * (left_out > 1)} without {kind} left out")
    given = sum(member.points for member in members)
    gone = sum(member.curve.gone for member in members)
    if gone:
        parts.append(f"the oldest thinned: {count_words(given - gone)} of {count_words(given)} points kept")
    return ", ".join(parts)


def _shown(trace: dict[str, Any]) -> int:
    """Points of a line that are to be seen: not those that stand for a gap between segments."""
    meta = trace["meta"]
    return 0 if meta["band"] else len(trace["x"]) - meta["gaps"]


def _marks(
    members: list[Member], looks: list[Look], view: View, palette: dict[str, Any], several: bool
) -> list[dict[str, Any]]:
    """A thin line where a restart is, a tick at the foot where a value is not finite."""
    restarts: dict[str, list[Floats]] = {}
    for member, look in zip(members, looks, strict=True):
        restarts.setdefault(look.colour if several else palette["faint"], []).append(restarts_of(member.curve))
    found: list[tuple[list[Floats], dict[str, Any]]] = [
        (xs, {"colour": colour, "height": 1, "width": 1, "dash": "dot"}) for colour, xs in restarts.items()
    ]
    broken = [broken_at(member.curve, view) for member in members]
    found.append((broken, {"colour": palette["bad"], "height": 0.04, "width": 2, "dash": "solid"}))
    marks = [{"xs": numbers(np.unique(np.concatenate(xs))) or [], **look} for xs, look in found]
    return [mark for mark in marks if mark["xs"]]
