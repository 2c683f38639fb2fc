"""wall_time: time stamps become seconds since the Unix epoch."""

import math
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

import pytest

from app.wall_time import WallTime

BERLIN = ZoneInfo("Europe/Berlin")
NOON = 1_795_435_200.0  # 2026-11-23 12:00:00 UTC


@pytest.mark.parametrize(
    ("zone", "kind", "seconds", "wanted"),
    [
        (UTC, "@local", NOON, NOON),
        (BERLIN, "@local", NOON, NOON - 3600),
        (BERLIN, "@zoned", NOON, NOON),
        (BERLIN, "@yearless", 5.0, 5.0),
        (BERLIN, "@clock", 43_200.0, 43_200.0),
        (UTC, "@zoned", 1e300, math.nan),
        (UTC, "@local", math.nan, math.nan),
        (UTC, "@unheard of", NOON, math.nan),
    ],
)
def test_a_stamp_is_a_moment_by_its_kind_and_zone(zone: tzinfo, kind: str, seconds: float, wanted: float) -> None:
    assert WallTime(zone).of_stamp(kind, seconds) == pytest.approx(wanted, nan_ok=True)


def test_a_clock_that_steps_back_over_midnight_goes_on_in_the_next_day() -> None:
    times = WallTime()
    read = [times.of_stamp("@clock", seconds) for seconds in (86_000.0, 85_990.0, 10.0, 20.0, 86_000.0, 5.0)]
    assert read == [86_000, 85_990, 86_410, 86_420, 172_400, 172_805]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (NOON, NOON),
        (f" {NOON:.0f} ", NOON),
        ("2026-11-23T12:00:00Z", NOON),
        ("2026-11-23 12:00:00", NOON - 3600),
        (12.5, None),
        ("12.5", None),
        ("00:12:30", None),
        ("soon", None),
        (math.nan, None),
        (1e12, None),
    ],
)
def test_a_value_that_is_called_time_is_a_date_or_a_duration(value: float | str, wanted: float | None) -> None:
    assert WallTime(BERLIN).of_value(value) == wanted
