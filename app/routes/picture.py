"""Pictures drawn by the server: /plot.png, and /static/train_plot.png for those who know it from the recipe."""

from __future__ import annotations

import threading

from flask import Blueprint, Response, request

from app import hub
from app.figure import build_figure
from app.picture import draw
from app.routes import RequestError, board, cached, parts, view
from app.view import HIGHEST, picture_size

bp = Blueprint("picture", __name__)

KEPT = 16
_drawing = threading.Lock()


@bp.get("/plot.png")
@bp.get("/static/train_plot.png")
def picture() -> Response:
    """The charts of a view as a PNG; before any point, a picture of the state in words."""
    asked = view()
    try:
        width, height, scale = picture_size(request.args)
    except ValueError as error:
        raise RequestError(400, str(error)) from None

    def make() -> bytes:
        pictures = parts().pictures
        key = (board().revision, request.query_string)
        with _drawing:  # one at a time: whoever waited finds the picture made
            if key not in pictures:
                drawing = build_figure(board(), asked)
                tall = height or min(int(drawing["layout"]["height"]), int(HIGHEST / scale))
                pictures[key] = hub.in_pool(draw, drawing, width, tall, scale)
                while len(pictures) > KEPT:
                    del pictures[next(iter(pictures))]
            return pictures[key]

    return cached(make, "image/png")
