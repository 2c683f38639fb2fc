"""The complete Plotly figure of a view: /figure.json."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response

from app.figure import build_figure
from app.routes import board, cached, parts, view
from app.store import Board
from app.view import View
from app.wire import to_json

bp = Blueprint("figure", __name__)


@bp.get("/figure.json")
def figure() -> Response:
    """Opens with `plotly.io.from_json`; carries the cursor it was made at in `layout.meta.cursor`."""
    asked = view()
    shown = board()
    make = partial(_figure, shown, asked)
    return cached(parts().figures, make, asked.runs_in(shown), "application/json")


def _figure(shown: Board, asked: View) -> bytes:
    return to_json(build_figure(shown, asked))
