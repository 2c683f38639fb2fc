"""boxes: rows of a box become one record."""

from app.boxes import MOST_ROWS, Box
from app.rows import Fields


def record_of(*rows: Fields) -> Fields:
    box = Box()
    for row in rows:
        box.add(row)
    return box.close()


def test_the_rows_of_a_box_are_one_record_under_their_groups() -> None:
    rows: list[Fields] = [{"@group": "train/"}, {"loss": 0.5, "@boxed": 1}, {"@group": ""}, {"acc": 0.9, "step": 3.0}]
    assert record_of(*rows) == {"train/loss": 0.5, "acc": 0.9, "step": 3.0}


def test_a_count_loses_its_group() -> None:
    assert record_of({"@group": "time/"}, {"total_timesteps": 5.0}, {"fps": 7.0}) == {
        "total_timesteps": 5,
        "time/fps": 7,
    }


def test_a_box_that_counts_nothing_is_loose() -> None:
    assert record_of({"loss": 0.5}) == {"loss": 0.5, "@loose": 1.0}


def test_a_box_is_open_while_it_has_rows() -> None:
    box = Box()
    box.add({"@group": "train/"})
    assert not box.open
    box.add({"loss": 0.5})
    assert box.open
    box.close()
    assert not box.open
    box.add({"acc": 0.5})
    assert box.close() == {"acc": 0.5, "@loose": 1.0}


def test_a_box_has_a_most_of_rows() -> None:
    box = Box()
    for number in range(MOST_ROWS):
        box.add({f"m{number}": 1.0})
    assert not box.full
    box.add({"one more": 1.0})
    assert box.full
