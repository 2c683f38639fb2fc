"""demo: a small real training that writes its log as people know it."""

import os
import re
import signal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from app.demo import data_sets, gradient, log_line, main, new_net, score, spirals, train, write_log
from app.formats import Parser

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ INFO step (\d+)/(\d+)((?: \S+ [0-9.]+(?:e-?\d+)?)+)\n")


class Clock:
    """A clock that only sleeping moves, and that remembers each sleep."""

    def __init__(self) -> None:
        """Start at noon of some day."""
        self.time, self.sleeps = 1_795_348_800.0, list[float]()

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.sleeps.append(seconds)
        self.time += seconds

    def now(self) -> float:
        """Give s since the Unix epoch."""
        return self.time


def logged(seed: int = 0, seconds: float = 420.0, steps: int = 2000) -> tuple[list[str], Clock]:
    lines: list[str] = []
    clock = Clock()
    write_log(lines.append, seed, seconds, clock.sleep, clock.now, steps)
    return lines, clock


def curve(metric: str, seed: int = 0) -> list[float]:
    return [float(fields[metric]) for _, fields in train(seed) if metric in fields]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_loss_falls_and_the_accuracy_rises(seed: int) -> None:
    loss, accuracy = curve("val_loss", seed), curve("val_acc", seed)
    assert loss[0] > 0.6 and accuracy[0] < 0.75  # hardly better than a coin
    assert loss[-1] < 0.35 and 0.88 < accuracy[-1] < 0.99


def test_the_curve_is_worth_watching_to_its_end() -> None:
    accuracy = curve("val_acc")
    assert accuracy[len(accuracy) // 8] < 0.85
    assert max(accuracy[len(accuracy) // 2 :]) > max(accuracy[: len(accuracy) // 2])


def test_the_points_held_out_are_a_little_harder_than_those_trained_on() -> None:
    train_loss, val_loss = curve("train_loss"), curve("val_loss")
    assert np.mean(train_loss[-200:]) < val_loss[-1] < 3 * np.mean(train_loss[-200:])


def test_no_point_held_out_is_trained_on() -> None:
    seen, held_out = data_sets(np.random.default_rng(0))
    assert not {tuple(at) for at in seen.at} & {tuple(at) for at in held_out.at}


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    rng = np.random.default_rng(0)
    net, points = new_net(rng), spirals(rng, 50)
    for part, slope in zip(net, gradient(net, points), strict=True):
        place = (0,) * part.ndim
        kept, losses = part[place], []
        for nudge in (-1e-5, 1e-5):
            part[place] = kept + nudge
            losses.append(score(net, points)[0])
        part[place] = kept
        assert slope[place] == pytest.approx((losses[1] - losses[0]) / 2e-5, rel=1e-4)


def test_every_line_of_a_step_reads_as_step_and_numbers() -> None:
    lines, _ = logged()
    read = [LINE.fullmatch(line) for line in lines[1:-1]]
    assert all(read)
    steps = [int(line[1]) for line in read if line]
    assert (steps[0], steps[-1]) == (1, 2000)
    assert all(before <= after for before, after in pairwise(steps))


def test_train_and_validation_metrics_stand_in_the_log() -> None:
    lines, _ = logged(steps=20)
    assert "train_loss" in lines[1] and "train_acc" in lines[1] and " lr 8.00e-04" in lines[1]
    assert "step 20/20 val_loss" in lines[-2] and "val_acc" in lines[-2]


def test_the_last_line_tells_the_best_accuracy_in_words_that_are_no_further_point() -> None:
    lines, _ = logged()
    accuracies = [float(value) for line in lines for value in re.findall(r" val_acc (\S+)", line)]
    found = re.search(r"training finished with a best accuracy of (\S+) on", lines[-1])
    assert found
    assert float(found[1]) == max(accuracies)
    assert Parser()(lines[-1].rstrip()) is None


def test_the_steps_are_spread_over_the_seconds_asked_for() -> None:
    lines, clock = logged(seconds=420)
    assert clock.sleeps == pytest.approx([0.21] * 2000, abs=1e-6)
    assert lines[-2].startswith(log_line(clock.time, "")[:20])
    assert "steps/s 4.8" in lines[500]


def test_the_same_seed_gives_the_same_lines_but_for_the_stamps() -> None:
    (first, _), (again, _), (other, _) = logged(7, 420), logged(7, 420), logged(8, 420)
    assert first == again
    assert [line[21:] for line in first[1:]] != [line[21:] for line in other[1:]]


def test_the_log_is_a_new_file_whose_lines_are_there_at_once(tmp_path: Path) -> None:
    log, clock, sizes = tmp_path / "demo.log", Clock(), list[int]()

    def sleep(seconds: float) -> None:
        sizes.append(log.stat().st_size)
        clock.sleep(seconds)

    assert main([str(log), "--seconds", "60"], sleep, clock.now) == 0
    assert all(before < after for before, after in pairwise(sizes))
    assert log.read_text().endswith("\n")


def test_a_reader_that_removes_the_log_stops_nothing(tmp_path: Path) -> None:
    log, clock = tmp_path / "demo.log", Clock()

    def sleep(seconds: float) -> None:
        log.unlink(missing_ok=True)
        clock.sleep(seconds)

    assert main([str(log)], sleep, clock.now) == 0
    assert len(clock.sleeps) == 2000


@pytest.mark.parametrize("where", ["demo.log", "missing/demo.log"])
def test_a_log_that_exists_or_cannot_be_made_is_said_in_words(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "demo.log").write_text("mine\n")
    clock = Clock()
    assert main([str(tmp_path / where)], clock.sleep, clock.now) == 2
    assert f"cannot write a new log at {tmp_path / where}" in capsys.readouterr().err
    assert (tmp_path / "demo.log").read_text() == "mine\n"


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quietly_after_a_whole_line(
    told: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, clock = tmp_path / "demo.log", Clock()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.sleeps) == 10:
            os.kill(os.getpid(), told)

    assert main([str(log)], sleep, clock.now) == 0
    assert capsys.readouterr() == ("", "")
    assert log.read_text().endswith("\n")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
