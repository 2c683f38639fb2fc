"""naming: under which name a value is kept, and how many names there are."""

import tracemalloc

import pytest

from app.naming import MOST_COUNTED, MOST_METRICS, Naming


def full() -> Naming:
    """As many names as a run may have."""
    naming = Naming()
    for number in range(MOST_METRICS):
        naming.kept_as(f"m{number}")
    return naming


def test_a_name_is_kept_as_it_is_shown() -> None:
    assert [Naming().kept_as(name) for name in ("loss", "\x1b[31mloss", "x" * 1000)] == [
        "loss",
        r"\x1b[31mloss",
        "x" * 128,
    ]


def test_the_names_that_are_kept_stay() -> None:
    naming = full()
    assert naming.kept_as("m7") == "m7"
    assert naming.kept_as("another") is None


def test_each_name_that_found_no_place_is_counted_once() -> None:
    naming = full()
    assert naming.left_out == 0
    for name in ["a", "b", "a", "m7", "x" * 128, "x" * 500]:
        naming.kept_as(name)
    assert naming.left_out == 3


def test_of_very_many_further_names_no_more_are_counted_and_no_more_are_held() -> None:
    naming = full()
    for number in range(MOST_COUNTED):
        naming.kept_as(f"n{number}")
    tracemalloc.start()
    for number in range(MOST_COUNTED):
        naming.kept_as(f"o{number}")
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert naming.left_out == MOST_COUNTED
    assert held < 10_000


@pytest.mark.parametrize("section", ["val", "eval", "dev", "test"])
def test_a_name_that_came_from_the_training_has_its_section_elsewhere(section: str) -> None:
    naming = Naming()
    naming.kept_as("loss")
    assert naming.told_apart("loss", section) == f"{section}/loss"
    assert naming.told_apart("loss", "train") == naming.told_apart("loss", "") == "loss"


def test_a_name_that_came_from_one_held_out_part_alone_is_its_own() -> None:
    naming = Naming()
    assert not naming.is_shared
    assert [naming.told_apart("wer", section) for section in ("val", "val", "test", "", "val")] == [
        *("wer", "wer", "test/wer", "wer", "val/wer"),
    ]
    assert naming.is_shared


def test_a_name_that_says_its_part_of_the_data_needs_no_section() -> None:
    assert Naming().told_apart("val_loss", "test") == "val_loss"
