"""app/superseded.py: a log that is rewritten whole is one curve, and nothing else is ever dropped."""

import pytest

from app.fold import Fold
from app.store import Board, Run
from app.superseded import LATEST, Superseded, without


def run_of(*generations: bytes) -> Run:
    """A run of these generations."""
    run = Run("train")
    for number, text in enumerate(generations):
        run.add(Fold(number).feed(text))
    return run


def lines(*steps: int, more: str = "") -> bytes:
    """A line of text a step, its loss the step's tenth."""
    return "".join(f"step={step} loss={step / 10}{more}\n" for step in steps).encode()


def left_of(run: Run) -> Run:
    """The run without all that is superseded."""
    watch = Superseded()
    while dropped := watch.find(run):
        run = without(run, dropped)
    return run


@pytest.mark.parametrize(
    ("earlier", "newest", "dropped"),
    [
        (lines(1, 2), lines(1, 2), True),
        (lines(1, 2), lines(1, 2, 3), True),
        (lines(1, 2), lines(0, 2, 1), True),
        (lines(1, 2), lines(1, 2, more=" lr=0.5"), True),
        (lines(1, 2), lines(1), False),
        (lines(1, 2), lines(1, 3, 4), False),
        (lines(1, 2, more=" lr=0.5"), lines(1, 2, 3), False),
        (b"step=1 loss=nan\n", b"step=1 loss=nan\nstep=2 loss=1\n", True),
        (b"step=1 loss=0.0\n", b"step=1 loss=-0.0\n", True),
        (b"step=1 loss=nan\n", b"step=1 loss=1\n", False),
        (b"step=1 loss=1\n", b"step=2 loss=1\n", False),
        (b'{"epoch": 1, "loss": 5}\n', b'{"epoch": 2, "loss": 5}\n', False),
        (b'{"epoch": 1, "loss": 5}\n', b'{"epoch": 1, "loss": 5}\n{"epoch": 2, "loss": 5}\n', True),
        (b"no numbers at all\n", lines(1, 2), False),
    ],
)
def test_a_generation_is_dropped_where_each_of_its_points_came_again(
    earlier: bytes, newest: bytes, *, dropped: bool
) -> None:
    run = run_of(earlier, newest)
    left = left_of(run)
    assert len(left.generations) == 2 - dropped
    assert len(run.generations) == 2


def test_what_is_left_is_as_if_the_other_had_never_been() -> None:
    run = run_of(lines(9, 10), lines(1, 2), lines(1, 2, 3, more=" lr=0.5") + b"step=4 acc=1\n")
    left, alone = left_of(run), run_of(lines(9, 10), b"", lines(1, 2, 3, more=" lr=0.5") + b"step=4 acc=1\n")
    assert left.status is run.status
    assert list(left.metrics) == ["loss", "lr", "acc"]
    for metric in left.metrics:
        for mine, other in zip(left.series(metric)[:4], alone.series(metric)[:4], strict=True):
            assert mine.tolist() == pytest.approx(other.tolist(), nan_ok=True)
        assert left.series(metric)[4:] == alone.series(metric)[4:]
    assert left.end == run.end
    assert [(g.number, g.first_row, g.end) for g in left.generations] == [
        (0, 0, run.generations[0].end),
        (2, 2, run.generations[2].end),
    ]
    assert run.series("loss").step.tolist() == [9, 10, 1, 2, 1, 2, 3]


def test_a_run_that_others_still_read_stays_as_it_is_while_the_other_one_grows() -> None:
    run, fold = run_of(lines(1, 2)), Fold(1)
    run.add(fold.feed(lines(1, 2, 3)))
    left = left_of(run)
    left.add(fold.feed(lines(4)))
    assert left.series("loss").step.tolist() == [1, 2, 3, 4]
    assert run.series("loss").step.tolist() == [1, 2, 1, 2, 3]
    assert run.generations[-1].kept is not left.generations[-1].kept


def test_generations_that_differ_are_compared_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    monkeypatch.setattr(
        "app.superseded._stands_in", lambda _run, _old, newest: bool(compared.append(newest.end.points))
    )
    run, fold, watch = run_of(lines(*range(100))), Fold(1), Superseded()
    for step in range(1000):
        run.add(fold.feed(lines(step + 5)))
        assert watch.find(run) is None
    assert compared[0] == 100
    assert len(compared) < 15


def test_however_often_a_log_is_cut_only_its_latest_lives_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    monkeypatch.setattr(
        "app.superseded._stands_in", lambda _run, earlier, _newest: bool(compared.append(earlier.number))
    )
    run, watch = Run("train"), Superseded()
    for number in range(100):
        run.add(Fold(number).feed(lines(number)))
        watch.find(run)
    assert compared.count(0) == LATEST
    assert len(compared) < LATEST * 100


def test_a_rotation_begins_nothing_anew_that_could_have_come_again() -> None:
    run = run_of(lines(1, 2))
    run.begin(1, continues=True)
    run.add(Fold(1).feed(lines(1, 2, 3)))
    assert Superseded().find(run) is None


def test_a_board_shows_the_new_run_in_the_old_ones_place() -> None:
    board = Board()
    one, two = run_of(lines(1)), Run("other")
    board.add(one)
    board.add(two)
    new = run_of(lines(2))
    before = board.revision
    board.replace(new)
    assert list(board.runs.values()) == [new, two]
    assert (board.replaced, board.revision > before) == (1, True)
    hidden = Run("hidden")
    board.replace(hidden)
    assert ("hidden" in board.runs, board.replaced) == (False, 1)
