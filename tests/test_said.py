"""said: what the fields of a line mean, and which of its numbers cannot be used."""

import math
from collections import Counter

import pytest

from app.formats import Parser
from app.rows import Fields
from app.said import TOO_LARGE, TOO_LONG, Said, said_by
from app.wall_time import WallTime


def said(fields: Fields) -> tuple[Said, dict[str, int]]:
    left_out: Counter[str] = Counter()
    return said_by(fields, WallTime(), left_out), dict(left_out)


def test_numbers_are_sorted_by_what_their_names_mean() -> None:
    found, _ = said({"iter": 7.0, "Epoch": 3.0, "total_steps": 9.0, "loss": 0.5, "v_num": 1.0, "progress": 50.0})
    assert (found.step, found.epoch, found.total, found.metrics) == (7, 3, 9, [("loss", 0.5)])
    assert found.counts


def test_of_several_steps_the_one_of_the_whole_training_is_it() -> None:
    assert said({"batch": 3.0, "global_step": 103.0, "iter": 5.0})[0].step == 103


def test_numbers_may_be_printed_as_text_and_words_are_none() -> None:
    assert said({"loss": " 0.5 ", "acc": 1, "note": "best", "when": "-"})[0].metrics == [("loss", 0.5), ("acc", 1)]


def test_a_word_that_says_on_what_data_is_the_section() -> None:
    assert [said(fields)[0].section for fields in ({"mode": "valid"}, {"@section": "test"}, {"note": "valid"})] == [
        *("val", "test", ""),
    ]


def test_context_is_kept_apart_and_a_log_that_spells_its_keys_is_not_believed() -> None:
    found, _ = said({"@within": 1.0, "@length": 44.0, "@bar": "1", "@total": "x", "@unheard of": 1.0, "loss": 0.5})
    assert (found.within, found.length, found.bar, found.metrics) == (1, 44, 0, [("loss", 0.5)])
    assert math.isnan(found.total) and math.isnan(found.wall_time) and not found.counts


# Each number as a value and as a step, in text, JSON and CSV: what is read, and what is counted.

NINES = "9" * 5000
LONG = [("9" * 65, TOO_LONG), ("0." + "3" * 63, TOO_LONG), (NINES, TOO_LONG), ("-" + NINES, TOO_LONG)]
NUMBERS = [
    *[("1", 1.0), ("-0", -0.0), ("5.", 5.0), (".5", 0.5), ("+.5e3", 500.0), ("1e5", 1e5), ("1E-5", 1e-5)],
    *[("1e400", math.inf), ("-1e400", -math.inf), ("1e-400", 0.0), ("9" * 64, 1e64), ("0." + "3" * 62, 1 / 3)],
    *[("nan", math.nan), ("-NaN", math.nan), ("inf", math.inf), ("-inf", -math.inf), ("Infinity", math.inf)],
    *[("9007199254740993", 2.0**53), ("0" * 63 + "7", 7.0)],
]
NONE = "1_000 0x10 0b1 ١٢ １２ ½ ² 1e 1e+ 1e99999 1.2.3 1j 1d5 infinit nano -- - True".split()


def read(line: str, header: str = "") -> tuple[Fields, dict[str, int]]:
    """The values of a line, its step among them, and what of it was left out."""
    parser = Parser()
    if header:
        parser(header)
    found, left_out = said(parser(line) or {})
    return dict(found.metrics) | ({"step": found.step} if found.counts else {}), left_out


def in_all_formats(value: str) -> list[tuple[Fields, dict[str, int]]]:
    return [
        read(f"step=5 loss={value} acc=0.25"),
        read(f"{{'step': 5, 'loss': {value}, 'acc': 0.25}}"),
        read(f"{{'step': 5, 'loss': '{value}', 'acc': 0.25}}"),
        read(f'{{"step": 5, "loss": "{value}", "acc": 0.25}}'),
        read(f"5,{value},0.25", "step,loss,acc"),
    ]


@pytest.mark.parametrize(("token", "number"), NUMBERS, ids=lambda value: str(value)[:9])
def test_a_number_by_the_grammar_is_read_in_every_format(token: str, number: float) -> None:
    for values, left_out in in_all_formats(token):
        assert values == {"step": 5, "loss": pytest.approx(number, rel=1e-15, nan_ok=True), "acc": 0.25}
        assert left_out == {}


@pytest.mark.parametrize("token", NONE)
def test_what_is_no_number_by_the_grammar_is_read_in_no_format(token: str) -> None:
    for values, left_out in in_all_formats(token):
        assert (values, left_out) == ({"step": 5, "acc": 0.25}, {})


@pytest.mark.parametrize(("token", "cause"), LONG, ids=lambda value: str(value)[:9])
def test_a_number_too_long_to_be_read_is_left_out_alone_and_counted(token: str, cause: str) -> None:
    for values, left_out in in_all_formats(token):
        assert (values, left_out) == ({"step": 5, "acc": 0.25}, {cause: 1})


@pytest.mark.parametrize(
    ("line", "header"),
    [
        (f"| reach | {NINES[:100]} |", ""),
        (f"3  0.5  {NINES}", "epoch  loss  reach"),
        (f"0.5 0.25 {NINES}", ""),
        (f"250 val {NINES}.5", ""),
        (f'{{"step": 1, "loss": {NINES}}}', ""),
    ],
)
def test_a_number_too_long_is_counted_in_tables_and_boxes_too(line: str, header: str) -> None:
    assert read(line, header)[1] == {TOO_LONG: 1}


@pytest.mark.parametrize("token", ["1e400", "-1e400", "nan", "inf", "1e16", "9007199254740994", "9" * 17, "9" * 64])
@pytest.mark.parametrize(("line", "header"), [("step={} loss=0.5", ""), ("{},0.5", "step,loss")])
def test_a_step_too_large_to_be_exact_is_left_out_and_counted(token: str, line: str, header: str) -> None:
    assert read(line.format(token), header) == ({"loss": 0.5}, {TOO_LARGE: 1})


@pytest.mark.parametrize(
    ("line", "header", "cause"),
    [("step={} loss=0.5", "", TOO_LARGE), ("{},0.5", "step,loss", TOO_LONG), ("epoch {}: loss=0.5", "", TOO_LARGE)],
)
@pytest.mark.parametrize("token", ["9" * 65, NINES])
def test_a_step_too_long_to_be_read_is_left_out_and_counted(token: str, line: str, header: str, cause: str) -> None:
    assert read(line.format(token), header) == ({"loss": 0.5}, {cause: 1})


def test_the_largest_step_that_is_exact_is_read() -> None:
    assert read("step=9007199254740992 loss=0.5")[0] == {"step": 2**53, "loss": 0.5}
