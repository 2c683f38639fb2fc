"""The README cannot rot: every setting, route and format stands in it, and its commands exist."""

import re
from pathlib import Path

import pytest

from app import create_app
from app.formats import formats
from app.settings import DEFAULTS, TABLE

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
ROUTES = sorted(
    {
        rule.rule
        for rule in create_app({"TAILPLOT_LOGS": "train.log"}).url_map.iter_rules()
        if not rule.rule.endswith((".js", ".css")) or rule.rule == "/plotly.js"
    }
)


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_every_setting_is_in_the_table_with_its_default(setting):
    row = next((line for line in README.splitlines() if f"| `{setting.variable}` |" in line), None)
    assert row, f"{setting.variable} has no row in README.md"
    for flag in setting.flags:
        assert f"`{flag}`" in row
    default = getattr(DEFAULTS, setting.name)
    shown = "off" if default is False else default or "–"
    assert f"| {shown} |" in row


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_is_named(route):
    assert f"`{route}`" in README


FORMATS = {
    cells[0].strip("` "): cells
    for line in README.partition("| format | kinds |")[2].partition("\n\n")[0].splitlines()[2:]
    if (cells := [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
}


def test_the_table_of_formats_has_a_row_for_each_in_the_order_in_which_they_are_asked():
    assert list(FORMATS) == [module.__name__.rpartition(".")[2] for module in formats()]


@pytest.mark.parametrize("module", formats(), ids=lambda module: module.__name__)
def test_every_format_is_shown_with_samples_of_its_own(module):
    _, kinds, lines = FORMATS[module.__name__.rpartition(".")[2]]
    shown = [line.replace("\\|", "|") for line in re.findall(r"`([^`]+)`", lines)]
    assert kinds
    assert shown
    assert set(shown) <= {line for line, fields in module.SAMPLES if fields is not None}


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^make (?:-C \S+ )?([a-z-]+)", README, re.MULTILINE))
    assert named
    assert named <= targets


def test_every_link_and_picture_is_there():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target
