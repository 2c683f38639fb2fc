"""The points of an event or of /metrics.json, each checked by itself; one event is read once for all viewers."""

from typing import Any, NamedTuple

import msgspec
import numpy as np

from tests.chaos.truth import losses

KEPT = 64
"""Events that are remembered: most viewers get the same bytes."""
LARGEST_K = 1 << 27
Ks = np.ndarray[Any, np.dtype[np.int64]]
NONE = np.empty(0, np.int64)


class Lists(msgspec.Struct):
    """The columns of one metric, as they came."""

    step: msgspec.Raw
    value: msgspec.Raw


class Given(msgspec.Struct):
    """The points of one run."""

    metrics: dict[str, Lists]


class Document(msgspec.Struct):
    """What an event says."""

    cursor: str
    runs: dict[str, Given]


class Points(NamedTuple):
    """The line numbers k of the points of one run, in their order.

    `wrong`: of losses that are not what their k says; `by_file`: of losses, by the `g` that says which file was
    written to; `strange`: how many points came that no line has, by metric.
    """

    run: str
    loss: Ks
    wave: Ks
    wrong: Ks
    by_file: dict[float, Ks]
    strange: dict[str, int]


_document = msgspec.json.Decoder(Document)
_known: dict[bytes, tuple[str, list[Points]]] = {}


def points_of(text: bytes) -> tuple[str, list[Points]]:
    """(cursor, points by run); ValueError where it is no such document."""
    found = _known.get(text)
    if found is None:
        document = _document.decode(text)
        found = document.cursor, [_of_run(run, given.metrics) for run, given in document.runs.items()]
        _known[text] = found
        while len(_known) > KEPT:
            del _known[next(iter(_known))]
    return found


def _of_run(run: str, metrics: dict[str, Lists]) -> Points:
    strange = {name: len(_column(lists.value)) for name, lists in metrics.items() if name not in ("loss", "wave", "g")}
    steps, values = _columns(metrics, "loss")
    k, odd = _line_numbers(steps)
    strange |= {"loss": odd} if odd else {}
    truth = losses(int(k.max()) + 1)[k] if len(k) else np.empty(0)
    wrong = NONE if odd else k[truth.view(np.uint64) != _one_nan(values).view(np.uint64)]
    wave, odd = _line_numbers(_columns(metrics, "wave")[1])
    strange |= {"wave": odd} if odd else {}
    by_file = _by_file(k, metrics)
    if "g" in metrics and not by_file:
        strange["g"] = max(1, abs(len(k) - len(_column(metrics["g"].value))))
    return Points(run, k, wave, wrong, by_file, strange)


def _one_nan(values: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), np.nan, values)  # of the bits that truth uses


def _by_file(k: Ks, metrics: dict[str, Lists]) -> dict[float, Ks]:
    """Of each file the ks; none where it is not said of every line."""
    steps, files = _columns(metrics, "g")
    if len(steps) != len(k) or not np.array_equal(steps, k):
        return {}
    return {file: k[files == file] for file in np.unique(files).tolist()} if len(k) else {}


def _columns(metrics: dict[str, Lists], name: str) -> tuple[np.ndarray, np.ndarray]:
    if name not in metrics:
        return np.empty(0), np.empty(0)
    values = _column(metrics[name].value)
    steps = _column(metrics[name].step)
    if bytes(metrics[name].step) == b"null":
        steps = np.full(len(values), np.nan)
    if len(steps) != len(values):
        raise ValueError(f"{name}: {len(steps)} steps and {len(values)} values")
    return steps, values


def _column(raw: msgspec.Raw) -> np.ndarray:
    text = bytes(raw)
    if text in (b"null", b"[]"):
        return np.empty(0)
    # As Python objects a whole log would take twenty times its room.
    return np.fromstring(text[1:-1].replace(b"null", b"nan"), sep=",")


def _line_numbers(column: np.ndarray) -> tuple[Ks, int]:
    """The ks, and how many are none."""
    fine = (column == np.floor(column)) & (column >= 0) & (column < LARGEST_K)  # not of nan
    return (column if fine.all() else column[fine]).astype(np.int64), int(len(column) - np.count_nonzero(fine))
