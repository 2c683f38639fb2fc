"""words: numbers and durations, in the same words as on the page (tests/js/words.test.js reads the same table)."""

import json
from pathlib import Path

import pytest

from app.builder import MOST_METRICS
from app.words import beyond_words, count_words, in_words, number_words, trimmed

TABLE = json.loads((Path(__file__).parent / "words.json").read_text())


@pytest.mark.parametrize(("value", "words"), TABLE["number"])
def test_a_value_is_written_as_people_write_it(value: float | str | None, words: str) -> None:
    assert number_words(None if value is None else float(value)) == words


@pytest.mark.parametrize(("count", "words"), TABLE["count"])
def test_a_count_is_in_full_up_to_a_million(count: int, words: str) -> None:
    assert count_words(count) == words


@pytest.mark.parametrize(("left_out", "words"), TABLE["beyond"])
def test_series_that_are_left_out_are_counted_as_far_as_they_are_known(left_out: int, words: str) -> None:
    assert beyond_words(MOST_METRICS, left_out) == words


@pytest.mark.parametrize(("seconds", "words"), TABLE["duration"])
def test_a_duration_is_said_as_people_say_it_and_never_rounded_up(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("digits", "least", "words"), [("1.500", 0, "1.5"), ("1.000", 0, "1"), ("1.000", 1, "1.0"), ("100", 0, "100")]
)
def test_zeros_at_the_end_of_a_fraction_are_left_out(digits: str, least: int, words: str) -> None:
    assert trimmed(digits, least) == words
