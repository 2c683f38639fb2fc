"""app/sources: which runs the arguments stand for, and what they are called."""

import os
from pathlib import Path

import pytest

from app.sources import _listing, find_runs


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, so that arguments can be relative."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*paths: str) -> None:
    """Empty files, with their folders."""
    for path in map(Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def runs(*specs: str) -> dict[str, str]:
    """Name → path of the runs that the arguments stand for."""
    return {name: found.key for name, found in find_runs(specs).items()}


def test_a_single_file_is_called_by_its_stem_whether_it_is_there_or_not() -> None:
    make("logs/train.log")
    assert runs("logs/train.log", "later/other.txt") == {"train": "logs/train.log", "other": "later/other.txt"}


def test_two_files_of_one_stem_are_called_by_their_paths_as_given() -> None:
    assert runs("a/train.log", "b/train.log", "c/eval.log") == {
        "a/train.log": "a/train.log",
        "b/train.log": "b/train.log",
        "eval": "c/eval.log",
    }


def test_a_file_that_is_named_twice_is_one_run() -> None:
    assert runs("a/train.log", "a/train.log") == {"train": "a/train.log"}


def test_a_folder_stands_for_the_logs_below_it_called_by_their_path_in_it() -> None:
    make("runs/a/train.log", "runs/b/metrics.csv", "runs/top.jsonl")
    found = {"a/train": "runs/a/train.log", "b/metrics.csv": "runs/b/metrics.csv", "top.jsonl": "runs/top.jsonl"}
    assert runs("runs") == found
    assert all(found.listed for found in find_runs(["runs"]).values())


def test_beside_another_argument_a_folder_stands_before_its_runs() -> None:
    make("one/train.log", "two/train.log")
    assert runs("one", "two") == {"one/train": "one/train.log", "two/train": "two/train.log"}


def test_a_folder_gives_nothing_hidden_nothing_linked_and_no_other_ending(here: Path) -> None:
    make("runs/a.log", "runs/.hidden.log", "runs/.git/b.log", "runs/model.pt", "runs/noending", "outside/c.log")
    (here / "runs" / "link.log").symlink_to(here / "outside" / "c.log")
    (here / "runs" / "linked").symlink_to(here / "outside")
    os.mkfifo("runs/pipe.log")
    assert runs("runs") == {"a": "runs/a.log"}


@pytest.mark.parametrize("ending", ["log", "out", "err", "txt", "csv", "tsv", "json", "jsonl"])
def test_a_folder_gives_each_ending_that_logs_have(ending: str) -> None:
    make(f"runs/a.{ending}")
    assert list(runs("runs").values()) == [f"runs/a.{ending}"]


def test_a_folder_is_searched_eight_levels_deep() -> None:
    at_level = ["runs/" + "".join(f"{deep}/" for deep in range(2, level + 1)) + "x.log" for level in (8, 9)]
    make(*at_level)
    assert list(runs("runs").values()) == at_level[:1]


def test_of_very_many_logs_a_folder_gives_the_newest_200() -> None:
    for number in range(205):
        make(f"runs/{number:03}.log")
        os.utime(f"runs/{number:03}.log", (number, number))
    assert sorted(runs("runs")) == [f"{number:03}" for number in range(5, 205)]


def test_a_folder_that_is_empty_or_not_there_yet_gives_no_run() -> None:
    make("runs/notes.md")
    assert runs("runs") == {}
    assert runs("later/") == {}
    make("later/a.log")
    assert runs("later/") == {"a": "later/a.log"}


def test_a_name_does_not_depend_on_what_else_is_there() -> None:
    make("runs/a.csv")
    assert runs("runs") == {"a.csv": "runs/a.csv"}
    make("runs/a.log", "runs/a.jsonl")
    assert runs("runs") == {"a": "runs/a.log", "a.csv": "runs/a.csv", "a.jsonl": "runs/a.jsonl"}


def test_the_ending_that_a_glob_asks_for_is_left_off() -> None:
    make("runs/a/metrics.csv", "runs/b/metrics.csv")
    assert list(runs("runs/*/metrics.csv")) == ["a/metrics", "b/metrics"]
    assert list(runs("runs/*/*")) == ["a/metrics.csv", "b/metrics.csv"]


def test_a_glob_gives_what_it_matches_called_by_the_path_below_its_fixed_part() -> None:
    make("runs/a/train.log", "runs/b/train.log", "runs/b/eval.log", "runs/b/.hidden/train.log")
    (Path("runs") / "train.log").mkdir()
    assert runs("runs/*/train.log") == {"a/train": "runs/a/train.log", "b/train": "runs/b/train.log"}
    assert runs("runs/**/eval.log") == {"b/eval": "runs/b/eval.log"}
    assert runs(str(Path("runs").absolute() / "*" / "eval.log")) == {"b/eval": str(Path("runs/b/eval.log").absolute())}
    assert not any(found.listed for found in find_runs(["runs/*/train.log"]).values())


def test_a_glob_in_the_folder_itself_gives_bare_names() -> None:
    make("a.log", "b.log")
    assert runs("*.log") == {"a": "a.log", "b": "b.log"}


def test_a_file_whose_name_only_looks_like_a_glob_is_a_file() -> None:
    make("run[1].log")
    assert runs("run[1].log") == {"run[1]": "run[1].log"}


def test_a_log_that_goes_while_the_folder_is_listed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    make("runs/a.log", "runs/b.log")
    below = _listing._logs_below

    def and_one_goes(folder: Path, depth: int) -> list[Path]:
        found = list(below(folder, depth))
        Path("runs/b.log").unlink()
        return found

    monkeypatch.setattr(_listing, "_logs_below", and_one_goes)
    assert runs("runs") == {"a": "runs/a.log"}


def test_finding_opens_no_log() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    make("runs/a.log")
    source = find_runs(["runs"])["a"].open()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    source.poll()
    assert len(os.listdir("/proc/self/fd")) == before + 1  # noqa: PTH208
    source.close()


def test_an_address_that_no_source_reads_stands_for_no_run() -> None:
    assert runs("redis://127.0.0.1/0", "a.log") == {"a": "a.log"}


def test_runs_come_in_the_order_in_which_people_count() -> None:
    make("runs/r10.log", "runs/r2.log", "runs/r1.log", "runs/b.log", "runs/r2/x3.log")
    assert list(runs("runs")) == ["b", "r1", "r2", "r2/x3", "r10"]
