"""JSON lines: one object a line, after any log prefix, nested objects joined by "/" (MMCV, detectron2, structlog …)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from app.flat import flatten
from app.message import counts_before, record
from app.rows import Fields

ORDER = 10
SAMPLES: list[tuple[str, Fields | None]] = [
    # LLaMA-Factory, MMDetection, detectron2's metrics.json
    (
        '{"current_steps": 10, "total_steps": 8660, "loss": 2.4977, "elapsed_time": "0:00:24"}',
        {"current_steps": 10, "total_steps": 8660, "loss": 2.4977, "elapsed_time": "0:00:24"},
    ),
    (
        '{"mode": "train", "epoch": 1, "iter": 50, "lr": 0.00025, "loss": 1.45626}',
        {"mode": "train", "epoch": 1, "iter": 50, "lr": 0.00025, "loss": 1.45626},
    ),
    (
        '{"fast_rcnn/cls_accuracy": 0.826, "iteration": 59, "loss_box_reg": 0.618}',
        {"fast_rcnn/cls_accuracy": 0.826, "iteration": 59, "loss_box_reg": 0.618},
    ),
    # fairseq --log-format json: numbers as text, behind a prefix
    (
        '2026-11-23 19:12:44 | INFO | valid | {"epoch": 3, "valid_loss": "3.247"}',
        {"@section": "val", "@local": 1795461164, "epoch": 3, "valid_loss": "3.247"},
    ),
    # structlog, StyleGAN
    (
        '{"step": 40, "loss": 2.29, "event": "train step", "timestamp": "2026-11-23T18:42:07.463525Z"}',
        {"step": 40, "loss": 2.29, "event": "train step", "timestamp": "2026-11-23T18:42:07.463525Z"},
    ),
    (
        '{"Loss/scores/fake": {"num": 8000, "mean": -7.38, "std": 12.55}}',
        {"Loss/scores/fake/num": 8000, "Loss/scores/fake/mean": -7.38, "Loss/scores/fake/std": 12.55},
    ),
    ('{"model": "resnet18", "seed": 1, "event": "run started", "level": "info"}', {}),
    # Of any make
    ('{"step": 7, "loss": NaN, "lr": -7.5e-05}', {"step": 7, "loss": float("nan"), "lr": -7.5e-05}),
    ('{"step": 7, "val": {"loss": 0.5, "per_class": [1, 2]}}', {"step": 7, "val/loss": 0.5}),
    ('{"step": 7, "improved": true, "note": null}', {"step": 7}),
    ("{}", {}),
    ('{"step": 7', None),
    ("[1, 2]", None),
    ("loss: 0.5", None),
]


def parser() -> Callable[[str], Fields | None]:
    """Stateless: the same for every log."""
    return parse


def parse(text: str) -> Fields | None:
    """The numbers and words of an object at the end of the line; None for a line without one.

    An object that counts nothing and has more words than numbers is the settings of a run: {}.
    """
    start = text.find("{")
    if start < 0 or text[start + 1 : start + 2] not in ('"', "}", " ") or not text.rstrip().endswith("}"):
        return None
    try:
        content = _loaded(text[start:])
    except (ValueError, RecursionError):
        return None
    fields = dict(flatten(content, longest_list=1))
    words = sum(isinstance(value, str) for value in fields.values())
    return record(counts_before(text[:start]) | fields, words)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a whole number of more than 4,300 digits: as text it is left out, and the others are not
        return json.loads(text, parse_int=str)
