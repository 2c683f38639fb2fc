"""The page, and its form without JavaScript: / and /plot."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from flask import Blueprint, Response, render_template, request

from app import hub
from app.routes import board, parts, plotlyjs, query, view
from app.routes.files import modules
from app.settings import whole
from app.store import Run
from app.view import View, read
from app.words import number_words

bp = Blueprint("page", __name__)


@bp.get("/")
def index() -> Response:
    """The live charts."""
    asked = view()
    hub.spawn(_warm)
    page = render_template(
        "index.html",
        title=_title(asked.runs_in(board())),
        plotly=f"plotly.js?v={plotlyjs.version()}",
        modules=modules(),
        picture=_picture(),
        plain="plot" + _query(),
    )
    return Response(page, mimetype="text/html")


@bp.get("/plot")
def plain() -> Response:
    """The picture and the last values, loaded anew every `interval` seconds."""
    asked = view()
    default = parts().settings.interval
    interval = query(lambda given: read(given, "interval", default, whole(1, 3600)))
    runs = asked.runs_in(board())
    now = time.monotonic()
    page = render_template(
        "plain.html",
        title=_title(runs),
        interval=interval,
        picture=_picture(),
        rows=[row for run in runs for row in hub.in_pool(_rows, run, asked)],
        states=[{"run": run.name, "text": run.status.text(run.name, now)} for run in runs],
    )
    return Response(page, mimetype="text/html")


def _warm() -> None:
    """Compress plotly.js while the browser reads the page that will ask for it."""
    plotlyjs.bundle()


def _title(runs: list[Run]) -> str:
    return ", ".join(run.name for run in runs[:3]) or "Tailplot"


def _query() -> str:
    text = request.query_string.decode("ascii", "replace")
    return f"?{text}" if text else ""


def _picture() -> str:
    return "plot.png" + _query()


def _rows(run: Run, asked: View) -> list[dict[str, Any]]:
    """Last and best value of each metric, as text; best is the lowest of a loss, and else the highest."""
    rows = []
    for metric in list(run.metrics):
        if not asked.shows_metric(metric):
            continue
        values, step = run.values(metric)
        finite = values[np.isfinite(values)]
        lower = any(word in metric.lower() for word in ("loss", "err", "perplexity", "ppl"))
        best = (finite.min() if lower else finite.max()) if len(finite) else None
        rows.append(
            {
                "run": run.name,
                "metric": metric,
                "last": number_words(values[-1]),
                "best": "" if best is None else number_words(best),
                "step": "" if np.isnan(step) else f"{step:,.0f}",
            }
        )
    return rows
