"""JSON lines: one object a line, nested objects joined by "/" (LLaMA-Factory, MMCV, detectron2, structlog …)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from app.rows import Fields

ORDER = 10
SAMPLES: list[tuple[str, Fields | None]] = [
    (
        '{"current_steps": 10, "total_steps": 8660, "loss": 2.4977, "elapsed_time": "0:00:24"}',
        {"current_steps": 10, "total_steps": 8660, "loss": 2.4977, "elapsed_time": "0:00:24"},
    ),
    (
        '{"mode": "train", "epoch": 1, "iter": 50, "lr": 0.00025, "loss": 1.45626}',
        {"mode": "train", "epoch": 1, "iter": 50, "lr": 0.00025, "loss": 1.45626},
    ),
    ('{"step": 7, "loss": NaN}', {"step": 7, "loss": float("nan")}),
    ('{"step": 7, "val": {"loss": 0.5, "per_class": [1, 2]}}', {"step": 7, "val/loss": 0.5}),
    ('{"step": 7, "improved": true, "note": null}', {"step": 7}),
    ("{}", {}),
    ('{"step": 7', None),
    ("[1, 2]", None),
    ("loss: 0.5", None),
]

DEEPEST = 4


def parser() -> Callable[[str], Fields | None]:
    """Stateless: the same for every log."""
    return parse


def parse(text: str) -> Fields | None:
    """The numbers and words of an object; None for anything that is no JSON object."""
    text = text.strip()
    if not text.startswith("{") or not text.endswith("}"):
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return dict(_flat(record, "", 1))


def _flat(record: dict[str, object], prefix: str, depth: int) -> Iterator[tuple[str, float | str]]:
    for name, value in record.items():
        if isinstance(value, dict):
            if depth < DEEPEST:
                yield from _flat(value, f"{prefix}{name}/", depth + 1)
        elif isinstance(value, str):
            yield prefix + name, value
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield prefix + name, _as_float(value)


def _as_float(value: float) -> float:
    """The value as a float; a whole number too large for one becomes infinite, as `1e400` does."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
