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
    """One chart: its key (also the title) and, in order, (metric, label in the chart)."""

    key: str
    system: bool
    metrics: tuple[tuple[str, str], ...]


def charts_of(metrics: Iterable[str]) -> list[Chart]:
    """Group metric names, given in order of appearance, into charts: losses first, then scores, the machine last."""
    grouped: dict[str, dict[str, str]] = {}
    for metric in metrics:
        key, split = _parts(metric)
        grouped.setdefault(key, {})[metric] = split
    charts = [_chart(key, members) for key, members in grouped.items()]
    return sorted(charts, key=lambda chart: (chart.system, _rank(chart.key)))


def _parts(metric: str) -> tuple[str, str]:
    """What is measured, and on which split ("" where the name says none)."""
    words = _WORDS.split(metric)
    split = next((SPLITS[word.lower()] for word in words if word.lower() in SPLITS), "")
    if not split:
        return metric, ""
    rest = [word for word in words if word.lower() not in SPLITS]
    return "_".join(rest), split


def _chart(key: str, members: dict[str, str]) -> Chart:
    splits = list(members.values())
    alone = len(members) == 1
    labels = []
    for metric, split in members.items():
        label = split or ("value" if alone else "train")
        if splits.count(split) > 1 or (not split and "train" in splits):
            label = metric
        labels.append((metric, label))
    title = key or ", ".join(members)
    if alone:
        title = next(iter(members))
        labels = [(title, "value")]
    # The training curve comes first, as the eye expects it: it is the first colour.
    labels.sort(key=lambda pair: pair[1] != "train")
    return Chart(title, _is_system(key), tuple(labels))


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
