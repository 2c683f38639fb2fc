"""view: a query string's parameters, read or refused in one sentence."""

import math

import pytest

from app.routes.picture import size as picture_size
from app.view import POINTS, View

WHOLE = "a whole number from 4 to 20,000"


def test_an_empty_query_shows_everything_over_steps() -> None:
    view = View.from_query({})
    assert repr(view) == repr(View())
    assert (view.x, view.points, view.run, view.metric, view.log, view.theme) == (
        "step",
        POINTS,
        "*",
        "*",
        False,
        "light",
    )


def test_every_parameter_is_read() -> None:
    view = View.from_query(
        {
            "x": "wall_time",
            "from": "-1.5e3",
            "to": "7",
            "points": "500",
            "run": "a*",
            "metric": "val_*",
            "log": "1",
            "theme": "dark",
        }
    )
    assert view == View("wall_time", -1500.0, 7.0, 500, "a*", "val_*", True, "dark")


def test_an_empty_parameter_is_as_none() -> None:
    assert repr(View.from_query(dict.fromkeys(["x", "from", "to", "points", "run", "log"], ""))) == repr(View())


def test_the_caller_says_how_many_points_are_meant_by_default() -> None:
    assert View.from_query({}, points=0).points == 0
    assert View.from_query({"points": "10"}, points=0).points == 10


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"x": "foo"}, "x must be one of step, epoch, wall_time, relative; got 'foo'"),
        ({"x": "Step"}, "x must be one of step, epoch, wall_time, relative; got 'Step'"),
        ({"x": "é"}, r"x must be one of step, epoch, wall_time, relative; got '\xe9'"),
        ({"x": "\x1b[31m"}, r"x must be one of step, epoch, wall_time, relative; got '\x1b[31m'"),
        ({"x": "y" * 99}, f"x must be one of step, epoch, wall_time, relative; got '{'y' * 40}'"),
        ({"theme": "blue"}, "theme must be one of light, dark; got 'blue'"),
        ({"log": "yes"}, "log must be one of 0, 1; got 'yes'"),
        ({"from": "soon"}, "from must be a number; got 'soon'"),
        ({"from": "nan"}, "from must be a number; got 'nan'"),
        ({"from": "1_000"}, "from must be a number; got '1_000'"),
        ({"to": "1e400"}, "to must be a number; got '1e400'"),
        ({"to": "-inf"}, "to must be a number; got '-inf'"),
        ({"to": "١٢"}, r"to must be a number; got '\u0661\u0662'"),
        ({"from": "5", "to": "3"}, "from must not be beyond to; got from=5 and to=3"),
        ({"points": "3"}, f"points must be {WHOLE}; got '3'"),
        ({"points": "20001"}, f"points must be {WHOLE}; got '20001'"),
        ({"points": "-5"}, f"points must be {WHOLE}; got '-5'"),
        ({"points": "5.0"}, f"points must be {WHOLE}; got '5.0'"),
        ({"points": "²"}, rf"points must be {WHOLE}; got '\xb2'"),
        ({"points": "9" * 5000}, f"points must be {WHOLE}; got '{'9' * 40}'"),
    ],
    ids=repr,
)
def test_a_bad_query_is_refused_in_one_sentence(query: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError) as refused:
        View.from_query(query)
    assert str(refused.value) == sentence


def test_a_window_of_one_point_and_a_half_open_window_are_windows() -> None:
    assert View.from_query({"from": "5", "to": "5"}).low == 5
    assert math.isnan(View.from_query({"from": "5"}).high)


@pytest.mark.parametrize(
    ("pattern", "name", "shown"),
    [
        ("*", "anything/at all", True),
        ("a*", "a/b.log", True),
        ("a*", "b", False),
        ("A*", "a", False),
        ("run?", "run7", True),
        ("run[12]", "run3", False),
        ("[", "[", True),
        ("", "x", True),
    ],
)
def test_runs_and_metrics_are_chosen_by_glob(pattern: str, name: str, shown: bool) -> None:
    view = View.from_query({"run": pattern, "metric": pattern})
    assert view.shows_run(name) == view.shows_metric(name) == shown


def test_the_size_of_a_picture_is_read() -> None:
    assert picture_size({}) == (1200, 0, 1.0)
    assert picture_size({"width": "800", "height": "600", "scale": "2"}) == (800, 600, 2.0)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"width": "199"}, "width must be a whole number from 200 to 4,000; got '199'"),
        ({"height": "3001"}, "height must be a whole number from 150 to 3,000; got '3001'"),
        ({"scale": "big"}, "scale must be a number; got 'big'"),
        ({"scale": "0.1"}, "scale must be from 0.5 to 4 with at most 4000 × 3000 px in the end; got '0.1'"),
        ({"scale": "5"}, "scale must be from 0.5 to 4 with at most 4000 × 3000 px in the end; got '5'"),
        (
            {"width": "3000", "scale": "2"},
            "scale must be from 0.5 to 4 with at most 4000 × 3000 px in the end; got '2'",
        ),
    ],
    ids=repr,
)
def test_a_picture_too_large_or_too_small_is_refused(query: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError) as refused:
        picture_size(query)
    assert str(refused.value) == words
