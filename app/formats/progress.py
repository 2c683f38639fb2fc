"""Progress bars with metrics: tqdm, Keras, Lightning, pytorch-cifar; each redraw is a line of its own.

The count of a bar is the step within its epoch. A bar without metrics says at most how long an epoch is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from app.message import read_message
from app.names import split_of
from app.prefix import read_prefix
from app.rows import Fields

ORDER = 45
SAMPLES: list[tuple[str, Fields | None]] = [
    # tqdm: set_postfix, with a description; without metrics it says how long an epoch is
    (
        "  1%|          | 2/220 [00:00<00:15, 14.43it/s, loss=2.3, lr=0.003]",
        {"@bar": 1, "step": 2, "@total": 220, "@within": 1, "loss": 2.3, "lr": 0.003, "@postfix": 1},
    ),
    (
        "Epoch 1:   2%|▏         | 3/150 [00:02<1:08:35,  1.23it/s, loss=-7.5e-05]",
        {"epoch": 1, "@bar": 1, "step": 3, "@total": 150, "@within": 1, "loss": -7.5e-05, "@postfix": 1},
    ),
    ("Epoch 6/200:  62%|██████▏   | 112/180 [01:53<01:08,  1.01s/it]", {"epoch": 6, "@epochs": 200, "@length": 180}),
    ("Loading shards:  25%|##   | 1/4 [00:04<00:14,  4.87s/it]", {}),
    # Lightning, NeMo, AllenNLP
    (
        "Epoch 0: 100%|██████████| 44/44 [00:00<00:00, 208.54it/s, v_num=0, train_loss_step=2.010, val_loss=2.020]",
        {
            "epoch": 0,
            "@bar": 2,
            "step": 44,
            "@total": 44,
            "@within": 1,
            "v_num": 0,
            "train_loss_step": 2.01,
            "val_loss": 2.02,
            "@postfix": 1,
        },
    ),
    ("Validation DataLoader 0: 100%|██████████| 7/7 [00:00<00:00, 347.57it/s]", {}),
    (
        "Epoch 0: :   5%|          | 3/60 [00:02<00:38, v_num=, reduced_train_loss=10.00, global_step=2.000]",
        {"epoch": 0, "@bar": 1, "step": 2, "reduced_train_loss": 10, "@postfix": 1},
    ),
    (
        "accuracy: 0.6934, loss: 0.4599 ||:  75%|#######   | 30/40 [00:03<00:01, 10.1it/s]",
        {"accuracy": 0.6934, "loss": 0.4599, "@bar": 1, "step": 30, "@total": 40, "@within": 1},
    ),
    # Keras 2 and 3, Paddle
    (
        "127/127 [==============================] - 10s - loss: 194.3781 - val_loss: 0.3296",
        {"@bar": 2, "step": 127, "@total": 127, "@within": 1, "loss": 194.3781, "val_loss": 0.3296},
    ),
    (
        " 10/100 ━━━━━━━━━━━━━━━━━━━━ 2s 23ms/step - accuracy: 0.5000 - loss: 0.6900",
        {"@bar": 1, "step": 10, "@total": 100, "@within": 1, "accuracy": 0.5, "loss": 0.69},
    ),
    (
        "20/20 - 2s - 90ms/step - accuracy: 0.5595 - loss: 1.8497 - val_loss: 1.6612",
        {"@bar": 2, "step": 20, "@total": 20, "@within": 1, "accuracy": 0.5595, "loss": 1.8497, "val_loss": 1.6612},
    ),
    (
        "step 10/44 [=====>........................] - loss: 1.1112 - acc: 0.7812 - ETA: 0s - 6ms/step",
        {"@bar": 1, "step": 10, "@total": 44, "@within": 1, "loss": 1.1112, "acc": 0.7812},
    ),
    # pytorch-cifar, MMDetection
    (
        " [============================ 391/391 ===========================>]  Step: 1s194ms | Tot: 45s885ms"
        " | Loss: 2.703 | Acc: 15.342% (7671/50000)",
        {"@bar": 2, "step": 391, "@total": 391, "@within": 1, "Loss": 2.703, "Acc": 15.342},
    ),
    ("[>>>>>>>>----------------------] 34/117, 2.2 task/s, elapsed: 15s, ETA:    37s", {}),
    # No bars
    ("loss: 100%", None),
    ("Downloaded 3/4 files", None),
    ("==((====))==  Unsloth 2025.11.3: Fast Llama patching.", None),
]

_TQDM = re.compile(
    r"(?P<before>.*?)\b\d{1,3}%\|[^|]*\| *(?P<k>\d[\d.]*)[kKMG]?/(?P<n>\d[\d.]*)[kKMG]? *"
    r"\[(?P<clock>[^\],]*)(?P<after>.*)",
    re.DOTALL,
)
_LINE = re.compile(
    r"(?P<before>.*?)(?:(?<!\d)(?P<k>\d{1,15})/(?P<n>\d{1,15})\s+(?:\[[=>.\s#-]*\]|[━╸╺─=]{4,}|- (?=\d+m?s\b))"
    r"|(?<![━╸╺])[━╸╺]+\s*(?P<k2>\d{1,15})/(?P<n2>\d{1,15})|\[=+ ?(?P<k3>\d{1,15})/(?P<n3>\d{1,15}) ?[=>.]*\]"
    r"|\[[=>#.\s-]{3,}\]\s*(?P<k4>\d{1,15})/(?P<n4>\d{1,15}))"
    r"(?P<after>.*)",
    re.DOTALL,
)
_RATE = re.compile(r"(?:(?<![\s,])[\s,]++)?(?<![\d.])(?:\?|[\d.]++[kKM]?) ?(?:[a-zA-Zµ]+/s|s/[a-zA-Z]+|ms/[a-zA-Z]+)\b")
_COUNT = re.compile(r"[|━─╸╺] *(?P<k>\d{1,15})/(?P<n>\d{1,15})\b")
_TAIL = re.compile(r"\d{1,3}% ?(?=[|━─╸╺])")
_SIGNS = ("━", "[=", "[>", "[.", "[#", "[-", "[ ", "====", " - ")


def parser() -> Callable[[str], Fields | None]:
    """Stateless: the same for every log."""
    return parse


def parse(text: str) -> Fields | None:
    """The count and metrics of a bar; None for a line without one."""
    if "%|" in text:
        bar = _TQDM.match(text)
    elif "/" in text and any(sign in text for sign in _SIGNS):
        bar = _LINE.match(text)
    else:
        return None
    if not bar:
        return None
    groups = bar.groupdict()
    done, total = next(
        ((float(groups[k]), float(groups[n])) for k, n in _COUNTS if groups.get(k) and _is_count(groups[k], groups[n])),
        (-1.0, 0.0),
    )
    fields = _fields(bar["before"], _RATE.sub("", bar["after"], count=1), done, total)
    if "@bar" in fields and groups.get("clock") is not None and "=" in bar["after"]:
        fields["@postfix"] = 1.0
    return fields


_COUNTS = (("k", "n"), ("k2", "n2"), ("k3", "n3"), ("k4", "n4"))


def _is_count(done: str, total: str) -> bool:
    return done.isdigit() and total.isdigit() and len(total) < 16


def _fields(before: str, after: str, done: float, total: float) -> Fields:
    """What a bar says that is `done` of `total`, from the text before and behind it."""
    prefix = read_prefix(before)
    head = read_message(before, prefix.end) or {}
    fields: Fields = {
        name: value for name, value in head.items() if name not in ("@loose", "step", "@total", "@within")
    }
    section = split_of(before[prefix.end :])
    metrics = {name: value for name, value in (read_message(after.strip(" ]")) or {}).items() if name[0] != "@"}
    if not metrics and not any(name[0] != "@" and name != "epoch" for name in fields):
        if "epoch" in fields and done >= 0 and section in ("", "train"):
            fields["@length"] = total
        return fields if "epoch" in fields and section in ("", "train") else {}
    if done >= 0:
        count = _counted(done, total)
        fields |= {"@bar": count["@bar"]} if "step" in metrics else count
    if section and section != "train":
        fields["@section"] = section
    return fields | metrics


def bar_of(text: str) -> tuple[str, Fields]:
    """A row of a table that ends in a bar: the text before the bar, and the count of the bar."""
    tail = _TAIL.search(text) if "%" in text else None
    if not tail:
        return text, {}
    bar = _COUNT.search(text, tail.end())
    return text[: tail.start()].rstrip(" :"), _counted(float(bar["k"]), float(bar["n"])) if bar else {}


def _counted(done: float, total: float) -> Fields:
    return {"@bar": 2.0 if done == total else 1.0, "step": done, "@total": total, "@within": 1.0}
