"""settings: one table from flags or environment to values."""

import os
import zoneinfo
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from app.settings import DEFAULTS, TABLE, Settings, settings_from


def test_an_empty_environment_gives_the_defaults() -> None:
    assert settings_from({}) == DEFAULTS == Settings()


def test_every_setting_is_in_the_table_once() -> None:
    assert [setting.name for setting in TABLE] == list(Settings.__dataclass_fields__)


def test_secrets_have_no_flag_because_ps_shows_flags_and_the_zone_has_none() -> None:
    assert {setting.name for setting in TABLE if not setting.flags} == {"logs", "token", "tz"}


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("TAILPLOT_LOGS", os.pathsep.join(["a.log", " b/*.csv ", ""]), "logs", ("a.log", "b/*.csv")),
        ("TAILPLOT_PORT", "1", "port", 1),
        ("TAILPLOT_PORT", "65535", "port", 65535),
        ("TAILPLOT_HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("TAILPLOT_INTERVAL", "3600", "interval", 3600),
        ("TAILPLOT_MAX_STREAMS", "100000", "max_streams", 100_000),
        ("TAILPLOT_WATCH", "poll", "watch", "poll"),
        ("TAILPLOT_ALLOW_HOST", "box, box.lan,,", "allow_host", ("box", "box.lan")),
        ("TAILPLOT_TOKEN", "s3cret", "token", "s3cret"),
        ("TAILPLOT_HOOKS", "hooks.py", "hooks", "hooks.py"),
        ("TAILPLOT_PATTERN", r"(?P<loss>\S+): .*", "pattern", r"(?P<loss>\S+): .*"),
        ("TAILPLOT_TZ", "Europe/Berlin", "tz", ZoneInfo("Europe/Berlin")),
        ("TAILPLOT_TZ", "utc", "tz", UTC),
        ("TAILPLOT_PORT", "", "port", 7777),
    ],
)
def test_a_variable_sets_its_setting_alone(variable: str, text: str, name: str, value: object) -> None:
    chosen = settings_from({variable: text, "PATH": "/bin"})
    assert getattr(chosen, name) == value
    assert {field for field in Settings.__dataclass_fields__ if getattr(chosen, field) != getattr(DEFAULTS, field)} <= {
        name
    }


@pytest.mark.parametrize(
    ("variable", "text", "sentence"),
    [
        ("TAILPLOT_PORT", "0", "port must be a whole number from 1 to 65,535; got '0'"),
        ("TAILPLOT_PORT", "65536", "port must be a whole number from 1 to 65,535; got '65536'"),
        ("TAILPLOT_PORT", "-1", "port must be a whole number from 1 to 65,535; got '-1'"),
        ("TAILPLOT_PORT", "7777.0", "port must be a whole number from 1 to 65,535; got '7777.0'"),
        ("TAILPLOT_PORT", "７", r"port must be a whole number from 1 to 65,535; got '\uff17'"),
        ("TAILPLOT_PORT", "²", r"port must be a whole number from 1 to 65,535; got '\xb2'"),
        ("TAILPLOT_INTERVAL", "soon", "interval must be a whole number from 1 to 3,600; got 'soon'"),
        ("TAILPLOT_MAX_STREAMS", "100001", "max-streams must be a whole number from 1 to 100,000; got '100001'"),
        *(
            ("TAILPLOT_TZ", text, f"TAILPLOT_TZ must be the name of a time zone, like Europe/Berlin; got {text!r}")
            for text in ("Mars/Olympus", "Europe", "/etc/passwd", "../UTC", "+02:00", "a" * 50)
        ),
        ("TAILPLOT_WATCH", "Auto", "watch must be one of auto, poll; got 'Auto'"),
    ],
)
def test_a_bad_value_is_refused_in_words(variable: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:
        settings_from({variable: text})
    assert str(refused.value) == sentence


def test_a_value_of_a_thousand_digits_is_refused_and_shown_short() -> None:
    with pytest.raises(ValueError, match="port must be a whole number") as refused:
        settings_from({"TAILPLOT_PORT": "9" * 10_000})
    assert len(str(refused.value)) < 130


def test_a_system_without_zones_knows_utc_and_says_how_to_get_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoneinfo, "ZoneInfo", dict[str, str]().__getitem__)
    monkeypatch.setattr(zoneinfo, "available_timezones", set[str])
    assert settings_from({"TAILPLOT_TZ": "UTC"}).tz is UTC
    with pytest.raises(ValueError) as refused:
        settings_from({"TAILPLOT_TZ": "Europe/Berlin"})
    assert str(refused.value) == (
        "TAILPLOT_TZ must be the name of a time zone, like Europe/Berlin; this system has no zone but UTC "
        "(pip install tzdata brings them); got 'Europe/Berlin'"
    )
