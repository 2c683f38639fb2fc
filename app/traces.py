"""One metric of one run → the Plotly traces that draw it: its line, its band, what a restart superseded. Pure."""

from __future__ import annotations

import html
import math
from typing import Any, NamedTuple

import numpy as np

from app.curves import Curve, Line, newest_line, older_lines
from app.looks import Look
from app.rows import Floats
from app.store import Run
from app.view import View
from app.wire import numbers

FEW_POINTS = 40
OLDER = 0.35
"""Opacity of what a restart superseded."""
BAND = 0.18


class Member(NamedTuple):
    """One metric of one run in one chart."""

    run: Run
    metric: str
    label: str
    curve: Curve

    @property
    def points(self) -> int:
        """How many the log gave, those without an x and those that were thinned away too."""
        return len(self.curve.y) + self.curve.left_out + self.curve.gone


class Drawing(NamedTuple):
    """The traces of one member, and how many points they would have if they were not thinned."""

    traces: list[dict[str, Any]]
    points: int
    values: int
    """The most values that a point stands for."""


def drawing_of(member: Member, look: Look, chart: str, axis: str, view: View, several: bool) -> Drawing:
    """The newest segment as a live trace; what it supersedes, dimmed, as one trace before it; each above its band."""
    newest, count = newest_line(member.curve, view)
    older, more = older_lines(member.curve, view)
    base = _base(member, look, chart, axis, several)
    traces = []
    for lines, live in ((older, False), ([newest], True)):
        if any(line.banded for line in lines):
            traces.append(_band(base, lines, BAND if live else BAND * OLDER))
        if lines:
            traces.append(_trace(base, lines, live=live))
    values = max((int(line.values.max()) for line in (*older, newest) if len(line.values)), default=0)
    return Drawing(traces, count + more, values)


def _base(member: Member, look: Look, chart: str, axis: str, several: bool) -> dict[str, Any]:
    """What the traces of a member have in common."""
    finite = member.curve.y[np.isfinite(member.curve.y)]
    label = member.label
    if several:
        label = member.run.name if label == "value" else f"{member.run.name} {label}"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": html.escape(label, quote=False),
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "line": {"color": look.colour, "width": 1.5, "dash": look.dash},
        "connectgaps": False,
        "showlegend": False,
        "meta": {
            "run": member.run.name,
            "metric": member.metric,
            "chart": chart,
            "label": label,
            "live": False,
            "band": False,
            "x": member.curve.kind,
            "count": member.points,
            "origin": None if math.isnan(member.curve.origin) else member.curve.origin,
            "last": float(finite[-1]) if len(finite) else None,
            "values": 1,
            "gaps": 0,
        },
    }


def _trace(base: dict[str, Any], lines: list[Line], *, live: bool) -> dict[str, Any]:
    """The lines one after the other, with a gap between each two."""
    x, y = _joined([line.x for line in lines], [line.y for line in lines])
    last = lines[-1]
    meta = base["meta"] | {"live": live, "gaps": len(lines) - 1, "values": int(last.values[-1]) if len(last.x) else 0}
    if last.banded:
        finite = last.y[np.isfinite(last.y)]
        meta["last"] = float(finite[-1]) if len(finite) else None
    return base | {
        "mode": "lines+markers" if len(x) <= FEW_POINTS else "lines",
        "x": numbers(x) or [],
        "y": y.tolist(),
        "marker": {"size": 4},
        "opacity": 1 if live else OLDER,
        "meta": meta,
    }


def _band(base: dict[str, Any], lines: list[Line], opacity: float) -> dict[str, Any]:
    """The ranges of the lines: a ring for each, along its highest values and back along its lowest."""
    there = [(line, np.isfinite(line.low)) for line in lines]
    x, y = _joined(
        [np.concatenate((line.x[kept], line.x[kept][::-1])) for line, kept in there],
        [np.concatenate((line.high[kept], line.low[kept][::-1])) for line, kept in there],
    )
    return base | {
        "x": numbers(x) or [],
        "y": y.tolist(),
        "fill": "toself",
        "fillcolor": base["line"]["color"],
        "line": base["line"] | {"width": 0},
        "hoverinfo": "skip",
        "opacity": opacity,
        "meta": base["meta"] | {"band": True},
    }


def _joined(xs: list[Floats], ys: list[Floats]) -> tuple[Floats, Floats]:
    """Pieces of a trace with a gap between each two."""
    x, y = xs[0], ys[0]
    gap = np.array([math.nan])
    for more_x, more_y in zip(xs[1:], ys[1:], strict=True):
        x = np.concatenate((x, x[-1:] if len(x) else gap, more_x))
        y = np.concatenate((y, gap, more_y))
    return x, y
