"""The complete Plotly figure of a view: /figure.json."""

from __future__ import annotations

from flask import Blueprint, Response

from app.figure import build_figure
from app.routes import board, cached, view
from app.wire import to_json

bp = Blueprint("figure", __name__)


@bp.get("/figure.json")
def figure() -> Response:
    """Opens with `plotly.io.from_json`; carries the cursor it was made at in `layout.meta.cursor`."""
    asked = view()
    return cached(lambda: to_json(build_figure(board(), asked)), "application/json")
