"""prefix: where the message of a line begins, after what logging systems print before it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.prefix import LONGEST_PREFIX, read_prefix

DAY = 86_400.0
MAY_DAY = 1_714_521_600.0  # 2024-05-01 00:00:00 UTC
NOON = MAY_DAY + DAY / 2
YEARLESS_MAY = 120 * DAY
YEARLESS_NOVEMBER = 326 * DAY

# The whole line, its message, and the seconds and kind of the stamp before it.
LINES: list[tuple[str, str, float | None, str | None]] = [
    # logging's usual formats
    ("INFO:__main__:Epoch 0 | Loss: 0.5", "Epoch 0 | Loss: 0.5", None, None),
    ("INFO:root:Epoch[39] Batch [600]\tSpeed: 1", "Epoch[39] Batch [600]\tSpeed: 1", None, None),
    ("INFO:role_2.a2c_from_scratch:A2C Update 1: x=1", "A2C Update 1: x=1", None, None),
    ("INFO:role_2.a2c:PolicyNetwork: state_dim=5", "PolicyNetwork: state_dim=5", None, None),
    ("WARNING:tensorflow:From x", "From x", None, None),
    ("WARNING:tensorflow:", "", None, None),
    ("WARNING: set to 14", "set to 14", None, None),
    ("root - INFO - loss 0.5", "loss 0.5", None, None),
    ("2024-05-01 12:00:00,000 - INFO - epoch: 11", "epoch: 11", NOON, "local"),
    ("2024-05-01 12:00:00,500 - INFO - joeynmt.training - Epoch  24", "Epoch  24", NOON + 0.5, "local"),
    ("2024-05-01 12:00:00 - log\\train.log - INFO - accuracy: 1", "accuracy: 1", NOON, "local"),
    ("2024/05/01 12:00:00 - mmengine - INFO - Epoch(train)  [9][9/9]", "Epoch(train)  [9][9/9]", NOON, "local"),
    ("2024/05/01 12:00:00 - mmengine - INFO - ", "", NOON, "local"),
    ("24-05-01 12:00:00.000 - INFO: [epoch:  1, iter: 2]", "[epoch:  1, iter: 2]", NOON, "local"),
    ("24/05/01 12:00:00 INFO my.Trainer: loss 0.5", "loss 0.5", NOON, "local"),
    ("05/01/2024 12:00:00 - INFO - __main__ - ***** Running", "***** Running", NOON, "local"),
    ("05/01/2024 12:00:00 - INFO - a.trainer -   Num = 100", "  Num = 100", NOON, "local"),
    ("2024-05-01 12:00:00,000 : INFO : EPOCH 1 - PROGRESS: at", "EPOCH 1 - PROGRESS: at", NOON, "local"),
    ("2024-05-01 12:00:00,000 - precision: 0.78, recall: 0.7", "precision: 0.78, recall: 0.7", NOON, "local"),
    ("2024-05-01 12:00:00,000 epoch 1 - iter 1/9 - loss 1", "epoch 1 - iter 1/9 - loss 1", NOON, "local"),
    ("2024-05-01 12:00:00,000 TEST : loss 1 - score 2", "TEST : loss 1 - score 2", NOON, "local"),
    ("2024-05-01 12:00:00,000 ------------", "------------", NOON, "local"),
    ("2024-05-01 12:00:00,000 - INFO - Epoch 10 - Dev BLEU: 1", "Epoch 10 - Dev BLEU: 1", NOON, "local"),
    ("2024-05-01 12:00:00,000 - INFO -   -> No improvement", "  -> No improvement", NOON, "local"),
    ("2024-05-01 12:00:00,000 - info - loss 1", "loss 1", NOON, "local"),
    ("2024-05-01 12:00:00 - INFO - train - loss 1", "train - loss 1", NOON, "local"),
    ("12:00:00.250 [main] INFO org.nd4j.linalg.Foo - Loaded", "Loaded", DAY / 2 + 0.25, "clock"),
    ("INFO org.nd4j.linalg.Foo - Loaded", "Loaded", None, None),
    ("INFO - 05/01/24 12:00:00 - 0:00:00 - Epoch: [4][0]\tTime 2", "Epoch: [4][0]\tTime 2", NOON, "local"),
    # with bars
    ("2024-05-01 12:00:00 | INFO | train_inner | epoch 001:  2 / 9 loss=3", "epoch 001:  2 / 9 loss=3", NOON, "local"),
    ("2024-05-01 12:00:00 | INFO | valid | epoch 001 | loss 3", "valid | epoch 001 | loss 3", NOON, "local"),
    ("2024-05-01 12:00:00 | INFO | loss | 0.5 | acc | 0.1", "loss | 0.5 | acc | 0.1", NOON, "local"),
    ("2024-05-01 12:00:00.000 | INFO     | __main__:main:12 - loss 1", "loss 1", NOON, "local"),
    ("2024-05-01 12:00:00 | INFO     | yolox.core.trainer:258 - epoch: 1/3", "epoch: 1/3", NOON, "local"),
    ("2024-05-01 12:00:00 | INFO | epoch:3 | loss:1", "epoch:3 | loss:1", NOON, "local"),
    (
        "2024-05-01 12:00:00,000 | root | INFO | a.py:<module>:213 | [1,  2000] loss: 2",
        "[1,  2000] loss: 2",
        NOON,
        "local",
    ),
    ("12:00:00 | loss: 0.5 | acc 0.3", "loss: 0.5 | acc 0.3", DAY / 2, "clock"),
    # in brackets
    ("[2024-05-01 12:00:00,000 INFO] Step 50/ 100; acc: 1", "Step 50/ 100; acc: 1", NOON, "local"),
    ("[2024-05-01 12:00:00,000][__main__][INFO] - loss 1", "loss 1", NOON, "local"),
    ("[2024-05-01 12:00:00,000] [    INFO] - step 10, loss: 1", "step 10, loss: 1", NOON, "local"),
    ("[2024-05-01 12:00:00,000] [INFO] [logging.py:96:log_dist] [Rank 0] step=1", "step=1", NOON, "local"),
    ("[2024-05-01 12:00:00,000] torch.distributed.run: [WARNING] hey", "hey", NOON, "local"),
    ("[2024/05/01 12:00:00] ppocr INFO: epoch: [1/500], iter: 10", "epoch: [1/500], iter: 10", NOON, "local"),
    ("[2024-05-01 12:00:00 swin](main.py 213): INFO Train: [0/3][0/1]", "Train: [0/3][0/1]", NOON, "local"),
    ("[INFO|trainer.py:11] 2024-05-01 12:00:00,000 >> ***", "***", NOON, "local"),
    ("[INFO|2024-05-01 12:00:00] a.b.parser:355 >> Rank: 0", "Rank: 0", NOON, "local"),
    ("[05/01 12:00:00 d2.utils.events]: eta: 0:01", "eta: 0:01", YEARLESS_MAY + DAY / 2, "yearless"),
    ("[I 2024-05-01 12:00:00,000] Trial 0 finished", "Trial 0 finished", NOON, "local"),
    (" [2024-05-01 12:00:00] iteration 1/ 9 | loss", "iteration 1/ 9 | loss", NOON, "local"),
    ("2024-05-01 12:00:00 [info     ] event   loss=0.5", "event   loss=0.5", NOON, "local"),
    ("[12:00:00] WARNING: src/learner.cc:480: msg", "msg", DAY / 2, "clock"),
    ("[LightGBM] [Info] Total Bins 255", "Total Bins 255", None, None),
    ("2024-05-01 12:00:00,000 INFO [train.py:422] Epoch 0, batch 0", "Epoch 0, batch 0", NOON, "local"),
    ("2024-05-01 12:00:00 [train] iter 10: loss 1", "[train] iter 10: loss 1", NOON, "local"),
    ("2024-05-01 12:00:00 ERROR: disk full", "disk full", NOON, "local"),
    ("2024-05-01 12:00:00 ERROR: 0.5", "ERROR: 0.5", NOON, "local"),
    ("2024-05-01 12:00:00 [D] loss 1", "[D] loss 1", NOON, "local"),
    # glog and its kin
    ("I0501 12:00:00.500000 28582 caffe.cpp:113] Use", "Use", YEARLESS_MAY + DAY / 2 + 0.5, "yearless"),
    ("I0501 12:00:00.5   123 solver.cpp:252]     Train net", "    Train net", YEARLESS_MAY + DAY / 2 + 0.5, "yearless"),
    (
        "I0501 12:00:00.5 139 train.py:577] [Train 960/1882] {",
        "[Train 960/1882] {",
        YEARLESS_MAY + DAY / 2 + 0.5,
        "yearless",
    ),
    ("2024-05-01 12:00:00.0: W tensorflow/core/guard.cc:45] The", "The", NOON, "local"),
    ("INFO 05-01 12:00:00 [engine.py:73] loss 1", "loss 1", YEARLESS_MAY + DAY / 2, "yearless"),
    ("[W socket.cpp:436] [c10d] x", "[c10d] x", None, None),
    ("STAGE:2024-05-01 12:00:00 22264:22264 A.cpp:324] Completed", "Completed", NOON, "local"),
    # processes and hosts
    ("[rank0]:loss 0.5", "loss 0.5", None, None),
    ("[rank0]: loss 0.5", "loss 0.5", None, None),
    ("[rank0]:[titan] 2024-05-01 12:00:00,000 - root - INFO - step:  1", "step:  1", NOON, "local"),
    ("[Rank 0] (epoch: 1, iters: 100)", "(epoch: 1, iters: 100)", None, None),
    ("[default0]:loss 0.5", "loss 0.5", None, None),
    ("[1,0]<stdout>:loss 0.5", "loss 0.5", None, None),
    ("(pid=1234) loss 0.5", "loss 0.5", None, None),
    ("(main_task pid=12) step:1 - loss:0.5", "step:1 - loss:0.5", None, None),
    ("(RayTrainWorker pid=1, ip=10.0.0.1) loss 0.5", "loss 0.5", None, None),
    ("Nov 23 12:00:00 host python[123]: loss 1", "loss 1", YEARLESS_NOVEMBER + DAY / 2, "yearless"),
    ("Nov 23 12:00:00 Train Epoch[10]: loss 1", "Train Epoch[10]: loss 1", YEARLESS_NOVEMBER + DAY / 2, "yearless"),
    ("2024-05-01T12:00:00.000000000Z stdout F loss 1", "loss 1", NOON, "zoned"),
    ("2024-05-01T14:00:00+02:00 2024-05-01 13:00:00 INFO loss 1", "loss 1", NOON, "zoned"),
]

MESSAGES = [
    "",
    "   ",
    "[1,  2000] loss: 2.190",
    "[train] iter 10: loss 0.5",
    "[10]  valid_0's l2: 0.2",
    "Epoch 3",
    "[Epoch 1/60]",
    "[Train 960/1882] {",
    "(epoch: 1, iters: 100)",
    "3000: 1.387448, 0.97 avg",
    "Train - loss: 0.5",
    "| epoch 001:    200 / 1024 loss=3.49",
    '{"loss": 0.5}',
    "Epoch: [3][36/500]\tTime 0.834",
    "[    3545 Epoch:[ 0/25] [3544/20018] time: 1.5",
    "[it 0001] step=1024 | EpRew=-0.1",
    "Loading shards:  25%|##   | 1/4 [00:04<00:14,  4.87s/it]",
    "01:00:05<1:00 x",
    "0:00:05 elapsed",
    "1.5 2.5 3.5",
    "127/127 [====] - 7s - loss: 0.0325 - val_loss: 0.0369",
    "ERROR: 0.05",
    "SUCCESS rate: 0.95",
    "Warning: Versions of org do not match",
    "[Network D_A] Total number of parameters : 2.7 M",
    "backbone.stage4.conv.weight - torch.Size([32])",
    "2024-05-01 12:00:00,0.5,0.3",
    "2024-13-01 12:00:00 loss 1",
]


@pytest.mark.parametrize(("line", "message", "seconds", "kind"), LINES)
def test_the_message_begins_behind_the_prefix(line: str, message: str, seconds: float | None, kind: str | None) -> None:
    prefix = read_prefix(line)
    assert line[prefix.end :] == message
    assert prefix.end > 0
    if seconds is None:
        assert prefix.stamp is None
    else:
        assert prefix.stamp is not None
        assert (prefix.stamp.seconds, prefix.stamp.kind) == (pytest.approx(seconds, abs=1e-6), kind)


@pytest.mark.parametrize("line", MESSAGES)
def test_a_line_without_a_prefix_is_all_message(line: str) -> None:
    assert read_prefix(line) == (0, None)


# Behind a level these are read as a mark, a level and a name.
READ_ON = ("|", "Warning:", "backbone.")


@pytest.mark.parametrize(
    "message", [m for m in MESSAGES if m.strip() and not m.startswith(READ_ON) and not m.startswith("2024-05-01 ")]
)
@pytest.mark.parametrize(
    "prefix", ["2024-05-01 12:00:00,000 - INFO - ", "INFO:root:", "I0501 12:00:00.5 123 train.py:577] "]
)
def test_a_prefix_ends_where_any_message_begins(prefix: str, message: str) -> None:
    assert read_prefix(prefix + message).end == len(prefix)


def test_a_stamp_deep_in_the_message_is_none() -> None:
    assert read_prefix("INFO:root:began at 2024-05-01 12:00:00").stamp is None


def test_a_prefix_has_an_end() -> None:
    assert 0 < read_prefix("2024-05-01 12:00:00.000000000 " * 40).end <= LONGEST_PREFIX


@pytest.mark.parametrize(
    "split",
    [
        "train",
        "training",
        "val",
        "valid",
        "validation",
        "eval",
        "evaluation",
        "test",
        "dev",
        "Train",
        "VALID",
        "valid1",
        "test_other",
    ],
)
def test_a_split_between_marks_belongs_to_the_message(split: str) -> None:
    message = f"{split} | epoch 001 | loss 3"
    line = f"2024-05-01 12:00:00 | INFO | {message}"
    assert line[read_prefix(line).end :] == message


def test_a_name_with_its_number_in_the_next_cell_belongs_to_the_message() -> None:
    line = "2024-05-01 12:00:00 | INFO | reward | 0.5 | length | 12"
    assert line[read_prefix(line).end :] == "reward | 0.5 | length | 12"


@given(
    st.lists(
        st.sampled_from(["[", "]", "a", ".", ":", " - ", "|", "INFO", ".py:1", "00:00:00", "train", " ", "("]),
        max_size=40,
    )
)
def test_no_line_makes_it_raise_or_run_over(parts: list[str]) -> None:
    line = "".join(parts)
    prefix = read_prefix(line)
    assert 0 <= prefix.end <= len(line)


@pytest.mark.parametrize(
    "unit", ["a.", "a", "[", "[INFO", "a:", " ", "a - ", "0", "00:00:00 ", "/a", "a.py:1:", "(pid", "-- "]
)
def test_a_hostile_line_takes_no_longer_than_a_millisecond(unit: str) -> None:
    line = (unit * 4096)[:4096]
    best = 1.0
    for _ in range(20):
        begin = time.process_time()
        read_prefix(line)
        best = min(best, time.process_time() - begin)
    assert best < 1e-3
