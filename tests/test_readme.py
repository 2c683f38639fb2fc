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
    assert f"| {default or '–'} |" in row


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_is_named(route):
    assert f"`{route}`" in README


@pytest.mark.parametrize("module", formats(), ids=lambda module: module.__name__)
def test_every_format_is_shown_with_a_line_that_it_takes(module):
    name = module.__name__.rpartition(".")[2]
    row = next((line for line in README.splitlines() if line.startswith(f"| `{name}` |")), "")
    shown = re.findall(r"`([^`]+)`", row.partition("|")[2].partition("|")[2])
    parse = module.parser()
    assert shown, f"README.md shows no line of the format {name}"
    for line in shown:
        assert parse(line) is not None, line


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^make (?:-C \S+ )?([a-z-]+)", README, re.MULTILINE))
    assert named
    assert named <= targets


def test_every_link_and_picture_is_there():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target
