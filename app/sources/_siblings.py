"""Rotated siblings: `train.log.1` is newer than `train.log.2`, and may have been zipped since."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from app.sources._opened import Opened, identity_of

_NUMBERED = re.compile(r"\.(\d{1,4})(\.gz)?", re.ASCII)
_DATED = re.compile(r"[-_.]\d{4}-?\d{2}-?\d{2}.*", re.ASCII)


class Sibling(NamedTuple):
    """A file that the log was before a rotation. `number` 1 is the newest; 0 where the name has a date instead."""

    number: int
    path: str
    found: os.stat_result


class Step(NamedTuple):
    """The file that was written after the one that is held."""

    path: str
    kind: str
    """What happened to the held one: rotated or replaced."""
    gap: bool = False
    """Whether there may have been another in between that cannot be found."""


def siblings(path: str) -> list[Sibling]:
    """The rotated files of a log, the newest first; of a file and its zipped copy only the file."""
    log = Path(path)
    found: dict[str, Sibling] = {}
    try:
        places = sorted(place for place in log.parent.iterdir() if place.name.startswith(log.name))
    except OSError:
        return []  # the folder itself is gone, or not ours to read
    for place in places:
        name, ending = place.name, place.name[len(log.name) :]
        numbered = _NUMBERED.fullmatch(ending)
        if (numbered or _DATED.fullmatch(ending)) and name.removesuffix(".gz") not in found:
            try:
                facts = place.stat()
            except OSError:
                continue  # gone since it was listed
            if stat.S_ISREG(facts.st_mode):
                found[name] = Sibling(int(numbered[1]) if numbered else 0, str(place), facts)
    return sorted(found.values(), key=lambda sibling: sibling.number)


def after(path: str, held: Opened, seen: int, read: Collection[tuple[int, int]] = ()) -> Step:
    """The file that was written after the held one: the next newer sibling where that is one, else the log itself.

    `seen`: time of the held one's last change while it was at the path (ctime, ns): what was renamed before that came
    before it. `read`: identities of files that were read.
    """
    there = siblings(path)
    facts = held.stat()
    place = next((s for s in there if identity_of(s.found) == held.identity), None)
    if place and place.number:
        between = {s.number: s.path for s in there if 0 < s.number < place.number}
        gap = len(between) < place.number - 1
        return Step(between[max(between)] if between else path, "rotated", gap)
    changed = [s for s in there if s.found.st_ctime_ns > seen and identity_of(s.found) not in read]
    newer = [s for s in changed if s.found.st_mtime_ns > facts.st_mtime_ns]  # a zipped copy keeps the time of its file
    if place or facts.st_nlink:
        return Step(path, "rotated", gap=bool(newer))  # under a name that tells no order
    numbered = [s for s in newer if s.number]
    if numbered:  # deleted as the oldest of too many: what was written after it are these
        return Step(numbered[-1].path, "rotated", gap=True)
    return Step(path, "replaced")


def oldest(path: str, most: int) -> tuple[str, int]:
    """The sibling to begin with ("" for none), so that it and the newer ones have at most so many bytes.

    And how many older ones that leaves out.
    """
    numbered = [s for s in siblings(path) if s.number]
    total, begin = 0, ""
    for count, sibling in enumerate(numbered):
        total += _unzipped_size(sibling)
        if total > most:
            return begin, len(numbered) - count
        begin = sibling.path
    return begin, 0


def _unzipped_size(sibling: Sibling) -> int:
    """Bytes of a sibling, of a zipped one as it says at its end: a hint, which may lie."""
    size = sibling.found.st_size
    if not sibling.path.endswith(".gz"):
        return size
    try:
        with Path(sibling.path).open("rb") as zipped:
            zipped.seek(-4, os.SEEK_END)
            return max(size, int.from_bytes(zipped.read(4), "little"))
    except OSError:
        return size
