"""Colours, lines and axes of the charts, as Plotly takes them: the one table of how everything looks. Pure."""

from __future__ import annotations

import html
import math
from typing import Any, NamedTuple

from app.curves import bounds
from app.view import View

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
_X_TITLES = {"epoch": "epoch", "index": "point", "relative": "seconds since the first line"}


class Look(NamedTuple):
    """Colour and line of a series."""

    colour: str
    dash: str


def colour_of(palette: dict[str, Any], place: int) -> str:
    """The colour at a place; after the last one they begin anew."""
    series: tuple[str, ...] = palette["series"]
    return series[place % len(series)]


def look_of(label: str, index: int, place: int, palette: dict[str, Any], several: bool) -> Look:
    """One run: colour tells the series, the `index`th of its chart. Several: colour tells the run, the line the series.

    `place`: of the run among all.
    """
    count = len(palette["series"])
    if not several:
        return Look(colour_of(palette, index), DASHES[index // count % len(DASHES)])
    style = _OF_SPLIT.get(label, 3) + place // count
    return Look(colour_of(palette, place), DASHES[style % len(DASHES)])


def frame(palette: dict[str, Any]) -> dict[str, Any]:
    """The layout but for its charts."""
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


def x_axis(palette: dict[str, Any], view: View, kind: str, axis: str) -> dict[str, Any]:
    """The x axis of a chart; `axis` is the number behind its name, "" for the first."""
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


def y_axis(palette: dict[str, Any], view: View, axis: str) -> dict[str, Any]:
    """The y axis of a chart."""
    return {
        "anchor": f"x{axis}",
        "type": "log" if view.log else "linear",
        "gridcolor": palette["line"],
        "zeroline": False,
        "exponentformat": "e",
        "nticks": 6,
    }


def shapes_of(marks: list[dict[str, Any]], axis: str) -> list[dict[str, Any]]:
    """The marks of a chart, upright strokes from its foot at each x of theirs, as one shape each.

    `height` of a mark: 1 is the whole of the chart.
    """
    return [
        {
            "type": "path",
            "path": "".join(f"M{x},0V{mark['height']:g}" for x in mark["xs"]),
            "xref": f"x{axis}",
            "yref": f"y{axis} domain",
            "layer": "below",
            "line": {"color": mark["colour"], "width": mark["width"], "dash": mark["dash"]},
        }
        for mark in marks
    ]


def arrange(layout: dict[str, Any], charts: list[dict[str, Any]], palette: dict[str, Any]) -> list[int]:
    """Give each chart its cell of the grid and its title above it, and the figure its height; its rows and columns."""
    columns = min(COLUMNS, max(1, len(charts)))
    rows = max(1, math.ceil(len(charts) / columns))
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
    return [rows, columns]
