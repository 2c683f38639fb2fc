"""Pictures drawn by the server: /plot.png, and /static/train_plot.png for those who know it from the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from flask import Blueprint, Response

from app.figure import build_figure
from app.guard import refuse
from app.kept import BusyError
from app.picture import draw, height_of
from app.routes import board, cached, parts, query, view
from app.settings import whole
from app.store import Board
from app.view import View, a_number, read

bp = Blueprint("picture", __name__)

WIDTH = 1200
WIDEST, HIGHEST, LARGEST_SCALE = 4000, 3000, 4.0


@bp.get("/plot.png")
@bp.get("/static/train_plot.png")
def picture() -> Response:
    """The charts of a view as a PNG; before any point, a picture of the state in words."""
    asked = view()
    shown = board()
    make = partial(_picture, shown, asked, *query(size))
    return cached(parts().pictures, make, asked.runs_in(shown), "image/png")


@bp.app_errorhandler(BusyError)
def busy(_error: BusyError) -> Response:
    """The refusal of a picture, or of a figure, that is not there in time."""
    return refuse(503, "not drawn within 10 s; it may be there when you ask again", {"Retry-After": "10"})


def _picture(shown: Board, asked: View, width: int, height: int, scale: float) -> bytes:
    drawing = build_figure(shown, asked)
    tall = height or min(height_of(drawing, width), int(HIGHEST / scale))
    return draw(drawing, width, tall, scale)


def size(given: Mapping[str, str]) -> tuple[int, int, float]:
    """Width and height in px, and the scale, that a query asks for; height 0: as many as the charts need.

    Raises:
        ValueError: one sentence that names what was given and what is accepted.
    """
    width = read(given, "width", WIDTH, whole(200, WIDEST))
    height = read(given, "height", 0, whole(150, HIGHEST))
    scale = read(given, "scale", 1.0, a_number)
    if not 0.5 <= scale <= LARGEST_SCALE or width * scale > WIDEST or height * scale > HIGHEST:
        raise ValueError(
            f"scale must be from 0.5 to {LARGEST_SCALE:g} with at most {WIDEST} × {HIGHEST} px in the end; "
            f"got {ascii(given.get('scale', '1')[:40])}"
        )
    return width, height, scale
