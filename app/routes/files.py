"""The page's own scripts and styles: the files found at start, by their names, and nothing else."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, request

from app.settings import ROOT

bp = Blueprint("files", __name__)

_TYPES = {".js": "text/javascript", ".css": "text/css"}


@cache
def names() -> tuple[str, ...]:
    """Paths below static/ that are served."""
    home = ROOT / "static"
    return tuple(sorted(str(f.relative_to(home)) for f in home.rglob("*") if f.suffix in _TYPES))


def modules() -> list[str]:
    """Relative URLs of the page's ES modules."""
    return [f"static/{name}" for name in names() if name.startswith("js/")]


def _serve() -> Response:
    # The rule that led here is one of the fixed names: no part of a path comes from the request.
    file = ROOT / str(request.url_rule).lstrip("/")
    body = file.read_bytes()
    response = Response(body, mimetype=_TYPES[Path(file).suffix])
    response.set_etag(hashlib.sha1(body, usedforsecurity=False).hexdigest())
    response.headers["Cache-Control"] = "no-cache"
    return response.make_conditional(request.environ)  # type: ignore[return-value]


for _name in names():
    bp.add_url_rule(f"/static/{_name}", _name.replace(".", "_"), _serve)
