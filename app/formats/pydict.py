"""A printed Python dict, alone or after other text (transformers and TRL Trainer consoles)."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.rows import NUMBER, Fields, read_number

ORDER = 20
SAMPLES: list[tuple[str, Fields | None]] = [
    (
        "{'loss': 0.6156, 'grad_norm': 0.182, 'learning_rate': 1.79e-05, 'epoch': 0.06}",
        {"loss": 0.6156, "grad_norm": 0.182, "learning_rate": 1.79e-05, "epoch": 0.06},
    ),
    (
        " 55%|#####     | 100/181 [16:15<13:08,  9.73s/it]{'loss': 0.6156, 'epoch': 0.06}",
        {"loss": 0.6156, "epoch": 0.06},
    ),
    ("{'loss': '0.5', 'acc': np.float64(0.25)}", {"loss": 0.5, "acc": 0.25}),
    ("{'loss': nan, 'epoch': 1.0}", {"loss": float("nan"), "epoch": 1.0}),
    ("{'path': 'runs/1', 'tags': ['a']}", {}),
    ("loss: 0.5", None),
    ('{"loss": 0.5}', None),
]

_DICT = re.compile(r"\{\s*'.*\}\s*$", re.DOTALL)
_ITEM = re.compile(
    rf"'(?P<name>[^'{{}}]{{1,128}})':\s*"
    rf"(?P<open>'|(?:\w++\.)*+(?:float|int|tensor|array)\d*\()?(?P<value>{NUMBER})(?=[,'}})\]])",
    re.ASCII | re.IGNORECASE,
)


def parser() -> Callable[[str], Fields | None]:
    """Stateless: the same for every log."""
    return parse


def parse(text: str) -> Fields | None:
    """The numbers of the dict at the end of the line; None where there is none."""
    start = text.find("{'")
    if start < 0 or not _DICT.match(text, start):
        return None
    fields: Fields = {}
    for item in _ITEM.finditer(text, start):
        value = read_number(item["value"])
        if value is not None:
            fields[item["name"]] = value
    return fields
