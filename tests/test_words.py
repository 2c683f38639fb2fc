"""words: durations as people say them."""

import pytest

from app.words import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 s"),
        (48.2, "48 s"),
        (59.4, "59 s"),
        (60.0, "1 min"),
        (839.0, "13 min"),
        (3599.0, "59 min"),
        (3600.0, "1 h 0 min"),
        (5640.0, "1 h 34 min"),
        (86_399.0, "23 h 59 min"),
        (86_400.0, "1 d 0 h"),
        (183_600.0, "2 d 3 h"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize("seconds", [59.5, 59.99, 119.9])
def test_a_duration_is_never_rounded_up_into_the_next_unit(seconds: float) -> None:
    assert in_words(seconds) in ("59 s", "1 min")
