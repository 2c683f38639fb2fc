"""model: a log is given as was promised, whatever becomes of it; and where it is not, random lives find out."""

import math
import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from app.fold import Fold
from app.sources import Chunk, _life, file
from app.sources._content import Content
from app.sources._holes import past_hole
from app.sources._life import Life
from app.sources._opened import CHUNK, Opened, Plain
from app.sources._siblings import Step as Following
from app.sources.file import FileSource
from tests import model
from tests.model import STORIES, File, Folder, Step, World, findings, lived, sequence, shortest, shown, trial

SEQUENCES = 200
ENOUGH = 150
"""Sequences in which a broken reader must be found out."""


def test_random_lives_of_a_log_are_given_as_was_promised() -> None:
    found = [str(finding) for finding in islice(findings(SEQUENCES), 3)]
    assert not found, "\n".join(found)


# -- the promise, by example: what happens, and the generations that are given, `1,2,` being whole lines ----

WRITTEN: list[Step] = [("append", "path", 2), ("read",)]
"""A log of two lines that were read."""
KEPT: list[Step] = [("open", True), ("append", "writer", 2), ("read",)]
"""The same by a writer that keeps its descriptor."""
LONG: list[Step] = [("append", "path", 3, 700), ("read",)]
HOLE: list[Step] = [("open", False), ("append", "writer", 1, 9000), ("read",), ("truncate", 0.0)]
HOLE += [("append", "writer", 1), ("read",)]
"""A hole, and a line after it."""

EXAMPLES: dict[str, tuple[list[Step], list[str]]] = {
    "what is appended comes once": (
        [*WRITTEN, ("append", "path", 1), ("read",), ("read",), ("tear", "path", 1), ("read",), ("append", "path", 0)],
        ["1,2,3,4,"],
    ),
    "a file moved away and back is not repeated": (
        [*WRITTEN, ("away",), ("pause", 31.0), ("read",), ("back",), ("append", "path", 1)],
        ["1,2,3,"],
    ),
    "a replacement that begins with all that was read goes on": ([*WRITTEN, ("replace", "again")], ["1,2,3,4,"]),
    "any other replacement is a new generation": (
        [*LONG, ("replace", "edited")],
        ["1,2,3,", "1,step=2 loss=2.5 #~#\n3,4,5,"],
    ),
    "what the old file had is read before the new one": (
        [*KEPT, ("append", "writer", 1), ("rotate",), ("append", "path", 1), ("append", "writer", 1)],
        ["1,2,3,5,", "4,"],
    ),
    "what comes to the old file within 5 s is read before the new one": (
        [*KEPT, ("rotate",), ("append", "path", 1), ("read",), ("pause", 4.9), ("append", "writer", 1), ("read",)],
        ["1,2,4,", "3,"],
    ),
    "what comes to the old file after that is not given": (
        [*KEPT, ("rotate",), ("append", "path", 1), ("read",), ("pause", 5.0), ("read",), ("append", "writer", 1)],
        ["1,2,", "3,"],
    ),
    "one that never rests does not hold the new one back": (
        [*KEPT, ("rotate",), ("poll",), ("pause", 5.0), *[("append", "writer", 1), ("poll",)] * 3],
        ["1,2,3,", ""],
    ),
    "it is over with what it has after 5 s, however many polls that takes": (
        [*KEPT, ("rotate",), ("append", "path", 1), ("poll",), ("append", "writer", 50, 6000), ("pause", 5.0)]
        + [("poll",), ("append", "writer", 50, 6000), ("poll",), ("poll",)],
        ["1,2," + "".join(f"{number}," for number in range(4, 54)), "3,"],
    ),
    "a log that was rotated more than once is followed through the row": (
        [*WRITTEN, ("rotate",), ("append", "path", 1), ("rotate",), ("append", "path", 1)],
        ["1,2,", "3,", "4,"],
    ),
    "so is the log that a link leads to, also one that was put in its place": (
        [*WRITTEN, ("link", "one.log"), ("read",)] + [("rotate",), ("append", "path", 1)] * 2,
        ["1,2,", "3,", "4,"],
    ),
    "a link that is switched leads to a new generation": (
        [("link", "one.log"), *WRITTEN, ("link", "two.log"), ("append", "path", 1)],
        ["1,2,", "3,"],
    ),
    "an empty log is no generation": ([("rotate",), ("read",), *WRITTEN, ("rotate",)], ["1,2,", ""]),
    "a truncated log waits for what is written to it": (
        [*WRITTEN, ("truncate", 0.0), ("pause", 31.0), ("read",), ("append", "path", 3)],
        ["1,2,", "3,4,5,"],
    ),
    "a table that is written anew within 2 s goes on": (
        [*WRITTEN, ("truncate", 0.5), ("read",), ("pause", 1.9), ("restore", 1.0), ("append", "path", 1)],
        ["1,2,3,"],
    ),
    "one that stays shorter for 2 s is a new generation": (
        [*WRITTEN, ("truncate", 0.5), ("read",), ("pause", 2.0), ("read",), ("restore", 1.0)],
        ["1,2,", "1,2,"],
    ),
    "one that was shorter is compared whole": (
        [*LONG, ("truncate", 0.0), ("read",), ("restore", 1.0), ("sneak", "edited")],
        ["1,2,3,", "1,step=2 loss=2.5 #~#\n3,4,5,"],
    ),
    "a log rewritten longer is a new generation": ([*WRITTEN, ("rewrite", "half")], ["1,2,", "1,3,4,"]),
    "one rewritten in its middle is a new generation": (
        [*LONG, ("rewrite", "middle")],
        ["1,2,3,", "1,step=2 loss=2.5 #~#\n3,"],
    ),
    "one rewritten in its middle that grows is not told from one that only grows": (
        [*LONG, ("rewrite", "edited")],
        ["1,2,3,4,5,"],
    ),
    "one that hides being rewritten is found within 5 s": (
        [("lie",), *WRITTEN, ("sneak", "same"), ("pause", 5.0), ("read",), ("pause", 0.5), ("read",)]
        + [("truncate", 0.0)],
        ["1,2,", "3,"],
    ),
    "one that is cut, written to and rotated between two polls is compared all the same": (
        [*WRITTEN, ("truncate", 0.0), ("append", "path", 3), ("rotate",), ("append", "path", 1)],
        ["1,2,", "3,4,5,", "6,"],
    ),
    "so is one that is deleted, and one to which a link led": (
        [("link", "one.log"), *KEPT, ("cut", 0.0), ("append", "writer", 3), ("link", "two.log"), ("append", "path", 1)]
        + [("read",), ("pause", 5.0), ("read",), ("open", True), ("cut", 0.0), ("append", "writer", 2), ("delete",)],
        ["1,2,", "3,4,5,", "6,", "7,8,"],
    ),
    "what then comes to it within 5 s is read before the next one": (
        [*KEPT, ("rotate",), ("append", "path", 1), ("read",), ("pause", 4.9), ("cut", 0.0), ("append", "writer", 3)]
        + [("read",), ("pause", 4.9), ("append", "writer", 1), ("read",)],
        ["1,2,", "4,5,6,7,", "3,"],
    ),
    "one that waits to be written anew is not left": (
        [*KEPT, ("rotate",), ("append", "path", 1), ("read",), ("pause", 4.9), ("cut", 0.5), ("read",)]
        + [("pause", 1.9), ("append", "writer", 1), ("read",), ("pause", 0.1), ("append", "writer", 0)],
        ["1,2,", "1,4,", "3,"],
    ),
    "nor is it let go": (
        [*KEPT, ("delete",), ("read",), ("pause", 29.9), ("cut", 0.5), ("read",), ("pause", 1.9), ("read",)],
        ["1,2,", "1,"],
    ),
    "a deleted log is read as long as it grows": (
        [*KEPT, ("delete",), ("read",), ("pause", 29.9), ("append", "writer", 1)],
        ["1,2,3,"],
    ),
    "so is one in whose place is a folder": (
        [*KEPT, ("mkdir",), ("read",), ("pause", 29.9), ("append", "writer", 1)],
        ["1,2,3,"],
    ),
    "a file that comes after a deleted one is a new generation": (
        [*WRITTEN, ("delete",), ("pause", 31.0), ("read",), ("pause", 31.0), ("read",), ("append", "path", 1)],
        ["1,2,", "3,"],
    ),
    "what no poll has read when it is cut off is lost": (
        [*WRITTEN, ("append", "path", 1), ("truncate", 0.0), ("append", "path", 3)],
        ["1,2,", "4,5,6,"],
    ),
    "a hole is given as its NULs": (
        [("open", False), ("append", "writer", 1, 6000), ("read",), ("truncate", 0.0), ("append", "writer", 1)],
        ["1,", "<NULs>2,"],
    ),
    "a log that is let go, comes back and grows is shown whole, and nothing of it is late": (
        [*WRITTEN, *STORIES[2]],
        ["1,2,3,", "4,", "1,2,3,5,"],
    ),
}


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_promise(rule: str) -> None:
    steps, given = EXAMPLES[rule]
    assert [shown(content) for content in lived(steps).given] == given


@pytest.mark.parametrize(
    ("notices", "steps"),
    [
        (["truncated"], [*WRITTEN, ("truncate", 0.0), ("read",), ("append", "path", 1)]),
        (["rewritten"], [*WRITTEN, ("rewrite", "longer")]),
        (["deleted"], [*WRITTEN, ("delete",)]),
        (["gap"], [*WRITTEN, ("rotate",), ("rotate",), ("prune", 1)]),
        (["gap"], [*WRITTEN, *[("rotate",), ("append", "path", 1)] * 3, ("rotate",), ("prune", 3), ("prune", 1)]),
        (
            ["rewritten", "truncated", "deleted"],
            [*HOLE, ("pause", 0.5), ("read",), ("truncate", 0.5), ("delete",), *[("poll",), ("pause", 1.0)] * 40],
        ),
        (["late"], [*KEPT, ("rotate",), ("read",), ("pause", 5.0), ("read",), ("append", "writer", 2)]),
        ([], [*WRITTEN, ("rotate",), ("append", "path", 1), ("read",), ("pause", 5.0), ("replace", "again")]),
    ],
)
def test_what_is_not_shown_as_it_was_written_is_said(notices: list[str], steps: list[Step]) -> None:
    assert lived(steps).notices == notices


@pytest.mark.parametrize(
    ("goes_on", "step"), [(True, ("rotate",)), (True, ("away",)), (False, ("replace", "same")), (False, ("delete",))]
)
@pytest.mark.parametrize("before", [[], [("truncate", 0.0), ("append", "path", 3)]])
def test_a_generation_goes_on_where_the_one_before_ended_after_a_rotation_alone(
    goes_on: bool, step: Step, before: list[Step]
) -> None:
    assert lived([*WRITTEN, *before, step, ("append", "path", 1)]).continues[-1] == goes_on


# -- a reader that breaks the promise is found out ------------------------------------------------------


def yes(*_given: object) -> bool:
    return True


def known_by_its_ends(content: Content, fd: int) -> bool:
    return os.fstat(fd).st_size >= content.at and content.ends_in(fd)


def without_anchor(patch: pytest.MonkeyPatch) -> None:
    def after(opened: Plain, content: Content) -> tuple[int, bytes]:
        return past_hole(opened.fd, content.at, os.pread(opened.fd, CHUNK, content.at))

    patch.setattr(Content, "anchor_in", yes)
    patch.setattr(Content, "head_in", yes)
    patch.setattr(Content, "begins", known_by_its_ends)
    patch.setattr(Plain, "after", after)


def without_reading_the_old_file_to_its_end(patch: pytest.MonkeyPatch) -> None:
    def has_more(life: Life, _until: int | None) -> bool:
        life.size = life.content.at
        return False

    patch.setattr(Life, "has_more", has_more)


def without_comparing_the_old_file(patch: pytest.MonkeyPatch) -> None:
    leave = FileSource._leave

    def left(source: FileSource, *, there: bool) -> None:
        with patch.context() as while_it_leaves:
            while_it_leaves.setattr(FileSource, "_compare", yes)
            leave(source, there=there)

    patch.setattr(FileSource, "_leave", left)


def without_a_new_wait_for_what_begins_anew(patch: pytest.MonkeyPatch) -> None:
    begin_anew = FileSource._begin_anew

    def begun(source: FileSource, life: Life, kind: str, words: str) -> None:
        since = {what: when for what, when in source._since.items() if what == "left"}
        begin_anew(source, life, kind, words)
        source._since.update(since)

    patch.setattr(FileSource, "_begin_anew", begun)


def by_inode_alone(patch: pytest.MonkeyPatch) -> None:
    hold = FileSource._hold

    def held(source: FileSource, opened: Opened, *, sibling: bool = False) -> None:
        source.last = opened.identity  # type: ignore[attr-defined]
        hold(source, opened, sibling=sibling)

    def goes_on(source: FileSource, opened: Opened) -> bool:
        return not source._content.at or opened.identity == source.last  # type: ignore[attr-defined]

    patch.setattr(FileSource, "_hold", held)
    patch.setattr(FileSource, "_goes_on_in", goes_on)


def without_a_full_comparison(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Content, "begins", known_by_its_ends)


def without_a_full_comparison_of_one_that_was_shorter(patch: pytest.MonkeyPatch) -> None:
    look = Life.look

    def looked(life: Life, now: float, *, whole: bool) -> str:
        life._seen = life._seen or (0, 0, 0)
        return look(life, now, whole=False)

    patch.setattr(Life, "look", looked)


def with_late_bytes(patch: pytest.MonkeyPatch) -> None:
    poll = FileSource.poll

    def polled(source: FileSource) -> Chunk:
        late = [os.pread(left.file.fd, CHUNK, left.at) for left in source._left._left.values()]
        chunk = poll(source)
        return chunk._replace(data=chunk.data + b"".join(late))

    patch.setattr(FileSource, "poll", polled)


def lingering_while_it_grows(patch: pytest.MonkeyPatch) -> None:
    leave = FileSource._leave

    def left(source: FileSource, *, there: bool) -> None:
        if source._life and source._life.opened.size(source._content) > source._content.at:
            source._since.pop("left", None)
        leave(source, there=there)

    patch.setattr(FileSource, "_leave", left)


def without_an_end(patch: pytest.MonkeyPatch) -> None:
    has_more = Life.has_more
    patch.setattr(Life, "has_more", lambda life, _until: has_more(life, None))


def with_each_gap_said(patch: pytest.MonkeyPatch) -> None:
    leave_behind = FileSource._leave_behind

    def left_behind(source: FileSource, held: Opened, step: Following) -> None:
        source._gap_said = False
        leave_behind(source, held, step)

    patch.setattr(FileSource, "_leave_behind", left_behind)


def with_no_word_of_more_while_there_is_no_log(patch: pytest.MonkeyPatch) -> None:
    poll = FileSource.poll

    def polled(source: FileSource) -> Chunk:
        chunk = poll(source)
        return chunk._replace(more=chunk.more and not chunk.state)

    patch.setattr(FileSource, "poll", polled)


def without_a_word_of_what_goes_on(patch: pytest.MonkeyPatch) -> None:
    begin = FileSource._next_generation
    patch.setattr(FileSource, "_next_generation", lambda source, *, continues: begin(source, continues=False))


def giving_nothing(patch: pytest.MonkeyPatch) -> None:
    poll = FileSource.poll
    patch.setattr(FileSource, "poll", lambda source: poll(source)._replace(data=b"", hole=0))


def without_siblings(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(file, "after", lambda path, *_given: Following(path, "rotated"))


def with_rows_in_the_wrong_places(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Fold, "skip", lambda _fold, _count: None)


def constant(name: str, value: float) -> Callable[[pytest.MonkeyPatch], None]:
    def change(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(file if hasattr(file, name) else _life, name, value)

    change.__name__ = f"{name}={value}"
    return change


BREACHES = [
    giving_nothing,
    without_anchor,
    without_reading_the_old_file_to_its_end,
    without_comparing_the_old_file,
    without_a_new_wait_for_what_begins_anew,
    by_inode_alone,
    without_a_full_comparison,
    without_a_full_comparison_of_one_that_was_shorter,
    with_late_bytes,
    lingering_while_it_grows,
    without_an_end,
    without_siblings,
    with_each_gap_said,
    with_no_word_of_more_while_there_is_no_log,
    without_a_word_of_what_goes_on,
    with_rows_in_the_wrong_places,
    constant("LINGER", 4.9),
    constant("LINGER", 5.1),
    constant("REWRITE", 1.9),
    constant("REWRITE", 2.1),
    constant("SETTLE", 0.0),
    constant("RECHECK", math.inf),
    constant("SAME_SIZE", -1),
    constant("UNLINKED", 28.0),
]


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.__name__)
def test_a_reader_that_breaks_the_promise_is_found_out(
    breach: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    breach(monkeypatch)
    assert any(trial(sequence(seed)) for seed in range(1, ENOUGH))


def test_a_broken_promise_is_told_with_steps_that_break_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_anchor(monkeypatch)
    monkeypatch.setattr("sys.argv", ["model", "--sequences", "100", "--most", "1"])
    assert model.main() == 1
    told = capsys.readouterr().out
    assert told.startswith("seed ")
    assert eval(told[told.index("trial(") : told.rindex(")") + 1], {"trial": trial})


def test_of_the_steps_only_those_are_told_that_matter() -> None:
    steps: list[Step] = [("pause", float(number)) for number in range(23)]
    needed = {steps[3], steps[17]}
    assert set(shortest(steps, lambda fewer: needed <= set(fewer))) == needed


def test_a_seed_says_all() -> None:
    assert sequence(1) == sequence(1) != sequence(2)
    one, other = lived(sequence(1)), lived(sequence(1))
    assert (one.given, one.notices) == (other.given, other.notices)


def test_a_world_remembers_what_stands_on_disk(tmp_path: Path) -> None:
    for seed in range(1, 40):
        world = World(tmp_path / str(seed))
        world.folder.mkdir()
        for name, *arguments in sequence(seed):
            if name not in ("poll", "read"):
                getattr(world, str(name))(*arguments)
        world.close()
        remembered = {name: entry.content if isinstance(entry, File) else entry for name, entry in world.names.items()}
        on_disk = {path.name: found_in(path) for path in world.folder.iterdir()}
        assert on_disk == {name: None if isinstance(entry, Folder) else entry for name, entry in remembered.items()}


def found_in(path: Path) -> bytes | str | None:
    """The bytes of a file, where a link leads, None for a folder."""
    if path.is_symlink():
        return str(path.readlink())
    return path.read_bytes() if path.is_file() else None
