"""plotly.js for the browser, out of the installed `plotly` package: compressed once, cached for good."""

from __future__ import annotations

import gzip
import hashlib
import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, Response, request

from app import hub

bp = Blueprint("plotlyjs", __name__)

_compressing = threading.Lock()


class Bundle(NamedTuple):
    """The script, plain and compressed."""

    plain: bytes
    compressed: bytes


@cache
def path() -> Path:
    """Where the package keeps it; found without importing plotly, which is large."""
    spec = find_spec("plotly")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


@cache
def version() -> str:
    """Changes with the script, so that its URL can be cached for ever."""
    found = path().stat()
    return hashlib.sha1(f"{path()} {found.st_size} {found.st_mtime_ns}".encode(), usedforsecurity=False).hexdigest()[
        :12
    ]


@cache
def _bundle() -> Bundle:
    plain = path().read_bytes()
    return Bundle(plain, gzip.compress(plain, 6, mtime=0))


def bundle() -> Bundle:
    """The script; the first call reads and compresses it (0.3 s, in a native thread), the others wait for that."""
    with _compressing:
        return hub.in_pool(_bundle)


@bp.get("/plotly.js")
def plotly_js() -> Response:
    """The script, with gzip where the client takes it."""
    script = bundle()
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(script.compressed if takes_gzip else script.plain, mimetype="text/javascript")
    if takes_gzip:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
