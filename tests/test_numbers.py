"""Odd numbers and names, on their whole way: log, store, JSON, event, figure, picture."""

import io
import json
import math
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.figure import build_figure
from app.fold import Fold
from app.looks import PALETTES
from app.picture import draw
from app.rows import START
from app.store import Board, Run
from app.view import View
from app.wire import metrics_json, points_event, to_json

Json = dict[str, Any]

BAD = [int(PALETTES["light"]["bad"][k : k + 2], 16) for k in (1, 3, 5)]


class Told:
    """What each of the ways out says of one log."""

    def __init__(self, log: bytes, x: str = "step") -> None:
        """Reads the log to its end."""
        self.run = Run("train", "train.log")
        fold = Fold(0)
        self.run.add(fold.feed(log))
        self.run.add(fold.close())
        self.skipped = fold.skipped
        self.board = Board()
        self.board.add(self.run)
        self.figure = strict(to_json(build_figure(self.board, View(x=x))))

    def document(self) -> Json:
        """What /metrics.json says of the run."""
        metrics = ((name, self.run.series(name), self.run.series(name)) for name in self.run.metrics)
        document: Json = strict(b"".join(metrics_json(iter([(self.run, metrics)]), "")))["runs"]["train"]
        return document

    def events(self) -> list[Json]:
        """The `points` events that a viewer gets from the first point on."""
        place, told = [START], []
        while True:
            event, place = points_event([self.run], place)
            if not event:
                return told
            (line,) = [line for line in event.splitlines() if line.startswith(b"data: ")]
            told.append(strict(line[6:])["runs"]["train"])

    def picture(self) -> Any:
        """The pixels of /plot.png."""
        with Image.open(io.BytesIO(draw(build_figure(self.board, View()), 600, 400, 1))) as image:
            return np.asarray(image.convert("RGB")).astype(int)

    def chart(self, key: str = "loss") -> Json:
        """What the figure says around a chart."""
        (found,) = [chart for chart in self.figure["layout"]["meta"]["charts"] if chart["key"] == key]
        return dict(found)


def strict(text: bytes) -> Any:
    """JSON as a browser reads it."""

    def fail(word: str) -> NoReturn:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=fail)


def ticks(told: Told) -> int:
    """The pixels of the picture's plot in the colour of what is not finite."""
    return int((told.picture()[100:] == BAD).all(axis=2).sum())


# -- values that are no numbers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "word", "alert"),
    [
        ("nan", "nan", "1 NaN, first at step 2"),
        ("NaN", "nan", "1 NaN, first at step 2"),
        ("inf", "inf", "1 inf, first at step 2"),
        ("-inf", "-inf", "1 inf, first at step 2"),
        ("Infinity", "inf", "1 inf, first at step 2"),
        ("1e400", "inf", "1 inf, first at step 2"),
        ("-1e400", "-inf", "1 inf, first at step 2"),
    ],
)
def test_what_is_not_finite_is_null_with_its_name_in_json_and_a_gap_with_a_red_tick_in_charts(
    token: str, word: str, alert: str
) -> None:
    told = Told(f"step=1 loss=0.5\nstep=2 loss={token}\nstep=3 loss=0.25\n".encode())
    assert str(told.run.series("loss").value[1]) == word
    for said in (told.document(), *told.events()):
        assert said["metrics"]["loss"]["value"] == [0.5, None, 0.25]
        assert said["about"]["loss"]["nonfinite"] == [[1, word]]
        assert (said["about"]["loss"]["last"], said["about"]["loss"]["max"]) == (0.25, 0.5)
    assert told.figure["data"][0]["y"] == [0.5, None, 0.25]
    assert (told.chart()["alert"], told.chart()["marks"][0]["xs"]) == (alert, [2])
    assert ticks(told) > 5
    assert ticks(Told(b"step=1 loss=0.5\nstep=2 loss=1\nstep=3 loss=0.25\n")) == 0


def test_a_metric_that_never_was_a_number_has_a_chart_that_says_so() -> None:
    told = Told(b"step=1 loss=nan\nstep=2 loss=nan\n")
    assert told.document()["about"]["loss"]["last"] is None
    assert told.chart()["alert"] == "2 NaN, first at step 1"
    assert ticks(told) > 5


# -- which texts are numbers -------------------------------------------------------------------------

NUMBERS = {
    "5": 5, "+5": 5, "-5": -5, ".5": 0.5, "5.": 5, "+.5e3": 500, "1e5": 1e5, "1E+5": 1e5, "1e-5": 1e-5, "007": 7,
    "-0": 0, "1e308": 1e308, "1e-400": 0, "1e309": None, "1e400": None, "-1e400": None, "NaN": None, "-inf": None,
    "infinity": None, "9007199254740993": 2**53, "9" * 64: 1e64, "0." + "1" * 60: 1 / 9,
}  # fmt: skip
NO_NUMBERS = (
    "1_000", "١٢", "１２", "0x10", "0b1", "1,5", "1e", "1e99999", "e5", "--", "1.2.3", "True", "null", "None", "infin",
    "nano", "9" * 65, "9" * 5000,
)  # fmt: skip


@pytest.mark.parametrize("token", NUMBERS)
def test_a_number_is_what_its_text_says_in_the_store_and_in_json(token: str) -> None:
    metrics = Told(f"step=1 loss={token} other=1\n".encode()).document()["metrics"]
    assert metrics["other"]["value"] == [1]
    assert metrics["loss"]["value"] == [NUMBERS[token]]


@pytest.mark.parametrize("token", NO_NUMBERS)
def test_what_is_no_number_is_left_out_and_the_rest_of_its_line_stays(token: str) -> None:
    assert list(Told(f"step=1 loss={token} other=1\n".encode()).document()["metrics"]) == ["other"]


# -- steps that go back, and several values of one ---------------------------------------------------


def line(step: int, value: float = 1) -> str:
    return f"step={step} loss={value}\n"


def test_a_resume_keeps_every_point_and_begins_a_segment() -> None:
    told = Told("".join(line(step) for step in [*range(1, 501), *range(400, 601)]).encode())
    document = told.document()
    assert document["metrics"]["loss"]["step"] == [*range(1, 501), *range(400, 601)]
    assert document["about"]["loss"]["segments"] == [0, 500]
    assert sum(len(event["metrics"]["loss"]["value"]) for event in told.events()) == 701
    older, live = told.figure["data"]
    assert (older["x"], live["x"]) == (list(range(1, 501)), list(range(400, 601)))


@pytest.mark.parametrize("back", [1, 8, 64])
def test_a_little_disorder_is_no_restart_and_is_sorted_for_drawing_alone(back: int) -> None:
    steps = [*range(1, 200), 200 - back, *range(201, 300)]
    told = Told("".join(line(step) for step in steps).encode())
    document = told.document()
    assert document["metrics"]["loss"]["step"] == steps
    assert document["about"]["loss"]["segments"] == [0]
    (trace,) = told.figure["data"]
    assert trace["x"] == sorted(set(steps))


def test_the_lines_of_eight_ranks_are_all_in_json_one_segment_and_drawn_as_mean_and_range() -> None:
    steps, ranks = 1000, 8
    told = Told("".join(line(step, rank) for step in range(steps) for rank in range(ranks)).encode())
    document = told.document()
    assert document["metrics"]["loss"]["value"] == list(range(ranks)) * steps
    about = document["about"]["loss"]
    assert (about["count"], about["thinned"], about["segments"]) == (steps * ranks, False, [0])
    assert sum(len(event["metrics"]["loss"]["value"]) for event in told.events()) == steps * ranks
    band, mean = told.figure["data"]
    assert set(mean["y"]) == {3.5}
    assert (min(band["y"]), max(band["y"])) == (0, 7)


# -- which x -----------------------------------------------------------------------------------------

NOON = 1_795_435_445  # 2026-11-23 12:04:05 UTC


@pytest.mark.parametrize(
    ("log", "columns", "x", "note"),
    [
        (b"loss=3\nloss=2\n", {}, [0, 1], ""),
        (b"epoch=0.5 loss=3\nepoch=1.25 loss=2\n", {"epoch": [0.5, 1.25]}, [0.5, 1.25], ""),
        (
            b"2026-11-23 12:04:05 loss=3\n2026-11-23 12:04:07 loss=2\n",
            {"wall_time": [NOON, NOON + 2]},
            [0, 1],
            "",
        ),
        (
            b"loss=9\nloss=8\nstep=1 loss=3\nstep=2 loss=2\nstep=4 loss=1\n",
            {"step": [None, None, 1, 2, 4]},
            [1, 2, 4],
            "2 points without a step left out",
        ),
    ],
    ids=["no step", "epochs", "clock", "mixed"],
)
def test_json_has_the_x_that_the_log_prints_and_charts_one_kind_of_it(
    log: bytes, columns: Json, x: list[float], note: str
) -> None:
    told = Told(log)
    metric = told.document()["metrics"]["loss"]
    assert {name: metric[name] for name in ("step", "epoch", "wall_time") if metric[name]} == columns
    assert told.figure["data"][0]["x"] == x
    assert told.chart()["note"] == note


# -- names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (name, name)
        for name in (
            "__proto__", "constructor", "</script>", "<img src=x onerror=alert(1)>", "%{x}", "$\\frac", "$$", "a$b$c",
            "損失", "data: x", "\\", '"',
        )
    ]
    + [("\u202egnp", r"\u202egnp"), ("\x1b[31m", r"\x1b[31m"), ("\ud800", r"\ud800"), ("a\n\nid: 1", r"a\n\nid: 1")]
    + [("x" * 50_000, "x" * 128)],
    ids=lambda name: ascii(name[:20]),
)  # fmt: skip
def test_a_hostile_name_is_a_name_in_json_in_events_in_figures_and_in_pictures(name: str, shown: str) -> None:
    told = Told(json.dumps({"step": 1, name: 1}).encode() + b"\n")
    assert list(told.document()["metrics"]) == [shown]
    (event,) = told.events()
    assert list(event["metrics"]) == [shown]
    assert told.chart(shown)["key"] == shown
    assert told.picture().shape == (400, 600, 3)


# -- lines that are no JSON although they begin so ---------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"step":1,"loss":' + "[" * 100_000,
        '{"a":' * 100_000,
        '{"step":1,"loss":1,"x":"' + "y" * 5_000_000 + '"}',
        '{"step":1,"loss":true,"acc":"high","lr":null,"a":{"b":{"c":{"d":{"e":1}}}}}',
        "\udcff\x00\x01{\x7f}",
    ],
    ids=["deep list", "deep object", "5 MB", "wrong types", "random"],
)
def test_a_line_that_cannot_be_read_gives_nothing_and_the_next_is_read(text: str) -> None:
    told = Told(text.encode(errors="surrogateescape") + b'\n{"step": 2, "loss": 0.5}\n')
    assert told.document()["metrics"]["loss"] == {"step": [2], "epoch": None, "wall_time": None, "value": [0.5]}


def test_of_a_key_that_comes_twice_the_last_value_counts() -> None:
    assert Told(b'{"step": 1, "loss": 1, "loss": 2}\n').document()["metrics"]["loss"]["value"] == [2]


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.floats() | st.sampled_from([0.0, 1e308, -1e308, math.nan])),
        min_size=1,
        max_size=40,
    ),
    st.integers(4, 12),
    st.booleans(),
)
def test_whatever_the_values_the_figure_is_strict_json_and_can_be_drawn(
    points: list[tuple[int, float]], limit: int, log: bool
) -> None:
    told = Told("".join(line(step, value) for step, value in points).encode())
    figure = build_figure(told.board, View(points=limit, log=log))
    strict(to_json(figure))
    assert draw(figure, 200, 160, 1)
