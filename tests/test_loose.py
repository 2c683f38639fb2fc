"""loose: which numbers of a line that counts nothing are measured."""

import pytest

from app.loose import MOST_NAMES, Loose


def names(loose: Loose, *values: tuple[str, float], recorded: bool = False) -> list[str]:
    return [name for name, _ in loose.measured([*values], recorded=recorded)]


def test_a_metric_by_its_name_is_measured_and_vouches_for_its_neighbours() -> None:
    assert names(Loose(), ("loss", 0.5), ("reach", 2.0), ("batch_size", 8.0)) == ["loss", "reach"]
    assert names(Loose(), ("reach", 2.0)) == []


def test_a_number_in_the_record_of_a_step_is_measured() -> None:
    assert names(Loose(), ("reach", 2.0), recorded=True) == ["reach"]
    assert names(Loose(), ("batch_size", 8.0), recorded=True) == []


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([0.5, 0.4, 0.3, 0.2], [False, False, True, True]),
        ([0.5, 0.5, 0.5, 0.5], [False] * 4),
        ([1.0, 2.0, 3.0, 4.0], [False] * 4),
    ],
)
def test_a_name_that_comes_often_with_changing_fractions_is_measured(values: list[float], kept: list[bool]) -> None:
    loose = Loose()
    assert [bool(names(loose, ("reach", value))) for value in values] == kept


def test_only_so_many_names_are_remembered() -> None:
    loose = Loose()
    for number in range(MOST_NAMES):
        names(loose, (f"x{number}", 0.5))
    assert [names(loose, ("late", value)) for value in (0.1, 0.2, 0.3, 0.4)] == [[]] * 4
    assert [names(loose, ("x1", value)) for value in (0.1, 0.2)] == [[], ["x1"]]
