"""chaos: what the journal of a run promises, what the trainer of a run writes, what is wrong with an answer."""

import contextlib
import json
import math
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from app.fold import Fold
from tests.chaos import schedule
from tests.chaos.oracle import expected, journal, told, verdict_of
from tests.chaos.schedule import Step
from tests.chaos.shrink import shrunk, without
from tests.chaos.truth import loss_of, losses
from tests.chaos.writer import Writer

# -- the truth -------------------------------------------------------------------------------------------


def test_every_line_has_a_loss_of_its_own_that_nine_digits_say() -> None:
    some = [loss_of(k) for k in range(1, 97)]
    assert len(set(some)) == len(some)
    assert all(0 < loss < 1 and float(f"{loss:.9g}") == loss for loss in some)
    assert math.isnan(loss_of(97))


def test_many_losses_are_those_of_one_however_they_grew() -> None:
    losses(10)
    assert [loss for loss in losses(5000).tolist() if not math.isnan(loss)] == [
        loss_of(k) for k in range(5000) if k % 97
    ]


# -- the oracle ------------------------------------------------------------------------------------------


def wrote(life: int, first: int, after: int, to: int = 0) -> dict[str, Any]:
    return {"wrote": life, "to": to, "loss": [[first, after]], "wave": []}


def promised(*records: dict[str, Any]) -> str:
    """Of each line whether it must be there (!), may be (?), or must not (.)."""
    found = expected(records)
    return "".join(
        "!" if must else "?" if may else "." for must, may in zip(found.loss_must, found.loss_may, strict=True)
    )


def test_every_line_that_was_ended_must_be_there() -> None:
    assert promised({"begin": 1}, wrote(1, 0, 2), wrote(1, 3, 5)) == "!!.!!"


def test_a_life_that_ends_when_all_was_read_is_kept() -> None:
    assert (
        promised({"begin": 1}, wrote(1, 0, 2, to=20), {"end": 1, "seen": None}, {"begin": 2}, wrote(2, 2, 3)) == "!!!"
    )


def test_of_a_life_that_ends_at_any_time_what_nobody_is_known_to_have_read_may_be_gone() -> None:
    lines = [wrote(1, 0, 2, to=20), wrote(1, 2, 4, to=40)]
    assert promised({"begin": 1}, *lines, {"end": 1, "seen": 20}, {"begin": 2}, wrote(2, 4, 5, to=9)) == "!!??!"
    assert promised({"begin": 1}, *lines, {"end": 1, "seen": 39}) == "!!??"


def test_a_worker_that_starts_sees_what_is_at_the_path_and_all_that_comes() -> None:
    before = [{"begin": 1}, wrote(1, 0, 1), {"begin": 2}, wrote(2, 1, 2)]
    started = {"started": [7], "visible": [2]}
    assert promised(*before, started, wrote(2, 2, 3), {"begin": 3}, wrote(3, 3, 4)) == "?!!!"
    assert promised(*before, started, wrote(1, 2, 3), wrote(2, 3, 4)) == "?!?!"


def test_a_worker_that_reads_the_siblings_too_sees_them() -> None:
    assert promised({"begin": 1}, wrote(1, 0, 1), {"begin": 2}, {"started": [7], "visible": [1, 2]}) == "!"


def test_a_line_is_told_with_what_happened_to_its_life() -> None:
    records = [{"begin": 1}, wrote(1, 0, 2), {"end": 1, "seen": 0}, {"begin": 2}, wrote(2, 2, 3)]
    assert told(records, "loss", 1) == records[:3]


def answer(*steps: int, values: dict[int, float] | None = None) -> bytes:
    """An answer of /metrics.json with the losses of these lines."""
    losses_of = [(values or {}).get(k, loss_of(k)) for k in steps]
    columns = {"step": list(steps), "value": [None if math.isnan(loss) else loss for loss in losses_of]}
    return json.dumps({"cursor": "a.1.2.3", "runs": {"train": {"metrics": {"loss": columns}}}}).encode()


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (answer(1, 2, 97), {}),
        (answer(1, 2, 97, 5), {}),
        (answer(1, 97), {"lost": 1}),
        (answer(1, 1, 2, 97), {"repeated": 1}),
        (answer(1, 2, 3, 97), {"invented": 1}),
        (answer(1, 2, 97, 400), {"invented": 1}),
        (answer(1, 2, 97, values={2: loss_of(2) + 1e-12}), {"wrong": 1}),
        (answer(1, 2, 97, values={2: math.nan}), {"wrong": 1}),
        (answer(1, 2, 97, values={97: 0.5}), {"wrong": 1}),
    ],
)
def test_an_answer_is_wrong_where_it_lacks_repeats_invents_or_changes_a_point(
    given: bytes, wrong: dict[str, int]
) -> None:
    promise = expected([{"begin": 1}, wrote(1, 1, 3), wrote(1, 97, 98), {"begin": 2}, wrote(2, 5, 6), start()])
    found = verdict_of(given, promise)
    assert {kind: number for kind, number in found.items() if isinstance(number, int) and number} == wrong


def start() -> dict[str, Any]:
    """Of a worker that sees the first life only."""
    return {"started": [7], "visible": [1]}


# -- the writer ------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> list[float]:
    """What the time is, for the writer."""
    return [100.0]


@pytest.fixture
def begun(tmp_path: Path, clock: list[float]) -> Iterator[Callable[..., Writer]]:
    """Begins a log in a folder of its own."""
    with contextlib.ExitStack() as stack:

        def begin(folder: Path = tmp_path, **args: Any) -> Writer:
            folder.mkdir(exist_ok=True)
            return stack.enter_context(contextlib.closing(Writer(folder, 1, 100, clock=lambda: clock[0], **args)))

        yield begin


@pytest.fixture
def trainer(begun: Callable[..., Writer]) -> Writer:
    return begun()


def numbers(*paths: Path) -> set[int]:
    """The losses that a reader of these files finds."""
    found: set[int] = set()
    for path in paths:
        fold = Fold(1)
        batch = fold.feed(path.read_bytes())
        rows = batch.metrics.get("loss", ([], []))[0]
        found |= {int(step) for step in batch.step[list(rows)]}
    return found


def in_journal(folder: Path) -> set[int]:
    """The losses that the journal says were written."""
    return {k for record in journal(folder / "journal.jsonl") for a, b in record.get("loss", ()) for k in range(a, b)}


def do(trainer: Writer, what: str, **args: Any) -> dict[str, Any]:
    return trainer.do({"do": what} | args)


def test_the_journal_knows_each_line_however_it_is_spelt(trainer: Writer, tmp_path: Path) -> None:
    do(trainer, "write", lines=2000)
    assert len(in_journal(tmp_path)) > 1500
    assert numbers(trainer.path) == in_journal(tmp_path)


@pytest.mark.parametrize("mode", schedule.MODES)
def test_in_every_mode_what_the_journal_says_stands_in_the_log(trainer: Writer, tmp_path: Path, mode: str) -> None:
    do(trainer, "mode", mode=mode)
    do(trainer, "write", lines=500)
    assert numbers(trainer.path) == in_journal(tmp_path)
    do(trainer, "rotate")
    do(trainer, "write", lines=50)
    do(trainer, "pause")
    assert numbers(trainer.path, trainer.path.with_name("train.log.1")) == in_journal(tmp_path)


def test_half_a_line_is_not_in_the_journal_until_the_rest_comes(
    trainer: Writer, tmp_path: Path, clock: list[float]
) -> None:
    do(trainer, "resume")
    do(trainer, "tear", for_s=2)
    size, known = trainer.path.stat().st_size, in_journal(tmp_path)
    clock[0] += 1
    trainer.tick()
    assert trainer.path.stat().st_size == size
    clock[0] += 1
    trainer.tick()
    assert in_journal(tmp_path) > known
    assert numbers(trainer.path) == in_journal(tmp_path)


def test_a_trainer_stays_with_the_old_file_for_a_while(trainer: Writer, tmp_path: Path, clock: list[float]) -> None:
    do(trainer, "write", lines=5)
    do(trainer, "rotate", stale_s=2.0)
    old = trainer.path.with_name("train.log.1")
    size = old.stat().st_size
    do(trainer, "write", lines=5)
    assert old.stat().st_size > size
    assert not trainer.path.exists()
    assert not do(trainer, "truncate")["ok"]
    clock[0] += 2
    trainer.tick()
    assert do(trainer, "truncate")["ok"]
    do(trainer, "write", lines=5)
    assert journal(tmp_path / "journal.jsonl")[-1]["wrote"] == trainer.life == 3


def test_two_trainers_write_to_the_old_file_and_to_the_new(trainer: Writer, tmp_path: Path, clock: list[float]) -> None:
    do(trainer, "rotate", stale_s=2.0, both=True)
    for _ in range(20):
        do(trainer, "write", lines=1)
    old = trainer.path.with_name("train.log.1")
    assert min(numbers(old)) < max(numbers(trainer.path))
    assert min(numbers(trainer.path)) < max(numbers(old))
    assert numbers(trainer.path, old) == in_journal(tmp_path)


DESTRUCTIVE = sorted({*schedule.DESTRUCTIVE} - {"rotate_twice"})


@pytest.mark.parametrize("mode", schedule.MODES)
@pytest.mark.parametrize("what", DESTRUCTIVE)
def test_a_log_that_is_destroyed_begins_another_life(trainer: Writer, tmp_path: Path, what: str, mode: str) -> None:
    do(trainer, "mode", mode=mode)
    do(trainer, "write", lines=100)
    do(trainer, "pause")
    size, known = trainer.path.stat().st_size, in_journal(tmp_path)
    do(trainer, what, seen=17)
    do(trainer, "write", lines=30)
    do(trainer, "pause")
    assert numbers(trainer.path) == in_journal(tmp_path) - known
    ends = [record["seen"] for record in journal(tmp_path / "journal.jsonl") if "end" in record]
    assert ends == [17]
    if what in ("rewrite_larger", "same_size"):
        assert trainer.path.stat().st_size > size


def test_the_same_size_is_the_same_size(trainer: Writer) -> None:
    do(trainer, "write", lines=100)
    size = trainer.path.stat().st_size
    do(trainer, "same_size")
    assert trainer.path.stat().st_size == size


@pytest.mark.parametrize("what", ["away", "parent", "chmod"])
def test_what_is_taken_away_comes_back(trainer: Writer, tmp_path: Path, clock: list[float], what: str) -> None:
    do(trainer, "mode", mode="reopen")
    before = trainer.path.stat()
    do(trainer, what, for_s=1)
    do(trainer, "write", lines=10)
    assert not trainer.path.exists() or trainer.path.stat().st_mode & 0o777 == 0
    clock[0] += 1
    trainer.tick()
    assert trainer.path.stat().st_ino == before.st_ino
    assert trainer.path.stat().st_mode == before.st_mode
    assert numbers(trainer.path) == in_journal(tmp_path)


def test_a_link_leads_to_another_file(begun: Callable[..., Writer], tmp_path: Path, clock: list[float]) -> None:
    trainer = begun(linked=True)
    do(trainer, "write", lines=10)
    old = trainer.path.resolve()
    do(trainer, "switch", stale_s=1.0)
    do(trainer, "write", lines=10)
    assert numbers(old) == in_journal(tmp_path)
    assert not do(trainer, "rotate")["ok"]
    clock[0] += 1
    trainer.tick()
    do(trainer, "write", lines=10)
    assert numbers(old, trainer.path) == in_journal(tmp_path)


def test_a_start_is_noted_with_what_can_be_seen_then(begun: Callable[..., Writer], tmp_path: Path) -> None:
    for rotated in (False, True):
        folder = tmp_path / str(rotated)
        trainer = begun(folder, rotated=rotated)
        do(trainer, "rotate_twice")
        do(trainer, "note", record={"started": [7]})
        assert sorted(journal(folder / "journal.jsonl")[-1]["visible"]) == ([1, 2, 3] if rotated else [3])


# -- the schedule, and the search for fewer steps --------------------------------------------------------


def test_the_same_seed_gives_the_same_steps() -> None:
    def some(seed: int) -> list[Step]:
        return list(islice(schedule.steps(seed, 200), 300))

    assert some(7) == some(7) != some(8)


def test_every_step_is_one_that_the_writer_knows() -> None:
    for step in islice(schedule.steps(1, 200, linked=True), 5000):
        if step["kind"] in "ABC":
            assert hasattr(Writer, f"do_{step['do']}")


def dummies(number: int) -> Iterator[Step]:
    return ({"gap": 1.0, "do": str(index)} for index in range(number))


def test_few_steps_are_left_of_many_and_their_time_passes_all_the_same() -> None:
    steps = list(dummies(64))
    tried: list[int] = []

    def fails(fewer: list[Step]) -> bool:
        tried.append(len(fewer))
        return {"10", "50"} <= {step["do"] for step in fewer}

    left = shrunk(steps, fails, runs=1000)
    assert [step["do"] for step in left] == ["10", "50"]
    assert sum(step["gap"] for step in left) == 51.0


def test_the_search_ends_after_so_many_tries() -> None:
    tries: list[int] = []
    shrunk(list(dummies(64)), lambda fewer: bool(tries.append(1)), runs=5)
    assert len(tries) == 5


def test_steps_at_the_end_are_left_out_with_their_time() -> None:
    assert without(list(dummies(3)), 1, 3) == [{"gap": 1.0, "do": "0"}]
