"""Metric names → charts as people think of them: `train/loss`, `val_loss` and `loss` share one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

SPLITS = {
    "train": "train",
    "training": "train",
    "tr": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "eval": "eval",
    "evaluation": "eval",
    "dev": "dev",
    "test": "test",
}
_SYSTEM = re.compile(
    "lr|time|eta|seconds|sec|ms|memory|mem|gpu|cpu|util|throughput|speed|runtime|elapsed|remaining|percentage|progress"
    "|fps|ips|tokens|tok"
)
"""A name that ends in one of these is about the machine or the schedule."""
_BESIDE = re.compile("learning|rate|s|min|samples|images|size|batch|bs|total|data|max|per|iter")
"""So is one made of these and the others alone: `learning_rate`, `samples/s`; `mAP_s` and `success_rate` are not."""
_WORDS = re.compile(r"[/_\s.:-]+")


class Chart(NamedTuple):
    """One chart: its key (also the title) and its metrics, in order of appearance."""

    key: str
    system: bool
    metrics: tuple[str, ...]


def charts_of(metrics: Iterable[str]) -> list[Chart]:
    """Group metric names, given in order of appearance, into charts: losses first, then scores, the machine last."""
    grouped: dict[str, list[str]] = {}
    for metric in metrics:
        grouped.setdefault(_parts(metric)[0], []).append(metric)
    charts = [
        Chart(members[0] if len(members) == 1 else key or ", ".join(members), _is_system(key), tuple(members))
        for key, members in grouped.items()
    ]
    return sorted(charts, key=lambda chart: (chart.system, _rank(chart.key)))


def labels_of(chart: Chart, metrics: Iterable[str]) -> list[tuple[str, str]]:
    """(metric, label) of those metrics of a chart that one run has, the training curve first: it is the first colour.

    A label is the split, "train" where the name says none beside others, "value" where nothing else is there.
    """
    if len(chart.metrics) == 1:
        return [(metric, "value") for metric in metrics]
    splits = {metric: _parts(metric)[1] for metric in metrics}
    wanted = {metric: split or ("train" if len(splits) > 1 else "value") for metric, split in splits.items()}
    labels = []
    for metric, label in wanted.items():
        same = [other for other, as_wanted in wanted.items() if as_wanted == label]
        # `loss` is the curve and `train_loss` beside it a summary, as transformers prints at the end.
        is_it = len(same) == 1 or (not splits[metric] and sum(not splits[other] for other in same) == 1)
        labels.append((metric, label if is_it else metric))
    return sorted(labels, key=lambda pair: pair[1] != "train")


def _parts(metric: str) -> tuple[str, str]:
    """What is measured, and on which split ("" where the name says none)."""
    words = _WORDS.split(metric)
    split = next((SPLITS[word.lower()] for word in words if word.lower() in SPLITS), "")
    if not split:
        return metric, ""
    rest = [word for word in words if word.lower() not in SPLITS]
    return "_".join(rest), split


def _is_system(key: str) -> bool:
    words = [word for word in _WORDS.split(key.lower()) if word]
    if not words:
        return False
    beside = all(_SYSTEM.fullmatch(word) or _BESIDE.fullmatch(word) for word in words)
    return beside or "per" in words or _SYSTEM.fullmatch(words[-1]) is not None


def _rank(key: str) -> int:
    lowered = key.lower()
    if "loss" in lowered or not key:
        return 0 if lowered in ("loss", "") else 1
    return 2 if "acc" in lowered else 3
