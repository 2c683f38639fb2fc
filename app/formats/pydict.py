"""A printed Python dict, alone or after other text (transformers and TRL Trainer consoles)."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.formats._cells import value_of
from app.message import counts_before, record
from app.names import has_count
from app.rows import NUMBER, Fields

ORDER = 20
SAMPLES: list[tuple[str, Fields | None]] = [
    # transformers 4, also behind its bar
    (
        "{'loss': 0.6156, 'grad_norm': 0.182, 'learning_rate': 1.79e-05, 'epoch': 0.06}",
        {"loss": 0.6156, "grad_norm": 0.182, "learning_rate": 1.79e-05, "epoch": 0.06},
    ),
    (
        " 55%|#####     | 100/181 [16:15<13:08,  9.73s/it]{'loss': 0.6156, 'epoch': 0.06}",
        {"loss": 0.6156, "epoch": 0.06},
    ),
    (
        "{'eval_loss': 1.2239, 'eval_runtime': 0.082, 'eval_samples_per_second': 1219.945, 'epoch': 1.5}",
        {"eval_loss": 1.2239, "eval_runtime": 0.082, "eval_samples_per_second": 1219.945, "epoch": 1.5},
    ),
    # transformers 5, TRL, axolotl, Unsloth: numbers as text
    (
        "{'loss': '1.068e-07', 'rewards/margins': '-7.5e-05', 'num_tokens': '7.556e+05', 'epoch': '0.05'}",
        {"loss": 1.068e-07, "rewards/margins": -7.5e-05, "num_tokens": 755600, "epoch": 0.05},
    ),
    (
        "{'loss': '1.87', 'memory/max_active (GiB)': '8.12', 'tokens/total': 1536, 'epoch': '0.05'}",
        {"loss": 1.87, "memory/max_active (GiB)": 8.12, "tokens/total": 1536, "epoch": 0.05},
    ),
    # accelerate, Hugging Face evaluate, JAX
    (
        "epoch 2: {'accuracy': 0.9193954659949622, 'f1': 0.9183954659949622}",
        {"epoch": 2, "accuracy": 0.9193954659949622, "f1": 0.9183954659949622},
    ),
    (
        "{'precision': 0.8260602794142788, 'recall': 0.7860602794142788}",
        {"precision": 0.8260602794142788, "recall": 0.7860602794142788, "@loose": 1},
    ),
    (
        "[Train 30/1882] {'loss_scale': 1.0, 'train_loss': 0.00647010887041688}",
        {"step": 30, "@total": 1882, "@section": "train", "loss_scale": 1, "train_loss": 0.00647010887041688},
    ),
    # Of any make
    ("{'loss': '0.5', 'acc': np.float64(0.25)}", {"loss": 0.5, "acc": 0.25, "@loose": 1}),
    ("{'loss': nan, 'epoch': 1.0}", {"loss": float("nan"), "epoch": 1}),
    ("{'path': 'runs/1', 'tags': ['a']}", {}),
    ("loss: 0.5", None),
    ('{"loss": 0.5}', None),
    ("Namespace(epochs=10, lr=0.1, model='resnet18')", None),
]

_DICT = re.compile(r"\{\s*'.*\}\s*$", re.DOTALL)
_GLUED = re.compile(r"\}\s*\{'")
_TOKEN = re.compile(
    rf"'(?P<name>[^'{{}}]{{1,128}})':\s*"
    rf"(?:(?P<open>(?:\w++\()?\{{)|(?:'|(?:\w++\.)*+\w+\()?(?P<value>{NUMBER})(?=[,'}})\]])|(?P<other>))"
    r"|(?P<close>\})",
    re.ASCII | re.IGNORECASE,
)
DEEPEST = 4


def parser() -> Callable[[str], Fields | None]:
    """Stateless: the same for every log."""
    return parse


def parse(text: str) -> Fields | None:
    """The numbers of the dict at the end of the line, nested names joined by "/"; None where there is none.

    A dict that counts nothing and has more words than numbers is the settings of a run: {}.
    """
    start = text.find("{'")
    if start < 0 or not _DICT.match(text, start) or _GLUED.search(text, start):
        return None
    fields: Fields = {}
    within: list[str] = []
    others = 0
    for token in _TOKEN.finditer(text, start + 1):
        if token["close"]:
            within = within[:-1]
        elif token["open"]:
            within.append(token["name"])
        elif token["value"]:
            if len(within) < DEEPEST:
                fields["/".join([*within, token["name"]])] = value_of(token)
        else:
            others += 1
    fields = record(counts_before(text[:start]) | fields, others)
    return {**fields, "@loose": 1.0} if fields and not has_count(fields) else fields
