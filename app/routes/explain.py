"""What became of a log, line by line: /explain, as `python -m app explain`, read afresh for each who asks."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from urllib.parse import quote

from flask import Blueprint, Response, render_template, request

from app import hub
from app.explain import Explanation, as_text, explained
from app.guard import shown
from app.reading import Reading, reading_or_built_in
from app.routes import RequestError, board, parts, view
from app.rows import printable
from app.sources import Found, find_runs
from app.store import Run

bp = Blueprint("explain", __name__)

FIRST, LAST = 8 << 20, 1 << 20
"""Bytes of a log that are read from its start, and of a longer one from its end."""
NO_RUN = (
    "No log has a metric yet. A file of a folder becomes a run with its first one; until then ask"
    " python -m app explain FILE."
)
_LINE_ENDS = {b"\xff\xfe": (b"\n\0", b"\r\0"), b"\xfe\xff": (b"\0\n", b"\0\r")}

_one_at_a_time = threading.Lock()


@bp.get("/explain")
def explain() -> Response:
    """The explanation of the run that is named, or of the only one; else the runs that there are."""
    # Whoever may not see raw lines is to be refused here: this is the only way to them in this file.
    runs = view().runs_in(board())
    if len(runs) != 1:
        return _answer("", None, "Which run?" if runs else NO_RUN, [run.name for run in runs])
    run = runs[0]
    found = _log_of(run)
    reading = reading_or_built_in(parts().settings)  # with its own faults: they are no news for the viewers of a run
    with _one_at_a_time:  # it computes for seconds, and the others have pictures to wait for
        told = hub.in_pool(_explained, found, reading)
    return _answer(run.name, told, told.summary if told else run.status.text(run.name, time.monotonic()), [])


def _log_of(run: Run) -> Found:
    """Where the log of a run is read.

    Raises:
        RequestError: 404, it is gone.
    """
    logs = hub.off_hub(find_runs, parts().settings.logs)
    found = next((each for each in logs.values() if printable(each.key) == run.status.path), None)
    if found is None:
        raise RequestError(404, f"the log of {shown(run.name)} is gone")
    return found


def _answer(name: str, told: Explanation | None, sentence: str, names: list[str]) -> Response:
    """A page where the client asks for one, else plain text."""
    links = [(each, f"explain?run={quote(each, safe='')}") for each in names]
    if any(accepted == "text/html" for accepted, _ in request.accept_mimetypes):
        page = render_template("explain.html", name=name, told=told, sentence=sentence, links=links)
        response = Response(page, mimetype="text/html")
    else:
        plain = "\n".join([f"{name}: {sentence}" if name else sentence, *(link for _, link in links)]) + "\n"
        response = Response(as_text(name, told) if told else plain, mimetype="text/plain")
    response.headers["Vary"] = "Accept"
    return response


def _explained(found: Found, reading: Reading) -> Explanation | None:
    """What becomes of a log by its first and its last bytes; None where it cannot be read."""
    source = found.open()
    try:
        chunk = source.poll()
        if chunk.state:
            return None
        generation, size = chunk.generation, chunk.size
        pieces, read = [chunk.data], len(chunk.data)
        while chunk.data and read < min(size, FIRST) and (chunk := source.poll()).generation == generation:
            pieces.append(chunk.data)
            read += len(chunk.data)
        start = max(read, (size - LAST) // 2 * 2)  # the units of UTF-16
        tail = source.read(generation, start, size) or b"" if start < size else b""
    finally:
        source.close()
    if start == read:
        return explained([*pieces, tail], reading)
    head, end = _cut(b"".join(pieces), tail)
    told = explained([head], reading, end)
    partly = f"Of {size / 1e6:,.1f} MB only the first {read / 1e6:,.1f} MB and the last {len(tail) / 1e6:,.1f} MB"
    note = f"{partly} were read for this page. All of it: python -m app explain LOG."
    return replace(told, notes=[note, *told.notes])


def _cut(head: bytes, tail: bytes) -> tuple[bytes, bytes]:
    """The start and the end of a log without the halves of lines between them."""
    ends = _LINE_ENDS.get(head[:2], (b"\n", b"\r"))
    last = max(head.rfind(end) + len(end) for end in ends)
    first = min((tail.find(end) + len(end) for end in ends if end in tail), default=len(tail))
    return head[:last], tail[first:]
