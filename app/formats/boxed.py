"""Boxes with a name and a value in each row: stable-baselines3, baselines, Spinning Up, Lightning's test results."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.formats._cells import value_of
from app.rows import NUMBER, Fields, read_number

ORDER = 40
SAMPLES: list[tuple[str, Fields | None]] = [
    # stable-baselines3
    ("| train/                  |              |", {"@group": "train/"}),
    ("|    approx_kl            | 0.0013038549 |", {"approx_kl": 0.0013038549, "@boxed": 1}),
    ("|    total_timesteps      | 16384        |", {"total_timesteps": 16384, "@boxed": 1}),
    ("| rollout/            |          |", {"@group": "rollout/"}),
    ("|    ep_rew_mean      | -7.5e-05 |", {"ep_rew_mean": -7.5e-05, "@boxed": 1}),
    # stable-baselines, Spinning Up
    ("| episode_reward     | [-632.99996714] |", {"episode_reward": -632.99996714, "@boxed": 1}),
    ("|    AverageEpRet |          -43.1 |", {"AverageEpRet": -43.1, "@boxed": 1}),
    # Lightning: the results of a test
    ("│         test_acc          │    0.9248046875           │", {"test_acc": 0.9248046875, "@boxed": 1}),
    ("┃        Test metric        ┃       DataLoader 0        ┃ x", None),
    ("| device | cuda |", {"@boxed": 1}),
    ("| a | 1 | 2 |", None),
    ("| Epoch 3 | loss 0.5", None),
    ("------------------------------", None),
]

_NUMBER = re.compile(f"(?P<value>{NUMBER})", re.IGNORECASE | re.ASCII)
_ROW = re.compile(r"\s*[|│┃║](?P<name>[^|│┃║]{1,200})[|│┃║](?P<value>[^|│┃║]{0,200})[|│┃║]\s*")


def parser() -> Callable[[str], Fields | None]:
    """Stateless: the same for every log."""
    return parse


def parse(text: str) -> Fields | None:
    """The name and value of a row, or the group that a row opens; None for a line that is no row of a box."""
    row = _ROW.fullmatch(text)
    name = row["name"].strip() if row else ""
    if not row or not name or read_number(name) is not None:
        return None
    value = row["value"].strip()
    if not value:
        return {"@group": name if name.endswith("/") else ""}
    cell = _NUMBER.fullmatch(value.strip("[]"))  # one number of an array stands for itself
    return {name: value_of(cell), "@boxed": 1.0} if cell else {"@boxed": 1.0}
