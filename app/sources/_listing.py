"""Which files an argument stands for, and what their runs are called."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

ENDINGS = (".log", ".out", ".err", ".txt", ".csv", ".tsv", ".json", ".jsonl")
DEEPEST = 8
MOST_FILES = 200


def is_pattern(spec: str) -> bool:
    """Whether an argument is a glob; a file whose name only looks like one is a file."""
    return glob.has_magic(spec) and not os.path.exists(spec)  # noqa: PTH110 (Path's raises where a disk fails)


def is_folder(spec: str) -> bool:
    """Whether an argument is a folder, or says with its last character that it will be one."""
    return spec.endswith("/") or os.path.isdir(spec)  # noqa: PTH112 (as above)


def listed(spec: str, alone: bool) -> list[tuple[str, str]]:
    """(name, path) of the logs below a folder or of a glob.

    A name is the path below the folder, or below the fixed part of the glob; with further arguments beside it, the
    folder as given comes before it. `.log` is left off, and the ending that a glob asks for: another ending stays, so
    that a name never depends on what else is there, or was there first.
    """
    base = _fixed_part(spec) if is_pattern(spec) else Path(spec)
    endings = {".log", Path(spec).suffix if is_pattern(spec) else ""}
    if is_pattern(spec):
        matches = glob.glob(spec, recursive=True)  # noqa: PTH207 (Path.glob refuses absolute patterns)
        paths = [Path(path) for path in matches if os.path.isfile(path)]  # noqa: PTH113 (as above)
    else:
        paths = _newest(_logs_below(base, 1))
    named = [(path.relative_to(base) if alone else path, str(path)) for path in paths]
    short = [(str(name.with_suffix("") if name.suffix in endings else name), path) for name, path in named]
    return sorted(short, key=lambda pair: _as_counted(pair[0]))


def _as_counted(name: str) -> list[tuple[int, str]]:
    """Sorts `run2` before `run10`."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d{1,15})", name)]


def _fixed_part(pattern: str) -> Path:
    parts = Path(pattern).parts
    magic = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:magic])


def _newest(paths: Iterator[Path]) -> list[Path]:
    dated = []
    for path in paths:
        try:
            dated.append((path.stat().st_mtime, path))
        except OSError:
            continue  # gone since it was listed
    return [path for _, path in sorted(dated, reverse=True)[:MOST_FILES]]


def _logs_below(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return  # not there yet, or not ours to read
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir():
            if depth < DEEPEST:
                yield from _logs_below(Path(entry.path), depth + 1)
        elif entry.is_file() and entry.name.endswith(ENDINGS):
            yield Path(entry.path)


def stem(spec: str, specs: Sequence[str]) -> str:
    """The name of a single file: its stem, or its path as given where another argument has the same stem."""
    same = [other for other in specs if Path(other).stem == Path(spec).stem and other != spec]
    return spec if same else Path(spec).stem
