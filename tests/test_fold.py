"""fold: the same bytes give the same rows, however they are cut, and every mark checks itself."""

import itertools
import math
import os
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import app.fold
import app.lines
from app.builder import MOST_METRICS
from app.fold import MARK_EVERY, MOST_UNREAD, POINTS_PER_MARK, Fold, visible
from app.formats import formats
from app.rows import START, Batch, Mark, Position
from app.store import Run

HERE = Path(__file__).resolve().parent
# More logs to check the law on: any folder of them, for example a collection of real ones.
FOLDERS = [HERE / "logs", *map(Path, filter(None, [os.environ.get("TAILPLOT_LOGS_DIR")]))]
LOGS = sorted(path for folder in FOLDERS for path in folder.glob("*") if path.is_file())


class Story(NamedTuple):
    """All that a fold made of a log, as plain values that compare (NaN equal to NaN)."""

    at: list[int]
    x: str
    points: dict[str, tuple[list[int], str]]
    end: Position
    counts: tuple[int, int, float, dict[str, int], list[str], str]


def folded(chunks: Iterable[bytes]) -> tuple[Story, list[Batch]]:
    """What a fold made of these chunks, and the batches with anything in them."""
    fold = Fold(0)
    batches = [batch for chunk in chunks if (batch := fold.feed(chunk)).marks or len(batch.at) or batch.metrics]
    batches.append(fold.close())
    points: dict[str, tuple[list[int], list[float]]] = {}
    first = 0
    for batch in batches:
        for name, (rows, values) in batch.metrics.items():
            kept = points.setdefault(name, ([], []))
            kept[0].extend((rows + first).tolist())
            kept[1].extend(values.tolist())
        first += len(batch.at)
    x = [np.concatenate([getattr(batch, name) for batch in batches]) for name in ("step", "epoch", "wall_time")]
    story = Story(
        [int(at) for batch in batches for at in batch.at],
        repr([column.tolist() for column in x]),
        {name: (rows, repr(values)) for name, (rows, values) in points.items()},
        fold.end,
        (
            fold.lines,
            fold.lines_understood,
            0.0 if math.isnan(batches[-1].total) else batches[-1].total,
            dict(fold.skipped),
            fold.unread,
            fold.parser.format,
        ),
    )
    return story, batches


def cut(log: bytes, sizes: Iterable[int]) -> list[bytes]:
    edges = [0, *itertools.takewhile(lambda at: at < len(log), itertools.accumulate(sizes)), len(log)]
    return [log[a:b] for a, b in itertools.pairwise(edges)]


def every(size: int) -> Iterable[int]:
    return itertools.repeat(size)


ENDS = (b"\n", b"\r", b"\b")
ENDS_OF_DOCUMENTS = (b"]", b"}")
ENDS_OF_UNITS = tuple(unit for end in ENDS for unit in (end + b"\0", b"\0" + end))


def check_marks(log: bytes, batches: list[Batch]) -> None:
    """Each mark rises, knows its CRC and its rows and points, and lies just after a line's end."""
    rows_at = np.concatenate([batch.at for batch in batches])
    points_at = np.sort(np.concatenate([np.empty(0), *(b.at[rows] for b in batches for rows, _ in b.metrics.values())]))
    marks = [mark for batch in batches for mark in batch.marks]
    crc, wide = 0, log[:2] in (b"\xff\xfe", b"\xfe\xff")
    for before, mark in itertools.pairwise([Mark(0, 0, 0, 0), *marks]):
        assert mark.at > before.at
        crc = zlib.crc32(log[before.at : mark.at], crc)
        assert mark.crc == crc
        ended = log[: mark.at].endswith(ENDS_OF_UNITS if wide else ENDS) or mark.at == len(log)
        assert ended or log[: mark.at].rstrip(b" \t").endswith(ENDS_OF_DOCUMENTS)
        assert mark.rows == np.searchsorted(rows_at, mark.at, side="right")
        assert mark.points == np.searchsorted(points_at, mark.at, side="right")
    assert all(batch.marks for batch in batches if len(batch.at)), "rows that no mark ends"


def check_law(log: bytes, sizes: Iterable[int]) -> None:
    """LAW: same bytes, same rows, whatever the chunking."""
    whole, batches = folded([log])
    check_marks(log, batches)
    pieces, batches = folded(cut(log, sizes))
    check_marks(log, batches)
    assert pieces == whole
    assert whole.end == (0, len(log), zlib.crc32(log)) or (whole.end.at == 0 and not log)


LINES = [line.encode() for module in formats() for line, _ in module.SAMPLES]
line = st.one_of(
    st.sampled_from(LINES),
    st.sampled_from(
        [b"step 1 loss 0.5", b"Epoch: 2", b"iter: 50 loss: nan", b'{"step": 3, "loss": NaN}', b"a,b", b"1,2"]
    ),
    st.builds(lambda s, v: f"step={s} loss={v!r}".encode(), st.integers(0, 10**17), st.floats()),
    st.builds(lambda e, i: b"epoch: %d, iter: %d, acc: 0.5" % (e, i), st.integers(0, 3), st.integers(0, 200)),
    st.text(max_size=20).map(lambda text: text.encode(errors="replace")),
    st.binary(max_size=12),
    st.sampled_from(
        [b"", b"\0" * 9, b"\xef\xbb\xbf", b"\xef\xbb\xbfloss=1", b"\x1b[31mloss=2\x1b[0m", b"\xfeloss=1\xff"]
    ),
    st.builds(lambda n: b"x1" * n, st.integers(0, 40)),
)
end = st.sampled_from([b"\n", b"\n", b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\n", b""])
log = st.lists(st.tuples(line, end).map(b"".join), max_size=40).map(b"".join)
sizes = st.one_of(
    st.sampled_from([1, 2, 3, 7]).map(lambda size: [size] * 5000),
    st.lists(st.integers(0, 60), max_size=60),
)


@given(log, sizes)
def test_the_same_bytes_give_the_same_rows_however_they_are_cut(log: bytes, sizes: list[int]) -> None:
    check_law(log, sizes)


@given(log, sizes, st.integers(1, 60), st.integers(1, 10), st.integers(4, 60))
def test_marks_are_right_at_any_spacing(log: bytes, sizes: list[int], every: int, points: int, longest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.fold, "MARK_EVERY", every)
        patch.setattr(app.fold, "POINTS_PER_MARK", points)
        patch.setattr(app.lines, "LONGEST_LINE", longest)
        check_law(log, sizes)


# Bytes of a chunk, and of a log that is read in such chunks; of a longer one its beginning.
CHUNKS = [(1, 200_000), (7, 1_000_000), (4096, sys.maxsize)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", LOGS, ids=[path.name for path in LOGS])
def test_a_log_as_trainers_write_it_obeys_the_law(path: Path) -> None:
    log = path.read_bytes()
    whole, batches = folded([log])
    check_marks(log, batches)
    assert whole.end == (0, len(log), zlib.crc32(log)), "the last mark is not at the end"
    for size, most in CHUNKS:
        if size == 1 and len(log) > most:
            continue  # the time is better spent on chunks of 7
        part = whole if len(log) <= most else folded([log[:most]])[0]
        pieces, batches = folded(cut(log[:most], every(size)))
        check_marks(log[:most], batches)
        assert pieces == part, f"chunks of {size} bytes"


@pytest.mark.parametrize("path", sorted((HERE / "logs").glob("*")), ids=lambda path: path.name)
def test_every_small_log_has_points(path: Path) -> None:
    story, _ = folded([path.read_bytes()])
    assert story.points


def test_half_a_line_makes_a_row_when_the_generation_is_over() -> None:
    fold = Fold(2)
    assert fold.feed(b"step 1 loss 0.5\nstep 2 loss 0.1").at.tolist() == [16]
    assert fold.feed(b"").marks == []
    batch = fold.close()
    assert (batch.generation, batch.at.tolist(), batch.metrics["loss"][1].tolist()) == (2, [31], [0.1])
    assert batch.marks == [Mark(31, zlib.crc32(b"step 1 loss 0.5\nstep 2 loss 0.1"), 2, 2)]
    assert fold.end == (2, 31, batch.marks[-1].crc)


def test_a_batch_without_a_whole_line_has_no_mark() -> None:
    fold = Fold(0)
    assert fold.feed(b"step 1").marks == []
    assert fold.end == (0, 0, 0)


def test_lines_without_metrics_move_the_end_on() -> None:
    fold = Fold(0)
    assert fold.feed(b"hello\n").marks == [Mark(6, zlib.crc32(b"hello\n"), 0, 0)]
    assert fold.end == (0, 6, zlib.crc32(b"hello\n"))


IN_LETTERS = bytes.maketrans(b"0123456789", b"abcdefghij")


@pytest.mark.parametrize("table", [None, IN_LETTERS], ids=["numbers", "words"])
@pytest.mark.parametrize("line", [b"step %d loss 0.5", b"file %d of 9 copied", b"Epoch: %d", b"x%d" + b"x" * 900])
def test_marks_lie_close_within_one_feed(line: bytes, table: bytes | None) -> None:
    log = b"".join((line % number).translate(table) + b"\r\n" for number in range(300_000 // len(line)))
    _, batches = folded([log[:250_000], log[250_000:]])
    check_marks(log, batches)
    marks = [mark for batch in batches for mark in batch.marks]
    gaps = [b.at - a.at for a, b in itertools.pairwise([Mark(0, 0, 0, 0), *marks])]
    assert max(gaps) <= MARK_EVERY + 1000
    assert len(marks) > 4


@pytest.mark.parametrize("width", [1, 3, 1999, MOST_METRICS])
def test_no_more_than_2500_points_and_a_row_lie_between_two_marks(width: int) -> None:
    row = b'{"step": 1, ' + b", ".join(b'"m%d": 1' % i for i in range(width)) + b"}\n"
    log = row * (20_000 // width)
    _, batches = folded([log])
    gaps = [b.points - a.points for a, b in itertools.pairwise([Mark(0, 0, 0, 0), *batches[0].marks])]
    assert max(gaps) < POINTS_PER_MARK + width
    assert sum(gaps) == len(log) // len(row) * width


def test_colours_and_cursor_moves_are_taken_off_before_reading() -> None:
    assert visible("\x1b[1;31mloss\x1b[0m: \x1b[2K0.5") == "loss: 0.5"
    assert visible("loss: 0.5") == "loss: 0.5"
    story, _ = folded([b"\x1b[32mINFO\x1b[0m step=3 \x1b[1mloss\x1b[0m=0.5\n"])
    assert story.points == {"loss": ([0], "[0.5]")}


def test_lines_that_are_left_out_are_counted_by_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.lines, "LONGEST_LINE", 50)
    fold = Fold(0)
    fold.feed(b"hello\n" + b"7 files copied\n" * 9 + b"x" * 51 + b"\nstep 1e300 loss 1\nstep 2 loss 1\n")
    assert fold.skipped == {
        "no numbers": 1,
        "no format knows it": 9,
        "too long": 1,
        "number too large to be a step or an epoch": 1,
    }
    assert fold.unread == ["7 files copied"] * MOST_UNREAD
    assert (fold.lines, fold.lines_understood) == (12, 2)


def test_an_unread_line_is_shown_short() -> None:
    fold = Fold(0)
    fold.feed(b"7" * 5000 + b"\n")
    assert fold.unread == ["7" * 200]


@pytest.mark.parametrize("line", ['{"@time": "12:00 x", "loss": 1}', '{"@total": "x", "@section": 3, "loss": 1}'])
def test_a_log_that_spells_our_own_keys_costs_nothing(line: str) -> None:
    batch = Fold(0).feed(f"step=1 loss=0.5\n{line}\nstep=2 loss=0.25\n".encode())
    assert batch.metrics["loss"][1].tolist() == [0.5, 1, 0.25]


def test_a_format_that_stumbles_costs_its_line_and_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(text: str) -> None:
        if "2" in text:
            raise RuntimeError("a bug in a format")

    fold = Fold(0)
    monkeypatch.setattr(fold.parser, "_parsers", [("broken", stumble), *fold.parser._parsers])
    text = b"step=1 loss=0.5\nstep=2 loss=9\nstep=3 loss=0.25\n"
    batch = fold.feed(text)
    assert batch.metrics["loss"][1].tolist() == [0.5, 0.25]
    assert fold.skipped["error"] == 1
    assert batch.marks[-1].crc == zlib.crc32(text)


# -- open boxes, lists that grow -------------------------------------------------------------------

BOX = (
    "------------------------------------\n"
    "| rollout/           |             |\n"
    "|    ep_rew_mean     | {rew}       |\n"
    "| time/              |             |\n"
    "|    total_timesteps | {step}      |\n"
    "------------------------------------\n"
)
BOXES = ["Using cpu device\n", *(BOX.format(rew=step / 2, step=step) for step in (10, 20, 30))]
LIST = "[\n" + "".join(f'{{\n"step": {step},\n"rew": 0.5\n}},\n' for step in (10, 20, 30))


def opened(log: bytes) -> list[range]:
    """Where each box of a log is open: from the end of its first row with a number to before its closing rule."""
    spans: list[range] = []
    at = before = first = 0
    for row in log.splitlines(keepends=True):
        at += len(row)
        if row.startswith(b"|    "):
            first = first or at
        elif first and b"/" not in row:
            spans.append(range(first, before + 1))
            first = 0
        before = at
    return [*spans, range(first, at + 1)] if first else spans


def viewed(run: Run, position: Position) -> tuple[list[int], Position]:
    """The rows of the run that a viewer gets from this position on, event by event, and where it then is."""
    rows: list[int] = []
    while (stop := run.next_stop(position)) != position:
        rows += range(run.rows_until(position), run.rows_until(stop))
        position = stop
    return rows, position


@pytest.mark.parametrize("log", ["".join(BOXES), "".join(BOXES)[:-37]], ids=["closed", "open at the end"])
@pytest.mark.parametrize("size", [1, 7, 50, 9999])
@pytest.mark.parametrize("spacing", [1, MARK_EVERY])
def test_no_mark_stands_in_a_box_that_is_open(
    monkeypatch: pytest.MonkeyPatch, log: str, size: int, spacing: int
) -> None:
    monkeypatch.setattr(app.fold, "MARK_EVERY", spacing)
    monkeypatch.setattr(app.fold, "POINTS_PER_MARK", spacing)
    for before in (b"", b"[\n"):  # read at once, and given back by what may have been a document
        text = before + log.encode()
        fold = Fold(0)
        marks = [mark.at for chunk in cut(text, every(size)) for mark in fold.feed(chunk).marks]
        spans = opened(text)
        assert len(spans) == 3
        assert not [at for at in marks for span in spans if at in span]
        assert marks[-1] == (len(text) if log.endswith("-\n") else marks[-1])
        assert [mark.at for mark in fold.close().marks] == ([] if log.endswith("-\n") else [len(text)])


@pytest.mark.parametrize("log", ["".join(BOXES), "".join(BOXES)[:-37], LIST, LIST + "]", LIST + '{"step": 40'])
@pytest.mark.parametrize("size", [1, 7, 50, 9999])
def test_a_viewer_who_resumes_at_any_mark_gets_each_row_once(log: str, size: int) -> None:
    text = log.encode()
    run, fold = Run("train"), Fold(0)
    watched, seen, resumed = START, list[int](), list[tuple[Position, int]]()
    for chunk in cut(text, every(size)):
        run.add(batch := fold.feed(chunk))
        rows, watched = viewed(run, watched)
        seen += rows
        resumed += [(Position(0, mark.at, mark.crc), mark.rows) for mark in batch.marks]
    run.add(fold.close())
    seen += viewed(run, watched)[0]
    assert seen == [0, 1, 2]
    assert run.series(next(iter(run.metrics))).step.tolist() == [10, 20, 30]
    for position, known in resumed:
        assert run.rows_until(position) == known
        assert viewed(run, position)[0] == [0, 1, 2][known:]


@pytest.mark.parametrize("start", ["", '{"log": [\n'], ids=["read", "given back"])
def test_rows_before_a_box_are_settled_while_it_is_open(start: str) -> None:
    before = start + '"step": 1, "loss": 0.5,\n'
    fold = Fold(0)
    batch = fold.feed((before + "| acc | 0.25 |\n| lr | 0.1 |\n").encode())
    assert batch.at.tolist() == [len(before)]
    assert [mark.at for mark in batch.marks] == [len(before)]


DOCUMENTS = [
    '[{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]',
    '{"loss": [0.5, 0.25, 0.125], "acc": [0.1, 0.2, 0.3]}',
    '{"best": 1, "log_history": [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]}',
    '[\n {"epoch": 1, "loss": 0.5},\n {"epoch": 2,\n "loss": 0.25}\n]',
    '{\n "note": "a ] and a }",\n "log_history": [\n {"step": 1, "loss": 0.5},\n {"step": 2, "loss": 0.25}\n ]\n}',
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_needs_no_newline_at_its_end(document: str) -> None:
    batch = Fold(0).feed(document.encode())
    assert len(batch.metrics["loss"][1]) == document.count("0.5") + document.count("0.25") + document.count("0.125")
    assert batch.marks[-1].at == len(document)


@pytest.mark.parametrize("line", ['{"step": 1, "loss": 0.5}', "[1, 2]", "[]", "{}", "loss 0.5 [train]", "{'a': [1]}"])
def test_a_line_that_is_no_document_waits_for_its_end(line: str) -> None:
    fold = Fold(0)
    assert not fold.feed(line.encode()).marks
    assert fold.lines == 0


@given(
    st.sampled_from(DOCUMENTS),
    st.sampled_from(
        ["", "\n", "\r\n", " \t", "  \n", "]", "x", " loss=0.5 step=9\n", '{"step": 3, "loss": 2}', "\nstep=4 loss=1"]
    ),
    log,
    sizes,
)
def test_a_document_ends_its_line_whatever_follows(document: str, rest: str, more: bytes, sizes: list[int]) -> None:
    check_law(document.encode() + rest.encode() + b"\n" + more, sizes)


def test_a_record_of_a_list_is_a_row_when_its_last_line_has_come() -> None:
    fold = Fold(0)
    known = []
    for line in LIST.splitlines(keepends=True):
        batch = fold.feed(line.encode())
        known.append((batch.at.tolist() == [fold.end.at], len(batch.marks)))
    assert known == [(False, 0)] + [(False, 0), (False, 0), (False, 0), (True, 1)] * 3
    assert fold.lines_understood == 13


@given(
    st.lists(st.sampled_from([*BOXES, "[\n", '{"loss": 1},\n', '{\n"loss": 2\n}\n', ",\n", "]\n", "2,\n", "\t\n"])),
    sizes,
    st.integers(1, 60),
)
def test_lists_and_boxes_obey_the_law(parts: list[str], sizes: list[int], every: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.fold, "MARK_EVERY", every)
        check_law("".join(["[\n", *parts]).encode(), sizes)
        check_law("".join(parts).encode(), sizes)
