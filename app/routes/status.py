"""How the server and the runs are doing: /status.json, /healthz."""

from __future__ import annotations

import os
import time

from flask import Blueprint, Response

from app.guard import refuse
from app.routes import board, parts
from app.view import MOST_RUNS
from app.wire import format_cursor, to_json

bp = Blueprint("status", __name__)


@bp.get("/status.json")
def status() -> Response:
    """The state of each run, and how many viewers there are."""
    found = board()
    runs = list(found.runs.values())
    now = time.monotonic()
    listed = runs[:MOST_RUNS]
    body = {
        "cursor": format_cursor(listed, [run.end for run in listed]),
        "clients": found.clients,
        "worker": os.getpid(),
        "runs": {run.name: run.status.shown(run.name, now) for run in runs},
    }
    return Response(to_json(body) + b"\n", mimetype="application/json")


@bp.get("/healthz")
def healthz() -> Response:
    """`ok` while this worker answers and its last poll is recent; nothing else."""
    if parts().follower.healthy():
        return Response("ok\n", mimetype="text/plain")
    return refuse(503, "the last poll of the logs is more than 10 s old", {"Retry-After": "5"})
