"""stamps: the date and time at the head of a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stamps import read_stamp

NOON = 1_795_435_445.0  # 2026-11-23 12:04:05 UTC


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-23 12:04:05", NOON),
        ("2026-11-23T12:04:05", NOON),
        ("2026/11/23 12:04:05", NOON),
        ("[2026-11-23 12:04:05]", NOON),
        ("(2026-11-23 12:04:05)", NOON),
        ("<2026-11-23 12:04:05>", NOON),
        ("2026-11-23 12:04:05,250", NOON + 0.25),
        ("2026-11-23 12:04:05.5", NOON + 0.5),
        ("2026-11-23 12:04:05.123456789", NOON + 0.123456789),
        ("2026-11-23T12:04:05Z", NOON),
        ("2026-11-23 12:04:05 UTC", NOON),
        ("2026-11-23T13:04:05+01:00", NOON),
        ("2026-11-23T13:34:05+0130", NOON),
        ("2026-11-23T06:34:05-05:30", NOON),
        ("1970-01-01 00:00:00", 0.0),
        ("1969-12-31 23:59:59", -1.0),
        ("2024-02-29 00:00:00", 1_709_164_800.0),
    ],
)
def test_a_stamp_is_read_whole(text: str, seconds: float) -> None:
    assert read_stamp(text) == (pytest.approx(seconds, abs=1e-6), len(text))


def test_what_follows_a_stamp_is_left_to_the_caller() -> None:
    text = "2026-11-23 12:04:05,250 step 3"
    found = read_stamp(text)
    assert found is not None
    assert text[found[1] :].strip() == "step 3"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "step 3",
        " 2026-11-23 12:04:05",
        "2026-11-23",
        "12:04:05",
        "2026-11-23 12:04",
        "2026-13-23 12:04:05",
        "2026-02-29 12:04:05",
        "2026-11-23 24:04:05",
        "2026-11-23 12:60:05",
        "0000-11-23 12:04:05",
        "2026-11-23 12:04:05+99:99",
        "2026-11-23 12:04:056",
        "2026-11-23 12:04:05:06",
        "２０２６-11-23 12:04:05",
        "١٢٣٤-11-23 12:04:05",
    ],
)
def test_what_is_no_stamp_is_none(text: str) -> None:
    assert read_stamp(text) is None


@given(st.text(st.sampled_from("0123456789-/:., TZ+[]UC"), max_size=40))
def test_no_text_makes_it_raise(text: str) -> None:
    read_stamp(text)


@given(st.datetimes(), st.sampled_from(["", "Z", " UTC", "+00:00"]))
def test_any_moment_printed_by_python_comes_back(moment: object, zone: str) -> None:
    printed = str(moment)[:19]
    found = read_stamp(printed + zone)
    assert found is not None
    assert found[1] == len(printed + zone)
