"""Imports go one way, and each large package has one home: the law, read with `ast`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

APP = Path(__file__).resolve().parent.parent / "app"

# What each module may import of app, at its top or late. `formats` is the package's __init__,
# `formats.*` any file in it, `app` is app/__init__. Each line of the core allows the one before it
# and what stands in that line.
FIRST = {"settings", "hub", "loading", "stamps", "prefix", "words", "names", "flat", "crc", "encoding"}
ROWS = FIRST | {"rows"}
TEXT = ROWS | {"tokens", "scan", "roles", "message", "glued"}
PARTS = {"counting", "bars", "boxes", "loose", "naming", "wall_time", "said"}  # of the builder
FOLD = TEXT | PARTS | {"lines", "formats", "formats.*", "records", "document", "builder"}
STORE = FOLD | {"fold", "status", "reading", "series"}
FIGURE = STORE | {"store", "superseded", "resume", "downsample", "thinning", "view", "groups"}
FOLLOW = FIGURE | {"wire", "curves", "looks", "traces", "figure", "sources", "sources.*"}
SERVER = FOLLOW | {"kept", "sockets", "descriptors", "follow", "progress", "slices", "stream", "guard", "startup"}
ROUTES = SERVER | {"explain", "picture", "terminal", "routes", "routes.*"}
EVERYTHING = ROUTES | {"app", "dry_run", "demo", "ship", "redis_log"}

MAY_IMPORT = {
    "settings": set(),
    "hub": set(),
    "loading": set(),
    "stamps": set(),
    "status": {"words"},
    "prefix": {"stamps"},
    "names": set(),
    "flat": set(),
    "rows": FIRST,
    "tokens": ROWS,
    "scan": ROWS | {"tokens"},
    "roles": ROWS | {"scan"},
    "message": ROWS | {"scan", "roles"},
    "crc": set(),
    "encoding": set(),
    "lines": ROWS | {"encoding"},
    "records": ROWS,
    "document": ROWS | {"lines", "records"},
    "glued": {"names"},
    "formats": ROWS | {"formats.*", "glued"},
    "formats.*": TEXT | {"formats", "formats.*"},
    "counting": set(),
    "bars": ROWS,
    "boxes": ROWS,
    "loose": ROWS,
    "naming": ROWS,
    "wall_time": ROWS,
    "said": ROWS | {"wall_time"},
    "builder": ROWS | PARTS,
    # Sources know nothing but bytes.
    "sources": {"settings", "loading", "sources.*"},
    "sources.*": {"settings", "crc", "sources", "sources.*"},
    "sources.redis_stream": {"settings", "sources", "sources.*", "redis_log"},
    "hooks": ROWS | {"names"},
    "reading": ROWS | {"hooks"},
    "fold": FOLD | {"reading"},
    "why": TEXT | {"formats"},
    "explain": FOLD | {"fold", "reading", "hooks", "why"},
    "series": STORE,
    "store": STORE,
    "superseded": STORE | {"store"},
    "resume": STORE | {"store"},
    "downsample": STORE | {"store"},
    "thinning": STORE | {"store", "downsample"},
    "slices": {"hub"},
    "view": STORE | {"store"},
    "groups": STORE | {"store"},
    "wire": FIGURE,
    "curves": FIGURE,
    "looks": FIGURE | {"curves"},
    "traces": FIGURE | {"wire", "curves", "looks"},
    "figure": FIGURE | {"wire", "curves", "looks", "traces"},
    "kept": {"hub"},
    "sockets": set(),
    "descriptors": set(),
    "server_log": set(),
    "progress": FOLLOW,
    "follow": FOLLOW | {"progress", "slices"},
    "stream": FOLLOW | {"follow", "progress", "slices"},
    "words": set(),
    "picture": {"rows", "words", "picture.*"},
    "picture.*": {"rows", "words", "picture.*"},
    "terminal": set(),
    "demo": set(),
    "startup": {"settings", "sources", "sources.*", "reading"},
    "guard": {"settings", "startup"},
    "dry_run": FOLLOW | {"explain"},
    "redis_log": {"settings"},
    "ship": {"settings", "redis_log", "sources", "sources.*", "lines", "rows"},
    "routes": ROUTES,
    "routes.*": ROUTES,
    "app": ROUTES,
    "__main__": EVERYTHING,
}

# Where a package from outside may be imported; one that is not named here, nowhere.
HOME = {
    "numpy": {"*"},
    "msgspec": {"*"},
    "flask": {"app", "guard", "routes", "routes.*"},
    "werkzeug": {"app", "guard", "routes", "routes.*"},
    "gevent": {"hub"},
    "gunicorn": {"__main__"},
    "matplotlib": {"picture", "picture.*"},
    "PIL": {"picture.*"},
    "plotly": {"routes.plotlyjs"},
    "re2": {"reading"},
    "redis": {"redis_log"},
}
# Slow to import, or not always installed: only inside a function.
LATE = {"PIL", "gunicorn", "matplotlib", "plotly", "re2", "redis"}
# `python -m app --help` answers at once.
LIGHT = {"__main__": {"settings", "startup"}}

# A module of these names hides the library's own where a script runs from its folder.
TAKEN = {"csv", "json", "redis", "types", "logging", "utils"}


class Import(NamedTuple):
    """One imported name: `flask`, `app`, `app.rows`; `late` where a function does it, or no one."""

    name: str
    late: bool
    line: int


def modules() -> dict[str, Path]:
    """Every module of app by its name below it: `rows`, `formats`, `formats.jsonl`, `app`."""
    return {_name(path.relative_to(APP)): path for path in sorted(APP.rglob("*.py"))}


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") or "app"


MODULES = modules()


def entry(table: dict[str, set[str]], module: str) -> str | None:
    """The line of the table that holds for a module: its own, or its package's `.*`."""
    if module in table:
        return module
    package = f"{module.rpartition('.')[0]}.*"
    return package if package in table else None


def imports(module: str, source: str) -> Iterator[Import]:
    """Every import in a module, those of TYPE_CHECKING and inside functions too."""
    pending: list[tuple[ast.AST, bool]] = [(ast.parse(source), False)]
    while pending:
        node, late = pending.pop()
        for name in _names(module, node):
            yield Import(name, late, getattr(node, "lineno", 0))
        late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        late = late or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        pending.extend((child, late) for child in ast.iter_child_nodes(node))


def _names(module: str, node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    origin = ".".join(filter(None, [_above(module, node.level), node.module]))
    return [_deepest(origin, alias.name) for alias in node.names]


def _above(module: str, level: int) -> str:
    """What `level` leading dots mean in a module."""
    if level == 0:
        return ""
    parts = ["app"] if module == "app" else ["app", *module.split(".")]
    is_package = MODULES.get(module, Path("module.py")).name == "__init__.py"
    return ".".join(parts[: len(parts) - level + is_package])


def _deepest(origin: str, name: str) -> str:
    """`from app import rows` means app.rows; `from app.rows import Fields` means app.rows."""
    inner = f"{origin}.{name}"
    return inner if inner.removeprefix("app.") in MODULES.keys() | MAY_IMPORT.keys() else origin


def breaches(module: str, source: str) -> list[str]:
    """What a module imports against the law, one sentence each."""
    found = (_breach(module, each) for each in imports(module, source))
    return [sentence for sentence in found if sentence]


def _breach(module: str, found: Import) -> str | None:
    where = f"app/{module.replace('.', '/')}, line {found.line}"
    package = found.name.partition(".")[0]
    if package == "app":
        return _breach_inside(module, found, where)
    if package in sys.stdlib_module_names:
        return None
    if package not in HOME:
        return f"{where}: {package} is in no line of HOME: add it there and to requirements.txt"
    homes = HOME[package]
    if "*" not in homes and module not in homes and entry({h: set() for h in homes}, module) is None:
        return f"{where}: {package} belongs to {', '.join(sorted(homes))} alone"
    if package in LATE and not found.late:
        return f"{where}: {package} is imported late only, inside a function"
    return None


def _breach_inside(module: str, found: Import, where: str) -> str | None:
    own = entry(MAY_IMPORT, module)
    if own is None:
        return f"app/{module.replace('.', '/')} has no line in MAY_IMPORT of {__file__}: add it"
    target = "app" if found.name == "app" else found.name.removeprefix("app.")
    allowed = dict.fromkeys(MAY_IMPORT[own], set[str]())
    if entry(allowed, target) is None:
        return f"{where}: {own} may not import {found.name}"
    if not found.late and target not in LIGHT.get(module, {target}):
        return f"{where}: {found.name} is imported late here, inside a function"
    return None


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_comes_before_it(module: str) -> None:
    assert entry(MAY_IMPORT, module), f"{module} is new: add it to MAY_IMPORT in {__file__}"
    found = breaches(module, MODULES[module].read_text())
    assert not found, "\n".join(found)


@pytest.mark.parametrize("module", MODULES)
def test_no_module_takes_a_name_that_hides_another(module: str) -> None:
    name = module.rpartition(".")[2]
    home = APP / "routes" if module.startswith("routes.") else APP
    assert name not in TAKEN, f"{home.name}/{name}.py hides the module of that name: rename it"


@pytest.mark.parametrize(
    ("module", "source", "why"),
    [
        ("rows", "from app.fold import fold", "may not import app.fold"),
        ("rows", "def late():\n    from app import follow", "may not import app.follow"),
        ("sources.file", "from app.rows import Position", "may not import app.rows"),
        ("sources.file", "from ..rows import Position", "may not import app.rows"),
        ("figure", "from app import create_app", "may not import app"),
        ("wire", "from app.figure import View", "may not import app.figure"),
        ("follow", "from app.routes.events import bp", "may not import app.routes.events"),
        ("store", "import flask", "flask belongs to app, guard, routes"),
        ("follow", "def late():\n    import gevent.event", "gevent belongs to hub alone"),
        ("picture", "from matplotlib.figure import Figure", "imported late only"),
        ("__main__", "from app import create_app", "imported late here"),
        ("fold", "import pandas", "pandas is in no line of HOME"),
        ("novel", "from app.rows import Fields", "has no line in MAY_IMPORT"),
    ],
)
def test_an_import_against_the_law_is_named(module: str, source: str, why: str) -> None:
    sentences = breaches(module, source)
    assert len(sentences) == 1
    assert why in sentences[0]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("fold", "import re\nfrom app.rows import Batch\nfrom app.formats import make_parser"),
        ("formats.jsonl", "import msgspec\nfrom ..rows import Fields"),
        ("routes.page", "from flask import Blueprint\nfrom app.routes import board"),
        ("picture", "if TYPE_CHECKING:\n    from matplotlib.artist import Artist"),
        ("picture", "def draw():\n    from matplotlib.figure import Figure"),
        ("__main__", "from app.settings import Settings\ndef demo():\n    from app import demo"),
    ],
)
def test_an_import_within_the_law_passes(module: str, source: str) -> None:
    assert breaches(module, source) == []
