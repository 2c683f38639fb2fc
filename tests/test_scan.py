"""scan: what is a number in text, what is its name, and what is passed over."""

import math

import pytest

from app.scan import MOST_TOKENS, Numeral, scan


def numbers(text: str) -> list[float]:
    return [numeral.value for numeral in scan(text).numerals]


def names(text: str) -> list[str]:
    return [" ".join(numeral.words) for numeral in scan(text).numerals]


def only(text: str) -> Numeral:
    (numeral,) = scan(text).numerals
    return numeral


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("loss 888", 888),
        ("loss -7.5e-05", -7.5e-05),
        ("loss +.5e3", 500),
        ("loss 1.", 1),
        ("loss 1,234,567.5", 1_234_567.5),
        ("iter 49,400", 49_400),
        ("loss -inf", -math.inf),
        ("loss: Infinity", math.inf),
        ("Epoch #3", 3),
        ("epoch 001", 1),
        ("epoch3", None),
        ("loss=1_000", None),
        ("loss=0x1f", None),
        ("loss=1.2.3", None),
        ("loss=١٢", None),
        ("3rd", 3),
        ("h1 0.5", 0.5),
    ],
)
def test_a_number_is_read_whole_or_not_at_all(text: str, value: float | None) -> None:
    assert numbers(text) == ([] if value is None else [value])


def test_nan_is_a_number_behind_a_name_and_a_word_in_one() -> None:
    assert math.isnan(only("loss: nan").value)
    assert math.isnan(only("loss nan, acc").value)
    assert names("number of nan iterations: 0") == ["number of nan iterations"]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "Infinity"])
def test_between_two_names_without_marks_nan_is_the_value_of_the_first(value: str) -> None:
    assert names(f"step 3 grad_norm {value} lr 0.1") == ["step", "grad_norm", "lr"]
    assert names(f"train loss {value} acc 0.9") == ["train loss", "acc"]


@pytest.mark.parametrize(
    "text",
    [
        "/data/run7/model_3.pt",
        r"C:\runs\7\model_3.pt",
        "checkpoints/epoch3.pth",
        "train.py:12",
        "solver.cpp:229",
        "tcp://10.0.0.1:29500",
        "https://example.org/3/7",
        "2026-11-23",
        "2026-11-23 12:04:05.123",
        "12:04:05",
        "1:30:03",
        "1h 12m 15s",
        "3 days, 0:00:01",
        "1s194ms",
        "0x7f6d97d60050",
        "a1b2c3d4e5",
        "Linear(in_features=8, out_features=2)",
        "Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2))",
        "{'alpha': 0.5, 'depth': 3}",
        "torch-2.9.1+cu128",
    ],
)
def test_what_has_digits_and_is_no_measured_number_is_passed_over(text: str) -> None:
    assert numbers(text) == []
    assert numbers(f"{text} loss: 0.5") == [0.5]


@pytest.mark.parametrize(
    "text",
    [
        "loss 3.91 (3.95) acc 7",
        "loss 3.91 ( 3.95) acc 7",
        "loss 3.91 (avg: 3.95) acc 7",
        "loss: 3.91 (+0.00001) acc 7",
        "loss: 3.91% (9332/13036) acc 7",
        "loss 3.91+0.98 acc 7",
        "loss 3.91 +/- 0.98 acc 7",
        "loss 3.91 ± 0.98 acc 7",
        "loss 3.91 -> acc 7",
        "loss 3.91 (* 1 = 3.91 loss) acc 7",
    ],
)
def test_an_average_a_deviation_and_a_remark_beside_a_number_are_passed_over(text: str) -> None:
    found = scan(text).numerals
    assert [(numeral.words[-1], numeral.value) for numeral in found] == [("loss", 3.91), ("acc", 7)]


def test_pairs_in_a_bracket_behind_a_number_are_read() -> None:
    assert names("loss=2.1 (value=0.3, policy=1.3)") == ["loss", "value", "policy"]


def test_the_number_an_arrow_points_to_is_passed_over() -> None:
    assert numbers("embeddings: 32000 -> 32032") == [32000]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("mem: 584Mb", 584, "Mb"),
        ("acc: 91.16%", 91.16, "%"),
        ("time: 2.1s", 2.1, "s"),
        ("avg: 39.91ms", 39.91, "ms"),
        ("speed: 2.3it/s", 2.3, "it/s"),
        ("2epoch", 2, "epoch"),
        ("step 3th", 3, "th"),
    ],
)
def test_a_unit_is_not_part_of_the_number(text: str, value: float, unit: str) -> None:
    assert (only(text).value, only(text).unit) == (value, unit)


def test_a_count_may_be_given_in_thousands_or_millions() -> None:
    assert [only(text).count for text in ("step 1.2M", "step 16k", "step 16K", "step 16")] == [1.2e6, 16e3, 16e3, 16]


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("step 7/500", 500),
        ("step    30/   600", 600),
        ("step 15 / 25", 25),
        ("step 7 of 500", 500),
        ("step 7/1,000", 1000),
        ("step 7/s", None),
        ("step 7/500/3", None),
        ("step 7/٥٠٠", None),
        ("step 7", None),
    ],
)
def test_a_total_stands_behind_a_slash_or_of(text: str, total: float | None) -> None:
    assert [numeral.total for numeral in scan(text).numerals if numeral.value == 7 or total] in ([total], [])


def test_of_a_count_with_its_percentage_both_are_kept() -> None:
    numeral = only("Accuracy: 9850/10000 (98%)")
    assert (numeral.value, numeral.total, numeral.percent) == (9850, 10000, 98)


def test_a_range_is_its_end() -> None:
    assert numbers("train:101-150batch: loss 1") == [150, 1]
    assert numbers("minibatches 10-19 is -4.3") == [19, -4.3]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("train loss 1", ["train loss"]),
        ("train loss: 1", ["train loss"]),
        ("train loss = 1", ["train loss"]),
        ("a, b 1", ["b"]),
        ("a | b 1 ; c 2", ["b", "c"]),
        ("a - b 1", ["b"]),
        ("a • b 1、c 2", ["b", "c"]),
        ("loss_a:1 - loss-b:2", ["loss_a", "loss-b"]),
        ("loss\t1\tacc\t2", ["loss", "acc"]),
        ("a\tb 1", ["b"]),
        ("lr:(2e-4,)", ["lr"]),
        ("lr=[0.1]", ["lr"]),
        ("Epoch: [3]", ["Epoch"]),
        ("Epoch [3/5] loss 1", ["Epoch", "loss"]),
        ("grad_norm: np.float64(0.36)", ["grad_norm"]),
        ("acc: tensor(0.25)", ["acc"]),
        ("mAP(0.50, 11point) = 84.5%", ["mAP(0.50, 11point)"]),
        ("loss (for one batch) at step 10: 0.5", ["loss (for one batch) at step", ""]),
        ("Acc@1 97 mAP@.5 3", ["Acc@1", "mAP@.5"]),
        ("损失值：1，准确率：2", ["损失值", "准确率"]),
        ("valid_0's l2: 1", ["valid_0's l2"]),
        ("coco/AP .5: 0.37", ["coco/AP .5"]),
        ("1 avg, 2 rate", ["", ""]),
    ],
)
def test_a_name_is_the_words_since_the_last_mark(text: str, wanted: list[str]) -> None:
    assert names(text) == wanted


def test_a_mark_between_name_and_number_makes_the_name_explicit() -> None:
    assert [numeral.explicit for numeral in scan("a 1 b: 2 c=3 d：4").numerals] == [False, True, True, True]


def test_a_word_with_a_mark_of_its_own_is_a_label() -> None:
    numeral = only("Dev BLEU: BLEU-1 0.5")
    assert (numeral.label, numeral.words) == (["Dev", "BLEU"], ["BLEU-1"])


def test_words_alone_between_marks_are_kept_with_how_many_numbers_came_before() -> None:
    assert scan("epoch 3 | valid | loss 0.5 | done").alone == [(1, ["valid"]), (2, ["done"])]
    assert scan("collection=train accuracy=0.5").alone == [(0, ["train"])]


def test_words_right_behind_a_number_are_kept_up_to_the_next_mark() -> None:
    assert [numeral.after for numeral in scan("0.97 avg, 0.5 rate a, 3 images").numerals] == [
        ["avg"],
        ["rate", "a"],
        ["images"],
    ]


def test_a_bracket_and_a_colon_around_a_number_are_kept() -> None:
    first, second = scan("[3][7/500] loss").numerals
    assert (first.opened, second.opened, second.joined) == ("[", "[", "][")
    assert only("7: loss").colon
    assert not only("7 loss").colon
    assert [numeral.joined for numeral in scan("[1,  2000]").numerals] == ["[", ","]


def test_of_a_very_long_line_only_the_first_words_are_looked_at() -> None:
    assert len(scan("a 1 " * 5_000).numerals) == MOST_TOKENS // 2 < 1_000


def test_scanning_may_begin_within_a_text() -> None:
    assert [numeral.value for numeral in scan("7 loss 0.5", 2).numerals] == [0.5]


@pytest.mark.parametrize("text", ["", " ", "loss", "(((", "{", "{{}", "[1", "a(b=", "=", ":", "-", "1 of", "7/"])
def test_broken_text_is_scanned_without_an_error(text: str) -> None:
    assert all(math.isfinite(number) for number in numbers(text))
