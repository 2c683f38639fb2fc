"""--pattern with google-re2 itself: its messages, its time, and the program from log to answer."""

import json
import subprocess
import sys
import time
import urllib.request

import pytest

from app.reading import pattern_parse
from tests.conftest import ROOT

PATTERN = r"(?P<step>\d+) @ (?P<train_loss>\S+)(?: \((?P<val_loss>\S+)\))?"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("é 12 @ 0.5 (0.75)", {"step": 12.0, "train_loss": 0.5, "val_loss": 0.75}),
        ("12 @ 0.5", {"step": 12.0, "train_loss": 0.5}),
        ("12 @ high", {"step": 12.0}),
        ("nothing", None),
        ("12 @ 0.5 \udcff", None),
    ],
)
def test_each_named_group_that_is_a_number_is_a_metric(text, fields):
    assert pattern_parse(PATTERN)(text) == fields


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(?P<loss>", "pattern is not accepted: missing ): (?P<loss>; got '(?P<loss>'"),
        (r"(?P<a>\d)\1", r"pattern is not accepted: invalid escape sequence: \1; got '(?P<a>\d)\1'"),
        ("(?P<a>x)(?=y)", "pattern is not accepted: invalid perl operator: (?=; got '(?P<a>x)(?=y)'"),
        ("(?P<a>\udcff)", r"pattern is not accepted: it is no UTF-8; got '(?P<a>\udcff)'"),
        ("(a+)+$", r"pattern needs named groups, as in '(?P<step>\d+) (?P<loss>\S+)'; got '(a+)+$'"),
    ],
)
def test_a_pattern_that_is_none_is_refused_in_its_words_and_nothing_else_is_printed(pattern, why, capfd):
    with pytest.raises(ValueError) as refused:
        pattern_parse(pattern)
    assert str(refused.value) == why
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("text", ["a" * 40 + "!", "a" * 65_000 + "!"], ids=["40", "65,000"])
def test_a_pattern_that_python_would_take_centuries_for_answers_at_once(text):
    parse = pattern_parse("(?P<loss>(a+)+$)")
    began = time.perf_counter()
    assert parse(text) is None
    assert time.perf_counter() - began < 0.5


def test_the_program_reads_a_log_by_its_pattern(serve, log):
    log.append("12 @ 0.5 (0.75)\n13 @ 0.25\n")
    server = serve(log.path, "--pattern", PATTERN)
    with urllib.request.urlopen(f"{server.url}/metrics.json") as answer:
        metrics = json.load(answer)["runs"]["train"]["metrics"]
    assert metrics["train_loss"]["step"] == [12, 13]
    assert metrics["train_loss"]["value"] == [0.5, 0.25]
    assert metrics["val_loss"]["value"] == [0.75]


def test_the_program_refuses_a_pattern_in_one_sentence():
    command = [sys.executable, "-m", "app", "train.log", "--pattern", "(a+)+$"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=15, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("tailplot: pattern needs named groups")
    assert ended.stderr.count("\n") == 1
