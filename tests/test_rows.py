"""rows: what a number is, and under which name a metric is kept."""

import math
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rows import LONGEST_NAME, NUMBER, START, clean_name, printable, read_number

GRAMMAR = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?|[+-]?(nan|inf(inity)?)", re.ASCII | re.IGNORECASE)

tokens = st.one_of(
    st.text(st.sampled_from("0123456789+-.eE_, xnaifty"), max_size=12),
    st.from_regex(GRAMMAR, fullmatch=True),
    st.from_regex(r"[+-]?\d{50,80}(\.\d{0,20})?", fullmatch=True),
    st.floats().map(repr),
    st.integers().map(str),
    st.text(max_size=6),
)


@given(tokens)
def test_a_token_is_a_number_exactly_where_the_grammar_says_so(token: str) -> None:
    number = read_number(token)
    assert (number is not None) == (len(token) <= 64 and GRAMMAR.fullmatch(token) is not None)
    if number is not None:
        assert number == float(token) or math.isnan(number)


@pytest.mark.parametrize(
    ("token", "number"),
    [
        ("0", 0.0),
        ("-0", -0.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+.5e3", 500.0),
        ("-7.5e-05", -7.5e-05),
        ("888", 888.0),
        ("1E+2", 100.0),
        ("1e400", math.inf),
        ("-1e400", -math.inf),
        ("1e-400", 0.0),
        ("9007199254740993", 9007199254740992.0),
        ("9" * 64, 1e64),
        ("Infinity", math.inf),
        ("-INF", -math.inf),
        ("inf", math.inf),
        ("9" * 65, None),
        ("9" * 5000, None),
        ("1_000", None),
        ("١٢", None),
        ("１２", None),
        ("²", None),
        ("0x10", None),
        ("1,5", None),
        ("1e12345", None),
        ("1.2.3", None),
        ("1e", None),
        (".", None),
        ("", None),
        (" 1", None),
        ("1\n", None),
        ("infinit", None),
        ("nano", None),
        ("--1", None),
    ],
)
def test_thirty_tokens_and_what_they_are(token: str, number: float | None) -> None:
    assert read_number(token) == number


@pytest.mark.parametrize("token", ["nan", "NaN", "-nan", "+NAN"])
def test_nan_is_a_number(token: str) -> None:
    number = read_number(token)
    assert number is not None
    assert math.isnan(number)


HOSTILE = {
    "__proto__": "__proto__",
    "constructor": "constructor",
    "<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
    "</script>": "</script>",
    "%{x}": "%{x}",
    "損失": "損失",
    "\x1b[31mloss": r"\x1b[31mloss",
    "\x00loss\x7f": r"\x00loss\x7f",
    "\x85loss": r"\x85loss",
    "\u202eloss": r"\u202eloss",
    "\u2066loss\u2069": r"\u2066loss\u2069",
    "loss\u200f": r"loss\u200f",
    "\ud800": r"\ud800",
    "a\nb": r"a\nb",
}


@pytest.mark.parametrize(("name", "shown"), HOSTILE.items(), ids=map(ascii, HOSTILE))
def test_a_hostile_name_becomes_text_that_is_safe_to_send(name: str, shown: str) -> None:
    assert clean_name(name) == shown


@given(st.text(st.characters(), max_size=200))
def test_every_name_can_be_sent_and_is_short_enough(name: str) -> None:
    cleaned = clean_name(name)
    assert len(cleaned.encode()) <= LONGEST_NAME
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", cleaned)
    assert clean_name(cleaned) == cleaned


def test_a_long_name_is_cut_between_characters() -> None:
    assert clean_name("x" * 100_000) == "x" * 128
    assert clean_name("é" * 100) == "é" * 64
    assert clean_name("a" + "é" * 100) == "a" + "é" * 63


@pytest.mark.parametrize("name", ["loss", "val/loss", "Top 1 (%)", "損失", "m\u00b2", ""])
def test_a_name_without_hostile_characters_is_printed_as_it_is(name: str) -> None:
    assert printable(name) == name


def test_a_metric_without_a_name_is_called_unnamed() -> None:
    assert clean_name("") == "(unnamed)"


@pytest.mark.parametrize("text", ["9" * 40, "9" * 20 + "." + "9" * 20, "." + "9" * 40, "9" * 100_000])
def test_a_long_row_of_digits_is_one_number_or_none_and_never_cut_in_two(text: str) -> None:
    began = time.process_time()
    assert re.fullmatch(rf"(?:{NUMBER})*!", text, re.ASCII) is None
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "found"), [("nano 1", "1"), ("info 2", "2"), ("nan_count 3", "3"), ("loss inf", "inf")]
)
def test_a_word_that_begins_like_nan_or_inf_is_no_number(text: str, found: str) -> None:
    assert re.findall(rf"(?<!\w){NUMBER}", text, re.ASCII) == [found]


def test_a_run_begins_at_the_first_byte_of_the_first_generation() -> None:
    assert START == (0, 0, 0)
