"""Text with names before numbers: `loss: 0.5`, `loss=0.5`, and on a line that names a step also `loss 0.5`.

What is a number: `app.rows.NUMBER`, thousands separators allowed, not part of a word, a path or a version.
What is a name: up to three words before `:` or `=`, or the one word before a bare number.
What is a step: a name that `app.rows` knows as one; `120/2000` says the total too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from app.rows import EPOCH, NUMBER, STEP, Fields, read_number
from app.stamps import read_stamp

ORDER = 90
SAMPLES: list[tuple[str, Fields | None]] = [
    ("step=3 loss=0.25 acc=0.5", {"step": 3, "loss": 0.25, "acc": 0.5}),
    ("Epoch: 3, Train Loss: 0.25", {"Epoch": 3, "Train Loss": 0.25}),
    ("loss: -7.5e-05", {"loss": -7.5e-05}),
    ("[train] iter 10: loss 8.6864 9240 ms/iter", {"iter": 10, "loss": 8.6864}),
    (
        "[eval] iter 0: train 9.8578 val 9.8535 lr 7.50e-07",
        {"iter": 0, "train": 9.8578, "val": 9.8535, "lr": 7.5e-07},
    ),
    (
        "2026-11-23 15:04:05,250 INFO step 120/2000 train_loss 0.8123 lr 4.8e-02",
        {
            "@time": 1795446245.25,
            "step": 120,
            "@total": 2000,
            "train_loss": 0.8123,
            "lr": 4.8e-02,
        },
    ),
    ("step 4,096 | loss nan | acc 71.59%", {"step": 4096, "loss": float("nan"), "acc": 71.59}),
    ("tokens/iter = 393,216", {"tokens/iter": 393216}),
    ("iter: 5 loss:inf.", {"iter": 5, "loss": float("inf")}),
    ("Loading shards:  25%|##   | 1/4 [00:04<00:14,  4.87s/it]", None),
    ("File /opt/torch/utils.py:1137 in main", None),
    ("using torch 2.9.1 on 8 gpus", None),
    ("saved to runs/7/model.pt", None),
    ("site-packages/torch/eval_frame.py:632: UserWarning: no grad", None),
    ("[train] done. best_val=2.6645", {"best_val": 2.6645}),
]

_WORD = r"[^\W\d][\w@./%+#-]*+(?<!\.)"
_VALUE = rf"(?P<value>\d{{1,3}}(?:,\d{{3}})++(?:\.\d++)?(?!\w|,\d)|{NUMBER})"
# After a number: its total, a unit or a mark, but no more of a word, version, path, clock, list or progress bar.
_AFTER = r"(?:/(?P<total>[0-9]{1,15}+))?(?!,\d)(?=%(?!\|)|[^\w.:%/-]|[.:-](?!\w)|s\b|ms\b|$)"
# A name begins where no word goes on: else each place in a long word is tried, and its length counts squared.
_PAIR = re.compile(
    rf"(?<![\w@./%+#-])(?:(?P<name>{_WORD}(?: {_WORD}){{0,2}}) ?[:=] *|(?P<bare>{_WORD}) +){_VALUE}{_AFTER}",
    re.IGNORECASE,
)


def parser() -> Callable[[str], Fields | None]:
    """Stateless: the same for every log."""
    return parse


def parse(text: str) -> Fields | None:
    """The pairs of the line; None where it has none."""
    stamp = read_stamp(text)
    steps: Fields = {}
    named: Fields = {}
    bare: Fields = {}
    for pair in _PAIR.finditer(text, stamp[1] if stamp else 0):
        value = read_number(pair["value"].replace(",", ""))
        if value is None:
            continue
        name = pair["name"] or pair["bare"]
        last = name.rpartition(" ")[2]
        if last.lower() in STEP | EPOCH:
            if not text.startswith(("s", "ms"), pair.end()):  # `Step: 76ms` is how long one took
                steps |= _step(last, value, pair["total"])
        elif not text.startswith(":", pair.end()):  # file.py:632: is a place, not a value
            (named if pair["name"] else bare)[name] = value
    if not steps and not named:
        return None
    fields = steps | named | (bare if steps else {})
    return {"@time": stamp[0], **fields} if stamp else fields


def _step(name: str, value: float, total: str | None) -> Fields:
    return {name: value, "@total": float(total)} if total and name.lower() in STEP else {name: value}
