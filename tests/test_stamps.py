"""stamps: the date and time at a place in a line."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stamps import Stamp, read_stamp

DAY = 86_400.0
NOON = 1_795_435_445.0  # 2026-11-23 12:04:05 UTC
YEARLESS = 326 * DAY + 43_445  # the same in 1970
CLOCK = 43_445.0


@pytest.mark.parametrize(
    ("text", "seconds", "kind"),
    [
        ("2026-11-23 12:04:05", NOON, "local"),
        ("2026-11-23T12:04:05", NOON, "local"),
        ("2026-11-23_12:04:05", NOON, "local"),
        ("2026-11-23:12:04:05", NOON, "local"),
        ("2026/11/23 12:04:05", NOON, "local"),
        ("[2026-11-23 12:04:05]", NOON, "local"),
        ("(2026-11-23 12:04:05)", NOON, "local"),
        ("<2026-11-23 12:04:05>", NOON, "local"),
        ("2026-11-23 12:04:05,250", NOON + 0.25, "local"),
        ("2026-11-23 12:04:05.5", NOON + 0.5, "local"),
        ("2026-11-23 12:04:05.123456789", NOON + 0.123456789, "local"),
        ("2026-11-23T12:04:05.123456789Z", NOON + 0.123456789, "zoned"),
        ("2026-11-23T12:04:05Z", NOON, "zoned"),
        ("2026-11-23 12:04:05 UTC", NOON, "zoned"),
        ("2026-11-23T13:04:05+01:00", NOON, "zoned"),
        ("2026-11-23T13:34:05+0130", NOON, "zoned"),
        ("2026-11-23T06:34:05-05:30", NOON, "zoned"),
        ("2026-11-23 13:04:05+01", NOON, "zoned"),
        ("1970-01-01 00:00:00", 0.0, "local"),
        ("1969-12-31 23:59:59", -1.0, "local"),
        ("2024-02-29 00:00:00", 1_709_164_800.0, "local"),
        ("26-11-23 12:04:05.5", NOON + 0.5, "local"),
        ("26/11/23 12:04:05", NOON, "local"),
        ("11/23/26 12:04:05", NOON, "local"),
        ("11/23/2026 12:04:05 PM", NOON, "local"),
        ("11/23/2026 00:04:05 PM", NOON, "local"),
        ("11/24/2026 12:04:05 AM", NOON + DAY / 2, "local"),
        ("23/11/2026 12:04:05", NOON, "local"),
        ("23.11.2026 12:04:05", NOON, "local"),
        ("31/12/20 00:00:00", 1_609_372_800.0, "local"),
        ("20261123 12:04:05", NOON, "local"),
        ("20261123-120405", NOON, "local"),
        ("20261123T120405Z", NOON, "zoned"),
        ("[I 2026-11-23 12:04:05,250]", NOON + 0.25, "local"),
        ("Mon Nov 23 12:04:05 2026", NOON, "local"),
        ("Mon Nov 23 12:04:05 UTC 2026", NOON, "zoned"),
        ("Mon Nov 23 12:04:05 CST 2026", NOON, "local"),
        ("Mon 23 Nov 2026 12:04:05 PM UTC", NOON, "zoned"),
        ("Mon, 23 Nov 2026 13:04:05 +0100", NOON, "zoned"),
        ("23/Nov/2026:12:04:05 +0000", NOON, "zoned"),
        ("23-Nov-26 12:04:05", NOON, "local"),
        ("November 23, 2026 12:04:05", NOON, "local"),
        ("Nov 23 12:04:05", YEARLESS, "yearless"),
        ("23 Nov 12:04:05", YEARLESS, "yearless"),
        ("Nov  3 12:04:05", YEARLESS - 20 * DAY, "yearless"),
        ("11/23 12:04:05", YEARLESS, "yearless"),
        ("11-23 12:04:05", YEARLESS, "yearless"),
        ("I1123 12:04:05.250000", YEARLESS + 0.25, "yearless"),
        ("[1123 12:04:05", YEARLESS, "yearless"),
        ("Feb 29 00:00:00", 59 * DAY, "yearless"),
        ("12:04:05", CLOCK, "clock"),
        ("12:04:05.250", CLOCK + 0.25, "clock"),
        ("12:04:05,250", CLOCK + 0.25, "clock"),
        ("[12:04:05]", CLOCK, "clock"),
        ("1:04:05 PM", CLOCK + 3600, "clock"),
    ],
)
def test_a_stamp_is_read_whole(text: str, seconds: float, kind: str) -> None:
    assert read_stamp(text) == (pytest.approx(seconds, abs=1e-6), kind, len(text))


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("2026-11-23 12:04:05,250 step 3", " step 3"),
        ("2026-11-23 12:04:05 Zebra", " Zebra"),
        ("2026-11-23 12:04:05 -1234.5", " -1234.5"),
        ("2026-11-23 12:04:05,5,0.25", ",5,0.25"),
        ("2026-11-23 12:04:05: W x", ": W x"),
        ("[11/23 12:04:05 d2.utils.events]: x", " d2.utils.events]: x"),
        ("2026-11-23 12:04:05] x", "] x"),
        ("Nov 23 12:04:05 2026 steps", " 2026 steps"),
    ],
)
def test_what_follows_a_stamp_is_left_to_the_caller(text: str, rest: str) -> None:
    found = read_stamp(text)
    assert found is not None
    assert text[found.end :] == rest


def test_a_stamp_is_read_where_the_caller_says() -> None:
    assert read_stamp("INFO - 12:04:05 x", 7) == Stamp(CLOCK, "clock", 15)
    assert read_stamp("INFO - 12:04:05 x") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "step 3",
        " 2026-11-23 12:04:05",
        "2026-11-23",
        "2026-11-23 12:04",
        "2026-13-23 12:04:05",
        "2026-02-29 12:04:05",
        "2026-11-23 24:04:05",
        "2026-11-23 12:60:05",
        "0000-11-23 12:04:05",
        "2026-11-23 12:04:05+99:99",
        "2026-11-23 12:04:056",
        "2026-11-23 12:04:05:06",
        "0:00:05<1:00",
        "0:00:05",
        "01:00:05<1:00",
        "1:02",
        "12:30 PM",
        "1.5",
        "2.9.1",
        "24:00:00",
        "12:04:05s",
        "12:04:05/1",
        "13/13/2024 12:04:05",
        "Feb 30 12:04:05",
        "Nov 23",
        "I1323 12:04:05",
        "20261323-120405",
        "20261123-120405/model",
        "20261123 120405",
        "Mayor 5",
        "２０２６-11-23 12:04:05",
        "١٢٣٤-11-23 12:04:05",
    ],
)
def test_what_is_no_stamp_is_none(text: str) -> None:
    assert read_stamp(text) is None


@given(st.text(st.sampled_from("0123456789-/:., TZ+[]UCINovMay"), max_size=40))
def test_no_text_makes_it_raise(text: str) -> None:
    read_stamp(text)


@given(st.datetimes(), st.sampled_from(["", "Z", " UTC", "+00:00"]))
def test_any_moment_printed_by_python_comes_back(moment: object, zone: str) -> None:
    printed = str(moment)[:19]
    found = read_stamp(printed + zone)
    assert found is not None
    assert found.end == len(printed + zone)
    assert found.kind == ("zoned" if zone else "local")


@pytest.mark.parametrize("unit", ["0", "00:", "2026-11-23 ", "[", "Nov", "12:04:05", "12:04:05.0"])
def test_a_hostile_line_takes_no_longer_than_a_millisecond(unit: str) -> None:
    text = (unit * 4096)[:4096]
    best = 1.0
    for _ in range(20):
        begin = time.process_time()
        read_stamp(text)
        best = min(best, time.process_time() - begin)
    assert best < 1e-3
