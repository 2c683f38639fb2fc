"""Board and View → a plain Plotly figure: the one place that knows how a chart looks."""

from __future__ import annotations

import html
import math
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from app.curves import Curve, bounds, curve_of, in_view, older_points
from app.groups import Chart, charts_of, labels_of
from app.rows import Floats, Position
from app.store import Board, Run
from app.view import View
from app.wire import format_cursor, numbers
from app.words import count_words

FEW_POINTS = 40
COLUMNS = 2
CHART_HEIGHT = 290

PALETTES: dict[str, dict[str, Any]] = {
    "light": {
        "ground": "#f7f7f5",
        "surface": "#ffffff",
        "line": "#e4e4df",
        "text": "#1b1c1a",
        "muted": "#63655f",
        "faint": "#6e706a",
        "bad": "#b3261e",
        "series": ("#0068b5", "#c8500a", "#00805c", "#a6438a", "#6a5acd", "#8a6a00"),
    },
    "dark": {
        "ground": "#111312",
        "surface": "#191c1b",
        "line": "#2b2f2d",
        "text": "#e8eae7",
        "muted": "#a2a7a2",
        "faint": "#868c87",
        "bad": "#ff8a80",
        "series": ("#5db1f2", "#ff9657", "#4fd1a5", "#ea93d0", "#a99bff", "#e3c04b"),
    },
}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
_OF_SPLIT = {"train": 0, "value": 0, "val": 1, "eval": 1, "dev": 1, "test": 2}


class Member(NamedTuple):
    """One metric of one run in one chart."""

    run: Run
    metric: str
    label: str
    curve: Curve

    @property
    def points(self) -> int:
        """How many it has, those without an x too."""
        return len(self.curve.y) + self.curve.left_out


def build_figure(board: Board, view: View) -> dict[str, Any]:
    """The figure of a view: `data` and `layout` as Plotly takes them, what only our page needs under `meta`.

    `layout.meta.cursor` is where an event stream goes on from, `layout.meta.grid` the rows and columns of the charts;
    every trace has `meta = {run, metric, chart, label, live, x, count, origin, last}`.
    """
    runs = view.runs_in(board)
    ends = [run.end for run in runs]
    places = {name: place for place, name in enumerate(list(board.runs))}  # a run keeps its colour in every view
    palette = PALETTES[view.theme]
    several = len(runs) > 1
    charts: list[dict[str, Any]] = []
    data: list[dict[str, Any]] = []
    layout = _frame(palette)
    for key, system, members in _drawn(runs, ends, view):
        axis = str(len(charts) + 1) if charts else ""
        looks = [_look(member, i, places[member.run.name], palette, several) for i, member in enumerate(members)]
        pairs = zip(members, looks, strict=True)
        traces = [trace for member, look in pairs for trace in _traces(member, look, key, axis, view, several)]
        data += traces
        layout |= {
            f"xaxis{axis}": _x_axis(palette, view, members[0].curve.kind, axis),
            f"yaxis{axis}": _y_axis(palette, view, axis),
        }
        charts.append(
            {
                "key": key,
                "axis": axis,
                "system": system,
                "note": _note(members, traces),
                "alert": "; ".join(filter(None, map(_alert, members))),
            }
        )
    columns = min(COLUMNS, max(1, len(charts)))
    rows = max(1, math.ceil(len(charts) / columns))
    _arrange(layout, charts, palette, rows, columns)
    layout["meta"] = {
        "cursor": format_cursor(runs, ends),
        "x": view.x,
        "charts": charts,
        "grid": [rows, columns],
        "runs": [{"name": run.name, "colour": _colour(palette, places[run.name])} for run in runs],
        "more_runs": sum(map(view.shows_run, places)) - len(runs),
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


def _alert(member: Member) -> str:
    """What is not finite, and where it began: `3 NaN, first at step 8,412`."""
    y = member.curve.y
    bad = np.flatnonzero(~np.isfinite(y))
    if not len(bad):
        return ""
    nans = int(np.isnan(y).sum())
    counted = [f"{n:,} {word}" for n, word in ((nans, "NaN"), (len(bad) - nans, "inf")) if n]
    kind = member.curve.kind
    where = f"{member.curve.x[bad[0]]:,.16g}" if kind in ("step", "epoch") else f"{bad[0]:,}"
    return f"{' and '.join(counted)}, first at {kind if kind in ('step', 'epoch') else 'point'} {where}"


def _note(members: list[Member], traces: list[dict[str, Any]]) -> str:
    """`2,000 of 1.2 M points` where the curves are thinned; how many points have no x."""
    count = sum(member.points for member in members)
    left_out = sum(member.curve.left_out for member in members)
    shown = sum(len(trace["x"]) for trace in traces)
    parts = [f"{count_words(shown)} of {count_words(count)} points"] if shown < count - left_out else []
    if left_out:
        parts.append(f"{count_words(left_out)} without {members[0].curve.kind}")
    return ", ".join(parts)


# -- how it looks ----------------------------------------------------------------------------------


class Look(NamedTuple):
    """Colour and line of a series."""

    colour: str
    dash: str


def _colour(palette: dict[str, Any], index: int) -> str:
    series: tuple[str, ...] = palette["series"]
    return series[index % len(series)]


def _look(member: Member, index: int, place: int, palette: dict[str, Any], several: bool) -> Look:
    """One run: colour tells the series. Several: colour tells the run, the line tells the series."""
    if not several:
        round_ = index // len(palette["series"])
        return Look(_colour(palette, index), DASHES[round_ % len(DASHES)])
    style = _OF_SPLIT.get(member.label, 3) + place // len(palette["series"])
    return Look(_colour(palette, place), DASHES[style % len(DASHES)])


def _traces(member: Member, look: Look, chart: str, axis: str, view: View, several: bool) -> list[dict[str, Any]]:
    """The newest segment as a live trace; what it supersedes, dimmed, as one trace before it."""
    curve = member.curve
    cut = curve.segments[-1] if curve.segments else 0
    traces = []
    if cut:
        x, y = older_points(curve, cut, view)
        traces.append(_trace(member, look, chart, axis, x, y, live=False, several=several))
    kept = in_view(curve.x[cut:], curve.y[cut:], view)
    x, y = curve.x[cut:][kept], curve.y[cut:][kept]
    traces.append(_trace(member, look, chart, axis, x, y, live=True, several=several))
    return traces


def _trace(
    member: Member,
    look: Look,
    chart: str,
    axis: str,
    x: Floats,
    y: Floats,
    *,
    live: bool,
    several: bool,
) -> dict[str, Any]:
    finite = member.curve.y[np.isfinite(member.curve.y)]
    label = member.label
    if several:
        label = member.run.name if label == "value" else f"{member.run.name} {label}"
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(x) <= FEW_POINTS else "lines",
        "name": html.escape(label, quote=False),
        "x": numbers(x) or [],
        "y": np.where(np.isfinite(y), y, math.nan).tolist(),
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "line": {"color": look.colour, "width": 1.5, "dash": look.dash},
        "marker": {"size": 4},
        "opacity": 1 if live else 0.35,
        "connectgaps": False,
        "showlegend": False,
        "meta": {
            "run": member.run.name,
            "metric": member.metric,
            "chart": chart,
            "label": label,
            "live": live,
            "x": member.curve.kind,
            "count": member.points,
            "origin": None if math.isnan(member.curve.origin) else member.curve.origin,
            "last": float(finite[-1]) if len(finite) else None,
        },
    }


def _frame(palette: dict[str, Any]) -> dict[str, Any]:
    return {
        "paper_bgcolor": palette["ground"],
        "plot_bgcolor": palette["surface"],
        "font": {"family": FONT, "size": 12, "color": palette["muted"]},
        "margin": {"l": 56, "r": 16, "t": 40, "b": 36},
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": palette["surface"], "font": {"color": palette["text"]}},
        "uirevision": "tailplot",
    }


_X_TITLES = {"epoch": "epoch", "index": "point", "relative": "seconds since the first line"}


def _x_axis(palette: dict[str, Any], view: View, kind: str, axis: str) -> dict[str, Any]:
    title = _X_TITLES.get(kind, "")
    window = list(bounds(view))
    return {
        "anchor": f"y{axis}",
        "type": "date" if kind == "wall_time" else "linear",
        "showgrid": False,
        "zeroline": False,
        "linecolor": palette["line"],
        "tickformat": "~s" if kind in ("step", "index") else "",
        "title": {"text": title, "font": {"size": 11}},
    } | ({"range": window} if all(map(math.isfinite, window)) else {})


def _y_axis(palette: dict[str, Any], view: View, axis: str) -> dict[str, Any]:
    return {
        "anchor": f"x{axis}",
        "type": "log" if view.log else "linear",
        "gridcolor": palette["line"],
        "zeroline": False,
        "exponentformat": "e",
        "nticks": 6,
    }


def _arrange(
    layout: dict[str, Any], charts: list[dict[str, Any]], palette: dict[str, Any], rows: int, columns: int
) -> None:
    """Give each chart its cell of the grid and its title above it, and the figure its height."""
    gap, title = 0.08, 0.22 / rows
    layout["height"] = rows * CHART_HEIGHT + 60
    layout["annotations"] = []
    for place, chart in enumerate(charts):
        row, column = divmod(place, columns)
        left = column * (1 + gap) / columns
        top = 1 - row / rows
        x_domain = [round(left, 4), round(left + (1 + gap) / columns - gap, 4)]
        y_domain = [round(max(0.0, top - 1 / rows + title * 0.7), 4), round(top - title * 0.3, 4)]
        layout[f"xaxis{chart['axis']}"]["domain"] = x_domain
        layout[f"yaxis{chart['axis']}"]["domain"] = y_domain
        layout["annotations"].append(
            {
                "text": f"<b>{html.escape(chart['key'], quote=False)}</b>",
                "x": x_domain[0],
                "y": y_domain[1],
                "xref": "paper",
                "yref": "paper",
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 14, "color": palette["text"]},
            }
        )
