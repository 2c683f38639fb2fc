"""glued: lines that several writers share, cut into the record of each."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.builder import RowBuilder
from app.formats import Parser
from app.glued import LONGEST, MOST_RECORDS, records_in

TWO = [
    # A name before a number begins each
    ("step=1 loss=0.5", "step=2 loss=0.4"),
    ("step=1 loss=0.5 ", "step=2 loss=0.4"),
    ("step 1 loss 0.5", "step 2 loss 0.4"),
    ("step:  9 | loss: nan | lr: 1e-3", "step: 10 | loss: inf | lr: 1e-3"),
    ("loss = 2.19, step = 150", "loss = 2.0, step = 151"),
    # torn: in a name, before one, in a number, at its end
    ("step=1 lo", "step=2 loss=0.4"),
    ("step=1 ", "step=2 loss=0.4"),
    ("step=1 loss=0.", "step=2 loss=0.4"),
    ("step=1 lr=3e-", "step=2 lr=3e-4"),
    ("step=1 loss=0.5", "step=2 lo"),
    ("step=1 loss=0.5", "step=2"),
    # what a logging system prints before a message goes with it
    ("2026-11-23 12:00:00 INFO step=1 loss=0.5", "2026-11-23 12:00:01 INFO step=2 loss=0.4"),
    ("[rank0]: step=1 loss=0.5", "[rank1]: step=2 loss=0.4"),
    # objects
    ('{"step": 1, "loss": 0.5}', '{"step": 2, "loss": 0.4}'),
    ('{"step": 1, "loss": 0.5} ', '{"epoch": 2}'),
    ("{'loss': 0.5, 'step': 1}", "{'loss': 0.4, 'step': 2}"),
    ('{"step": 1, "lo', '{"step": 2, "loss": 0.4}'),
    ('{"step": 1, "loss": 0.', '{"step": 2, "loss": 0.4}'),
]


@pytest.mark.parametrize(("first", "second"), TWO)
def test_two_records_on_one_line_are_cut_where_the_second_begins(first: str, second: str) -> None:
    assert records_in(first + second) == [first, second]
    assert records_in(first) == [first]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Loading the data set",
        "epoch: 3 loss: 0.5 best epoch: 1 loss: 0.4",
        "step: 10 loss: 0.5 step: 0.3",
        "step: 10 loss: 0.5 time per step: 0.3",
        "step=1 loss=0.5 global_step=1 lr=3",
        "epoch: 3 acc: 0.5 total_epoch: 30",
        "iter: 59  total_loss: 1.292  loss_cls: 0.4524  time/iter: 0.4",
        "loss: 0.5 val_loss: 0.4 acc: 0.9 loss: 0.3",
        "train: step=1 loss=0.5 val: step=1 loss=0.4",
        "BLEU-1 0.5 BLEU-2 0.4 step 3",
        '{"step": 10, "eval": {"step": 10, "loss": 1}}',
        '[{"step": 1}, {"step": 2}]',
        '{"AP": 0.1, "AP .5": 0.2, "AP .75": 0.3, "step": 4}',
        "step 5 {'loss': 0.5}",
        "metrics={'loss': 0.5} settings={'lr': 0.1}",
    ],
)
def test_one_record_that_says_a_name_twice_is_left_whole(line: str) -> None:
    assert records_in(line) == [line]


def test_more_than_two_records_are_cut_each() -> None:
    line = "step=1 loss=nan step=2 lostep=3 loss=0.4step=4 lo"
    assert records_in(line) == ["step=1 loss=nan ", "step=2 lo", "step=3 loss=0.4", "step=4 lo"]


def test_a_line_is_cut_into_so_many_records_at_most() -> None:
    assert len(records_in("step=1 loss=2 " * 500)) == MOST_RECORDS
    assert len(records_in('{"a": 1}' * 500)) == MOST_RECORDS
    assert len(records_in("step=1 loss=2 " * (LONGEST // 14 + 1))) == 1


@given(st.text(st.sampled_from("step=12 loss.5{}'\",:[]\t"), max_size=80))
def test_nothing_of_a_line_is_lost_or_doubled(line: str) -> None:
    assert "".join(records_in(line)) == line


Points = set[tuple[float, str, float]]


def points_of(lines: list[str]) -> Points:
    """What becomes of lines: (step, name, value)."""
    parser, rows = Parser(), RowBuilder()
    for at, line in enumerate(lines, 1):
        fields = parser(line)
        for said in [] if fields is None else [fields, *parser.further]:
            rows.add(said, at)
    batch = rows.build(0, [])
    return {
        (step, name, value)
        for name, (indices, values) in batch.metrics.items()
        for step, value in zip(batch.step[indices].tolist(), values.tolist(), strict=True)
    }


@pytest.mark.parametrize(
    "line",
    [
        "step={0} loss={1} lr={2}",
        "2026-11-23 12:00:00 INFO step={0} loss={1} lr={2}",
        '{{"step": {0}, "loss": {1}, "lr": {2}}}',
        "{{'step': {0}, 'loss': {1}, 'lr': {2}}}",
    ],
)
def test_of_lines_without_an_end_every_value_stands_at_its_own_step(line: str) -> None:
    written = {step: (1 + step / 1000, 2 + step / 1000) for step in range(1, 200)}
    rng = random.Random(3)
    log = "".join(line.format(step, *values) + rng.choice(["\n", "\n", ""]) for step, values in written.items())
    wanted = {
        (step, name, value) for step, both in written.items() for name, value in zip(("loss", "lr"), both, strict=True)
    }
    assert points_of(log.splitlines()) == wanted


def test_a_torn_record_takes_nothing_from_the_whole_one_behind_it() -> None:
    whole = "step=2000 loss=0.25 lr=0.125"
    for end in range(1, len(whole)):
        torn = whole[:end].replace("2", "1") + whole
        points = points_of(["step=1 loss=9 lr=8", torn, "step=3 loss=7 lr=6"])
        said = re.match(r"step=\d+ ", whole[:end])
        expected = {(2000, "loss", 0.25), (2000, "lr", 0.125)} if said else set()
        assert expected | {(1, "loss", 9), (3, "loss", 7), (1, "lr", 8), (3, "lr", 6)} <= points, end
