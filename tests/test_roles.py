"""roles: where people put the step and the epoch of a line."""

import pytest

from app.roles import counts_of, is_only_mentioned, roles_of
from app.rows import Fields
from app.scan import scan


def counts(text: str) -> Fields:
    found = scan(text)
    return counts_of(found, roles_of(found))


BY_NAME: dict[str, Fields] = {
    "step 7 loss 0.5": {"step": 7},
    "step=7/500": {"step": 7, "@total": 500},
    "Iteration: 7, loss 0.5": {"step": 7},
    "global_step = 7": {"step": 7},
    "Global Iter: 300 loss 2": {"step": 300},
    "Global Step:  30, accuracy: 14%": {"step": 30},
    "training step 7": {"step": 7},
    "batch 3 of 9 loss 0.5": {"step": 3, "@total": 9},
    "tick 13 kimg 52.0": {"step": 13},
    "kimg 52.0": {"step": 52},
    "step 1.2M loss 0.5": {"step": 1.2e6},
    "s:100 loss:0.5": {"step": 100},
    "e: 3 loss: 0.5": {"epoch": 3},
    "Epoch 3/40": {"epoch": 3, "@epochs": 40},
    "Epoch #3": {"epoch": 3},
    "ep: 0, batch: 60": {"epoch": 0, "step": 60},
    "2epoch:train:51-100batch: loss 1": {"epoch": 2, "step": 100},
    "Episode 3 Score 0.5": {"step": 3},
    "当前Batch：30/6035 | 当前epoch:0/50": {"step": 30, "@total": 6035, "epoch": 0, "@epochs": 50},
    "迭代 7 损失 0.5": {"step": 7},
    "шаг 7": {"step": 7},
    "Iteración 3 | pérdida 0.5": {"step": 3},
    "[Train 980/1882] loss 0.5": {"step": 980, "@total": 1882},
    "Progress: 5.0% loss 0.5": {"step": 5},
    "loss = 1.5, step = 201": {"step": 201},
}
BY_PLACE: dict[str, Fields] = {
    "[7] loss 0.5": {"step": 7},
    "[7/500] loss 0.5": {"step": 7, "@total": 500},
    "7: loss 0.5": {"step": 7},
    "7/500 loss 0.5": {"step": 7, "@total": 500},
    "Epoch: [3][7/500] loss 0.5": {"epoch": 3, "step": 7, "@total": 500, "@within": 1},
    "Epoch: [3]  [ 7/500]  loss: 0.5": {"epoch": 3, "step": 7, "@total": 500, "@within": 1},
    "Epoch [3/40] [7/500] loss 0.5": {"epoch": 3, "@epochs": 40, "step": 7, "@total": 500, "@within": 1},
    "epoch 3: 7 / 500 loss 0.5": {"epoch": 3, "step": 7, "@total": 500, "@within": 1},
    "Train: 3 [20/88 (23%)] Loss: 2": {"epoch": 3, "step": 20, "@total": 88, "@within": 1},
    "Train Epoch: 3 [20/88 (23%)] Loss: 2": {"epoch": 3, "step": 20, "@total": 88, "@within": 1},
    "[1,  2000] loss: 0.5": {"epoch": 1, "step": 2000, "@within": 1},
    "[3 :  12100] loss: 0.5": {"step": 12100},
    "Phase 7: loss=0.5": {"step": 7},
    "Score at iteration 200 is 1.6": {"step": 200},
}
NOT_COUNTED = [
    "loss 7",
    "loss: 7",
    "loss 0.5 acc 7/9",
    "time per iteration (ms): 1414.2",
    "elapsed time per step: 3",
    "training acc over epoch: 0.92",
    "max_epochs=6",
    "total steps: 500",
    "number of epochs: 6",
    "best epoch: 48",
    "GPU 0: 45W",
    "rank 3: ready",
    "7.5 loss",
    "found 8 files",
    "layer 3: 0.5",
]


@pytest.mark.parametrize(("text", "wanted"), BY_NAME.items(), ids=list(BY_NAME))
def test_a_number_counts_by_its_name(text: str, wanted: Fields) -> None:
    assert counts(text) == wanted


@pytest.mark.parametrize(("text", "wanted"), BY_PLACE.items(), ids=list(BY_PLACE))
def test_a_whole_number_counts_by_where_it_stands(text: str, wanted: Fields) -> None:
    assert counts(text) == wanted


@pytest.mark.parametrize("text", NOT_COUNTED)
def test_a_measured_number_a_total_and_a_place_do_not_count(text: str) -> None:
    assert {name: value for name, value in counts(text).items() if name in ("step", "epoch")} == {}


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("iter 3 global_step 700", 700),
        ("epoch=0/micro_step=30/global_step=30", 30),
        ("epoch 0, iteration 2/19 | global_step: 38", 38),
        ("epoch 001: 15 / 25 loss=5 num_updates=90", 90),
        ("it 3 step=3072", 3072),
        ("tick 13 kimg 52", 13),
        ("Episode 3 step 400", 400),
        ("Phase 3: step 400", 400),
        ("Epoch: [3][7/500] global_step 1507", 1507),
    ],
)
def test_of_several_counts_the_one_over_the_whole_run_is_the_step(text: str, step: float) -> None:
    assert counts(text)["step"] == step


def test_a_step_over_the_whole_run_is_not_one_within_its_epoch() -> None:
    assert "@within" not in counts("Epoch: [3][7/500] global_step 1507")


def test_a_count_by_place_is_a_weak_one_beside_a_count_by_name() -> None:
    found = scan("Phase 3: step 400")
    assert set(roles_of(found).values()) == {"step"}


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("saving checkpoint at step 1000", True),
        ("on iteration: 30", True),
        ("trained for 5 epochs", True),
        ("epochs 5", True),
        ("Epoch 5", False),
        ("training step 5", False),
    ],
)
def test_a_count_in_a_sentence_is_only_mentioned(text: str, mentioned: bool) -> None:
    found = scan(text)
    roles = roles_of(found)
    assert (not roles or is_only_mentioned(found, roles)) == mentioned
