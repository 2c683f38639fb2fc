"""reading: what is asked before the built-in formats; the pattern, with a stand-in for google-re2."""

import re
import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from app.reading import DEFAULT, Reading, pattern_parse, reading_from, reading_or_built_in
from app.settings import Settings

HOOKS = str(Path(__file__).resolve().parent / "hooks" / "colons.py")


class Error(Exception):
    """As google-re2's: what it says is bytes."""


def compiled(pattern: str, options: object) -> re.Pattern[str]:
    assert options == SimpleNamespace(log_errors=False)
    try:
        return re.compile(pattern)
    except re.error as error:
        raise Error(str(error).encode()) from None


@pytest.fixture
def re2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own `re` under the name of google-re2."""
    stand_in = SimpleNamespace(Options=lambda: SimpleNamespace(log_errors=True), compile=compiled, error=Error)
    monkeypatch.setitem(sys.modules, "re2", stand_in)


@pytest.fixture
def no_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    """google-re2 is not installed."""
    monkeypatch.setitem(sys.modules, "re2", None)


# -- the pattern ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("re2")
@pytest.mark.parametrize(
    ("pattern", "text", "fields"),
    [
        (r"(?P<step>\d+) (?P<loss>\S+)", "at 12 0.5", {"step": 12.0, "loss": 0.5}),
        (r"(?P<train_loss>\S+) \| (?P<val_loss>\S+)", "1e-3 | inf", {"train_loss": 0.001, "val_loss": float("inf")}),
        (r"(?P<step>\d+) (?P<loss>\S+)", "12 high", {"step": 12.0}),
        (r"(?P<step>\d+)(?: (?P<loss>\S+))?", "12", {"step": 12.0}),
        (r"(?P<loss>\S+)", "1_000", None),
        (r"(?P<loss>\d+)", "no digits", None),
        (r"(?P<loss>\d*)", "no digits", None),
        (r"(\d+) (?P<loss>\d+)", "1 2", {"loss": 2.0}),
    ],
)
def test_each_named_group_that_is_a_number_is_a_metric(
    pattern: str, text: str, fields: dict[str, float] | None
) -> None:
    assert pattern_parse(pattern)(text) == fields


@pytest.mark.usefixtures("re2")
@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("(a+)+$", r"pattern needs named groups, as in '(?P<step>\d+) (?P<loss>\S+)'; got '(a+)+$'"),
        (
            r"(?P<loss>\d",
            r"pattern is not accepted: missing ), unterminated subpattern at position 0; got '(?P<loss>\d'",
        ),
    ],
)
def test_a_pattern_that_is_none_is_refused_in_words(pattern: str, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:
        pattern_parse(pattern)
    assert str(refused.value) == sentence


@pytest.mark.usefixtures("no_re2")
def test_without_google_re2_a_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="^--pattern needs google-re2: pip install google-re2$"):
        reading_from(Settings(pattern=r"(?P<loss>\d+)"))


# -- the reading ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_re2")
def test_without_settings_the_built_in_formats_are_alone() -> None:
    assert reading_from(Settings()) == DEFAULT == Reading((), UTC)


@pytest.mark.usefixtures("re2")
def test_the_hook_is_asked_before_the_pattern() -> None:
    zone = ZoneInfo("Asia/Tokyo")
    reading = reading_from(Settings(hooks=HOOKS, pattern=r"(?P<loss>\d\.\d+)", tz=zone))
    assert [name for name, _ in reading.first] == ["hook", "pattern"]
    answers: list[Callable[[str], object]] = [parse for _, parse in reading.first]
    assert [answer("phase A :: 1 :: 0.5") for answer in answers] == [{"step": 1.0, "loss A": 0.5}, {"loss": 0.5}]
    assert reading.zone is zone


def test_a_hooks_file_with_no_parse_is_not_asked() -> None:
    assert reading_from(Settings(hooks=HOOKS.replace("colons", "plots_only"))).first == ()


def test_a_worker_whose_hooks_file_broke_since_the_start_goes_on_and_tells_every_run(tmp_path: Path) -> None:
    path = tmp_path / "hooks.py"
    path.write_text("import no_such_module\n")
    reading = reading_or_built_in(Settings(hooks=str(path), tz=ZoneInfo("Asia/Tokyo")))
    assert (reading.first, str(reading.zone)) == ((), "Asia/Tokyo")
    said = (
        "hooks cannot be loaded: hooks.py line 1: ModuleNotFoundError: No module named 'no_such_module'; accepted is "
        "a Python file with parse(line), plot(metrics) or parser(log_file); the logs are read without it"
    )
    assert (reading.faults.take(), reading.faults.take()) == ([said], [said])
