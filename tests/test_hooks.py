"""hooks: what a user's parse gives becomes Fields; what is wrong with it is said once per cause."""

import logging
import math
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.hooks import MOST_CAUSES, Faults, Hook, hook_from
from app.loading import load_file

HERE = Path(__file__).resolve().parent / "hooks"
README = Path(__file__).resolve().parent.parent / "README.md"
SUCH_LINES = "; such lines are read as if there were no parse"


class Stumbles:
    """tests/hooks/stumbles.py, loaded, and what was found to be wrong with it."""

    def __init__(self) -> None:
        self.faults = Faults()
        found = hook_from(str(HERE / "stumbles.py"), self.faults)
        assert found
        self.parse = found

    def said(self, *texts: str) -> list[str]:
        """The sentences that these lines bring."""
        for text in texts:
            self.parse(text)
        return self.faults.take()


@pytest.fixture
def stumbles() -> Stumbles:
    return Stumbles()


def hook(parse: Callable[[str], Any]) -> Hook:
    """A hook around a function of the test."""
    return Hook("hooks.py", parse, Faults())


def written(folder: Path, source: str) -> str:
    """The path of a hooks file with that source."""
    (folder / "hooks.py").write_text(source)
    return str(folder / "hooks.py")


# -- what it gives -------------------------------------------------------------------------------------


def test_a_hook_reads_its_own_lines_and_leaves_the_others() -> None:
    parse = hook_from(str(HERE / "colons.py"), Faults())
    assert parse
    assert parse("phase A :: 12 :: 0.731") == {"step": 12.0, "loss A": 0.731}
    assert parse("step=1 loss=0.5") is None


@pytest.mark.parametrize(
    "value",
    [0.5, np.float32(0.5), np.float64(0.5), np.array(0.5), "0.5", " 5e-1 ", Decimal("0.5"), Fraction(1, 2)],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_a_number_is_one(value: object) -> None:
    given = hook(lambda _line: {"loss": value})("x")
    assert given == {"loss": 0.5}
    assert type(given["loss"]) is float


def test_an_integer_nan_and_infinity_are_numbers_too() -> None:
    given = hook(lambda _line: {"step": 7, "loss": math.nan, "acc": "-inf", "count": np.int64(3)})("x")
    assert given and math.isnan(float(given.pop("loss")))
    assert given == {"step": 7.0, "acc": -math.inf, "count": 3.0}


def test_a_time_may_be_a_stamp() -> None:
    assert hook(lambda _line: {"time": "2026-11-23 12:00:00", "loss": 1})("x") == {
        "time": "2026-11-23 12:00:00",
        "loss": 1.0,
    }


def test_an_empty_dict_says_that_the_line_is_the_hooks_and_has_nothing_in_it(stumbles: Stumbles) -> None:
    assert stumbles.parse("nothing here") == {}
    assert stumbles.faults.take() == []


def test_the_hook_of_the_readme_reads_the_line_that_it_is_for(tmp_path: Path) -> None:
    section = README.read_text().partition("### Teach it your format")[2]
    shown = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    line = re.search(r"such as `(.+?)`", section)
    assert shown and line
    found = hook_from(written(tmp_path, shown[1]), Faults())
    assert found and found(line[1]) == {"step": 12.0, "loss": 0.731}
    assert found("step=1 loss=0.5") is None


# -- what is wrong with it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fields", "sentences"),
    [
        ("raise", None, ["line 7: ValueError: could not convert string to float: 'raise'" + SUCH_LINES]),
        ("divide", None, ["line 9: ZeroDivisionError: division by zero" + SUCH_LINES]),
        ("exit", None, ["line 11: SystemExit: 3" + SUCH_LINES]),
        ("list", None, ["parse gave a list, not a dict or None" + SUCH_LINES]),
        (
            "values",
            {"loss": 0.5},
            [
                "parse gave a bool for 'flag', which is no number; it is left out",
                "parse gave None for 'none', which is no number; it is left out",
                "parse gave a list for 'deep', which is no number; it is left out",
                "parse gave text for 'word', which is no number; it is left out",
            ],
        ),
        ("names", {"loss": 0.25}, ["parse gave a name that is no text or begins with @; it is left out"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_is_said_in_words_and_the_rest_of_the_line_goes_on(
    stumbles: Stumbles, text: str, fields: dict[str, float] | None, sentences: list[str]
) -> None:
    assert stumbles.parse(text) == fields
    said = [sentence.removeprefix("stumbles.py").lstrip(": ") for sentence in stumbles.faults.take()]
    assert said == sentences


def test_a_cause_is_logged_once_however_often_it_comes(stumbles: Stumbles, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "tailplot"):
        said = stumbles.said("raise 1", "raise 2", "divide", "raise 3")
    assert [record.getMessage() for record in caplog.records] == said
    assert list(stumbles.faults.counts.values()) == [3, 1]


def test_what_was_taken_comes_again_only_when_it_is_met_again(stumbles: Stumbles) -> None:
    first = stumbles.said("raise")
    assert len(first) == 1
    assert stumbles.said() == []
    assert stumbles.said("raise") == first


def test_causes_without_end_do_not_fill_the_memory() -> None:
    faults = Faults()

    def parse(line: str) -> None:
        raise type(line, (Exception,), {})("new")

    found = Hook("hooks.py", parse, faults)
    for number in range(5 * MOST_CAUSES):
        found(f"E{number}")
    assert len(faults.take()) == len(faults.counts) == MOST_CAUSES


class Broken:
    """A number that cannot say what it is, in an error that cannot either."""

    class Error(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def __float__(self) -> float:
        raise self.Error


@pytest.mark.parametrize("value", [Broken(), 10**400, np.array([1.0, 2.0])], ids=["broken", "huge", "array"])
def test_a_number_that_raises_is_a_fault_and_no_error(value: object) -> None:
    assert hook(lambda _line: {"loss": value})("x") is None


def test_an_endless_recursion_is_a_fault() -> None:
    def parse(line: str) -> object:
        return parse(line)

    assert hook(parse)("x") is None


def test_a_sentence_is_one_printable_line_of_bounded_length() -> None:
    faults = Faults()

    def parse(line: str) -> None:
        raise ValueError(line)

    Hook("hooks.py", parse, faults)("first\nsecond " + 10_000 * "x")
    (sentence,) = faults.take()
    assert sentence.startswith("hooks.py: ValueError: first second xxx")
    assert len(sentence) < 300


def test_ctrl_c_is_not_taken_for_a_fault() -> None:
    def parse(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hook(parse)("x")


# -- the file ------------------------------------------------------------------------------------------

ACCEPTED = "; accepted is a Python file with parse(line), plot(metrics) or parser(log_file)"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def parse(line)\n    return {}\n", " line 1: SyntaxError: expected ':'"),
        ("import math\n\nimport no_such_module\n", " line 3: ModuleNotFoundError: No module named 'no_such_module'"),
        ("def load():\n    return 1 / 0\n\nload()\n", " line 2: ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit('not today')\n", " line 2: SystemExit: not today"),
        ("parse = None\0", ": ValueError: source code string cannot contain null bytes"),
    ],
    ids=["syntax", "import", "error", "exit", "null"],
)
def test_a_file_that_cannot_be_loaded_is_refused_with_its_line(tmp_path: Path, source: str, why: str) -> None:
    path = written(tmp_path, source)
    with pytest.raises(ValueError) as refused:
        hook_from(path, Faults())
    said = str(refused.value).replace("SyntaxError: source", "ValueError: source")  # Python 3.12
    assert said.startswith(f"hooks cannot be loaded: {path}{why}")
    assert said.endswith(ACCEPTED)


@pytest.mark.parametrize(("name", "why"), [("none.py", "there is no such file"), (".", "it is not a file")])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, why: str) -> None:
    path = str(tmp_path / name)
    with pytest.raises(ValueError) as refused:
        hook_from(path, Faults())
    assert str(refused.value) == f"hooks cannot be loaded: {path}: {why}{ACCEPTED}"


@pytest.mark.parametrize("source", ["", "parse = 3\n", "def pars(line):\n    return None\n"])
def test_a_file_without_an_accepted_function_is_refused(tmp_path: Path, source: str) -> None:
    path = written(tmp_path, source)
    with pytest.raises(ValueError) as refused:
        hook_from(path, Faults())
    assert str(refused.value) == f"hooks has none of the functions parse, plot, parser: {path}{ACCEPTED}"


def test_a_file_with_a_plot_alone_is_accepted_and_reads_nothing() -> None:
    assert hook_from(str(HERE / "plots_only.py"), Faults()) is None


def test_modules_beside_the_file_are_found_but_hide_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    (tmp_path / "beside_hooks.py").write_text("LOSS = 0.5\n")
    (tmp_path / "colorsys.py").write_text("raise RuntimeError('the wrong one')\n")
    source = "import colorsys\nfrom beside_hooks import LOSS\n\ndef parse(line):\n    return {'loss': LOSS}\n"
    found = hook_from(written(tmp_path, source), Faults())
    assert found and found("x") == {"loss": 0.5}


def test_loading_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    load_file(written(tmp_path, "x = 1\n"), "tailplot_test_hooks")
    assert [path.name for path in tmp_path.iterdir()] == ["hooks.py"]


def test_what_the_file_defines_works_as_in_a_module(tmp_path: Path) -> None:
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Row:\n    loss: float\n\n"
        "def parse(line):\n    return vars(Row(0.5)) | {'kinds': len(Row.__annotations__['loss'])}\n"
    )
    found = hook_from(written(tmp_path, source), Faults())
    assert found and found("x") == {"loss": 0.5, "kinds": 5.0}
