"""figure: board and view become a plain Plotly figure that shows what the log says."""

import json
import math
from typing import Any, NoReturn

import plotly.io
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.figure import build_figure
from app.fold import Fold
from app.looks import CHART_HEIGHT, DASHES, PALETTES
from app.rows import Position
from app.store import Board, Run
from app.traces import FEW_POINTS
from app.view import MOST_RUNS, View
from app.wire import parse_cursor, to_json

Figure = dict[str, Any]


def board_of(**logs: bytes | list[bytes]) -> Board:
    """A board with a run for each name; a list gives its generations."""
    board = Board()
    for name, log in logs.items():
        run = Run(name, f"/runs/{name}.log")
        for number, generation in enumerate([log] if isinstance(log, bytes) else log):
            fold = Fold(number)
            run.add(fold.feed(generation))
            run.add(fold.close())
        run.status.points = sum(metric.value.size for metric in run.metrics.values())
        board.add(run)
    return board


def figure_of(view: View | None = None, **logs: bytes | list[bytes]) -> Figure:
    return build_figure(board_of(**logs), view or View())


def curve(*steps: int, name: bytes = b"loss") -> bytes:
    return b"".join(b"step=%d %s=%d\n" % (step, name, step % 7) for step in steps)


def strict(figure: Figure) -> Figure:
    def fail(word: str) -> NoReturn:
        raise AssertionError(f"{word} is no JSON")

    read: Figure = json.loads(to_json(figure), parse_constant=fail)
    return read


def chart(figure: Figure, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = figure["layout"]["meta"]["charts"][number]
    return found


BROKEN = (
    b"step=1 loss=1\nstep=8412 loss=nan\nstep=8413 loss=inf\n"
    b"step=8414 loss=-inf\nstep=8415 loss=nan\nstep=8416 loss=2\n"
)


def test_a_figure_opens_in_plotly() -> None:
    figure = figure_of(
        run_a=[curve(*range(500)), BROKEN + curve(1, 2, name=b"val/acc")],
        run_b=b'{"step": 1, "<img src=x onerror=alert(1)>": 1, "__proto__": 2, "%{x}": 3}\n',
    )
    opened = plotly.io.from_json(to_json(figure).decode())
    assert len(opened.data) == len(figure["data"])
    assert opened.layout.meta["cursor"] == figure["layout"]["meta"]["cursor"]


@pytest.mark.parametrize("axis", ["step", "epoch", "wall_time", "relative"])
@pytest.mark.parametrize("theme", list(PALETTES))
def test_every_view_is_strict_json_and_opens_in_plotly(axis: str, theme: str) -> None:
    log = (
        b"2026-11-23 12:04:05 step=1 epoch=0.5 loss=nan lr=1e-5\n2026-11-23 12:04:07 step=2 epoch=1 loss=inf lr=1e-4\n"
    )
    figure = figure_of(View(x=axis, theme=theme, log=True, low=0, high=1), train=log, empty=b"")
    plotly.io.from_json(json.dumps(strict(figure)))
    assert figure["layout"]["paper_bgcolor"] == PALETTES[theme]["ground"]
    assert figure["layout"]["yaxis"]["type"] == "log"


def test_the_cursor_is_where_the_figure_ends() -> None:
    board = board_of(a=curve(1, 2), b=curve(1))
    figure = build_figure(board, View())
    ends = {run.key: run.end for run in board.runs.values()}
    assert parse_cursor(figure["layout"]["meta"]["cursor"]) == ends
    assert Position(0, 0, 0) not in ends.values()


def test_a_curve_has_the_steps_and_values_of_the_log() -> None:
    (trace,) = figure_of(train=b"step=1 loss=0.5\nstep=2 loss=nan\nstep=4 loss=0.25\n")["data"]
    assert trace["x"] == [1, 2, 4]
    assert strict(trace)["y"] == [0.5, None, 0.25]
    assert trace["connectgaps"] is False
    assert trace["meta"] | {"label": "value", "live": True, "count": 3, "last": 0.25} == trace["meta"]
    assert (trace["meta"]["run"], trace["meta"]["metric"], trace["meta"]["x"]) == ("train", "loss", "step")


def test_few_points_are_drawn_as_points() -> None:
    modes = [figure_of(train=curve(*range(n)))["data"][0]["mode"] for n in (FEW_POINTS, FEW_POINTS + 1)]
    assert modes == ["lines+markers", "lines"]


# -- thinning and windows --------------------------------------------------------------------------


def test_one_bad_step_among_a_hundred_thousand_is_drawn_and_the_chart_says_that_it_is_thinned() -> None:
    log = b"".join(b"step=%d loss=%d\n" % (step, 999 if step == 54_321 else 1) for step in range(100_000))
    figure = figure_of(train=log)
    (trace,) = figure["data"]
    assert (54_321, 999) in zip(trace["x"], trace["y"], strict=True)
    assert len(trace["x"]) <= 2000
    assert trace["x"] == sorted(trace["x"])
    assert (trace["x"][0], trace["x"][-1]) == (0, 99_999)
    assert chart(figure)["note"] == f"{len(trace['x']):,} of 100,000 points"
    assert trace["meta"]["count"] == 100_000


def test_each_chart_tells_of_its_own_points_alone() -> None:
    figure = figure_of(train=curve(*range(40)) + curve(*range(3000), name=b"acc"))
    shown = [len(trace["x"]) for trace in figure["data"]]
    assert [each["note"] for each in figure["layout"]["meta"]["charts"]] == ["", f"{shown[1]:,} of 3,000 points"]


def test_a_chart_with_all_its_points_says_nothing() -> None:
    assert chart(figure_of(train=curve(*range(2000))))["note"] == ""


def test_a_window_has_every_point_inside_and_an_outline_outside() -> None:
    view = View(low=40_000, high=40_500)
    (trace,) = figure_of(view, train=curve(*range(100_000)))["data"]
    inside = [x for x in trace["x"] if 40_000 <= x <= 40_500]
    assert inside == list(range(40_000, 40_501))
    assert 50 < len(trace["x"]) - len(inside) <= 400
    assert trace["x"] == sorted(trace["x"])
    assert (trace["x"][0], trace["x"][-1]) == (0, 99_999)


@pytest.mark.parametrize(("low", "high"), [(50.0, math.nan), (math.nan, 50.0), (-9.0, 9e9), (1000.0, 2000.0)])
def test_a_window_open_at_one_side_or_beside_the_curve_loses_nothing(low: float, high: float) -> None:
    (trace,) = figure_of(View(low=low, high=high), train=curve(*range(100)))["data"]
    assert trace["x"] == list(range(100))


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        (View(low=40, high=60), [40, 60]),
        (View(low=-9, high=9e9), [-9, 9e9]),
        (View(x="wall_time", low=40, high=60), [40_000, 60_000]),
        (View(low=40), None),
        (View(high=60), None),
        (View(), None),
        (View(x="wall_time", low=-1e308, high=1e308), None),
    ],
)
def test_a_window_with_two_ends_is_the_range_of_every_chart(view: View, shown: list[float] | None) -> None:
    layout = figure_of(view, train=curve(*range(100)) + curve(*range(9), name=b"acc"))["layout"]
    assert [layout[axis].get("range") for axis in ("xaxis", "xaxis2")] == [shown, shown]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=80), st.integers(-5, 65), st.integers(0, 40))
def test_a_window_shows_each_x_once_and_in_order(steps: list[int], low: int, width: int) -> None:
    (trace,) = figure_of(View(low=low, high=low + width), train=curve(*steps))["data"]
    assert trace["x"] == sorted(set(steps))


# -- segments --------------------------------------------------------------------------------------


def test_what_a_restart_superseded_is_dimmed_and_the_live_trace_comes_last() -> None:
    older, live = figure_of(train=[curve(1, 2, 3), curve(1, 2, 3, 4), curve(1, 2)])["data"]
    assert (older["opacity"], older["meta"]["live"]) == (0.35, False)
    assert (live["opacity"], live["meta"]["live"]) == (1, True)
    assert live["x"] == [1, 2]
    assert older["x"] == [1, 2, 3, 3, 1, 2, 3, 4]
    assert strict(older)["y"] == [1, 2, 3, None, 1, 2, 3, 4]
    assert older["line"] == live["line"]


def test_a_resume_in_one_log_is_drawn_as_two_segments() -> None:
    older, live = figure_of(train=curve(*range(1, 501), *range(400, 601)))["data"]
    assert live["x"] == list(range(400, 601))
    assert older["x"] == [*range(1, 501)]


def test_segments_whose_points_have_no_step_leave_lists_of_equal_length() -> None:
    figure = figure_of(train=[b"loss=1\n", b"loss=1\nloss=2\n", curve(1, 2, 3), curve(1, 2), b"loss=7\n"])
    for trace in figure["data"]:
        assert len(trace["x"]) == len(trace["y"])
    older, live = figure["data"]
    assert (older["x"], live["x"]) == ([1, 2, 3], [1, 2])
    assert chart(figure)["note"] == "4 points without a step left out"


def marks(figure: Figure, number: int = 0) -> list[tuple[list[float], float]]:
    """The marks of a chart as (where, how high)."""
    return [(mark["xs"], mark["height"]) for mark in chart(figure, number)["marks"]]


def test_a_thin_line_stands_where_each_segment_begins() -> None:
    figure = figure_of(train=curve(*range(1, 501), *range(400, 601), *range(200, 300)))
    assert marks(figure) == [([200, 400], 1)]
    (shape,) = figure["layout"]["shapes"]
    assert (shape["path"], shape["xref"], shape["yref"]) == ("M200,0V1M400,0V1", "x", "y domain")
    assert shape["line"]["color"] == PALETTES["light"]["faint"]
    assert figure_of(train=curve(1, 2))["layout"]["shapes"] == []


def test_curves_that_restart_together_have_one_line_and_runs_have_their_own() -> None:
    both = [curve(1, 2, 3) + curve(1, 2, 3, name=b"val_loss")] * 2
    assert marks(figure_of(one=both)) == [([1], 1)]
    figure = figure_of(one=both, two=[curve(1, 2), curve(2)])
    assert [(mark["xs"], mark["colour"]) for mark in chart(figure)["marks"]] == [
        ([1], PALETTES["light"]["series"][0]),
        ([2], PALETTES["light"]["series"][1]),
    ]


def test_a_tick_stands_where_a_value_is_not_finite() -> None:
    figure = figure_of(train=BROKEN)
    assert marks(figure) == [([8412, 8413, 8414, 8415], 0.04)]
    (shape,) = figure["layout"]["shapes"]
    assert shape["line"]["color"] == PALETTES["light"]["bad"]
    assert shape["path"].startswith("M8412,0V0.04M8413")


def test_marks_are_on_the_axes_of_their_chart() -> None:
    figure = figure_of(train=curve(1, 2) + curve(1, name=b"acc") + b"step=2 acc=nan\n")
    (shape,) = figure["layout"]["shapes"]
    assert (shape["xref"], shape["yref"]) == ("x2", "y2 domain")


# -- several values of one x -----------------------------------------------------------------------


def ranks(steps: int, ranks: int = 8) -> bytes:
    """What `ranks` processes print of each step: their number."""
    return b"".join(b"step=%d loss=%d lr=0.1\n" % (step, rank) for step in range(steps) for rank in range(ranks))


def test_several_values_of_one_step_are_drawn_as_their_mean_and_range() -> None:
    figure = figure_of(train=ranks(3))
    band, line, lr = figure["data"]
    assert (line["x"], line["y"]) == ([0, 1, 2], [3.5, 3.5, 3.5])
    assert (band["x"], band["y"]) == ([0, 1, 2, 2, 1, 0], [7, 7, 7, 0, 0, 0])
    assert (band["fill"], band["fillcolor"], band["hoverinfo"]) == ("toself", line["line"]["color"], "skip")
    assert (line["meta"]["live"], line["meta"]["band"], line["meta"]["values"]) == (True, False, 8)
    assert (band["meta"]["live"], band["meta"]["band"]) == (False, True)
    assert line["meta"]["last"] == 3.5
    assert line["meta"]["count"] == 24
    assert lr["y"] == [0.1, 0.1, 0.1], "the same value again is no range"
    notes = [each["note"] for each in figure["layout"]["meta"]["charts"]]
    assert notes == ["mean and range of up to 8 values at a step", ""]


def test_a_log_without_repeated_steps_has_no_band() -> None:
    assert [trace["meta"]["band"] for trace in figure_of(train=curve(*range(5000)))["data"]] == [False]


def test_a_thinned_band_keeps_its_extremes_and_the_note_counts_steps() -> None:
    log = ranks(20_000, 2).replace(b"step=7777 ", b"step=7777 loss=-9\nstep=7777 loss=99\nstep=7777 ", 1)
    figure = figure_of(train=log)
    band, line, _ = figure["data"]
    assert (min(band["y"]), max(band["y"])) == (-9, 99)
    assert len(line["x"]) <= 2000
    note = f"{len(line['x']):,} of 20,000 steps, mean and range of up to 4 values at a step"
    assert chart(figure)["note"] == note


def test_what_a_restart_superseded_keeps_its_bands_each_a_ring_of_its_own() -> None:
    figure = figure_of(View(metric="loss"), train=[ranks(2, 2), ranks(3, 2), ranks(1, 2)])
    older_band, older, band, line = figure["data"]
    assert older_band["x"] == [0, 1, 1, 0, 0, 0, 1, 2, 2, 1, 0]
    assert strict(older_band)["y"] == [1, 1, 0, 0, None, 1, 1, 1, 0, 0, 0]
    assert older_band["opacity"] < band["opacity"]
    assert [trace["meta"]["live"] for trace in figure["data"]] == [False, False, False, True]
    assert (older["x"], line["x"]) == ([0, 1, 1, 0, 1, 2], [0])


def test_one_rank_that_diverges_is_seen_among_the_others() -> None:
    figure = figure_of(View(metric="loss"), train=ranks(3) + b"step=1 loss=nan\nstep=2 loss=inf\n")
    _, line = figure["data"]
    assert line["y"] == [3.5, 3.5, 3.5]
    assert chart(figure)["alert"] == "1 NaN and 1 inf, first at step 1"
    assert marks(figure) == [([1, 2], 0.04)]


def test_a_figure_with_bands_opens_in_plotly() -> None:
    figure = figure_of(train=[ranks(3) + b"step=2 loss=nan\n", ranks(3)])
    opened = plotly.io.from_json(json.dumps(strict(figure)))
    assert len(opened.data) == 6
    assert len(opened.layout.shapes) == 3


# -- x ---------------------------------------------------------------------------------------------

NOON = 1_795_435_445  # 2026-11-23 12:04:05 UTC
STAMPED = b"2026-11-23 12:04:05 step=5 epoch=0.5 loss=1\n2026-11-23 12:04:07 step=6 epoch=1 loss=2\n"


@pytest.mark.parametrize(
    ("axis", "log", "kind", "x"),
    [
        ("step", STAMPED, "step", [5, 6]),
        ("epoch", STAMPED, "epoch", [0.5, 1]),
        ("wall_time", STAMPED, "wall_time", [NOON * 1000, NOON * 1000 + 2000]),
        ("relative", STAMPED, "relative", [0, 2]),
        ("step", b"epoch=0.5 loss=1\nepoch=1 loss=2\n", "epoch", [0.5, 1]),
        ("epoch", curve(3, 4), "step", [3, 4]),
        ("wall_time", curve(3, 4), "step", [3, 4]),
        ("relative", b"epoch=1 loss=1\nepoch=2 loss=2\n", "epoch", [1, 2]),
        ("step", b"loss=1\nloss=2\n", "index", [0, 1]),
        ("wall_time", b"loss=1\nloss=2\n", "index", [0, 1]),
    ],
)
def test_x_is_what_was_asked_for_or_what_the_log_has(axis: str, log: bytes, kind: str, x: list[float]) -> None:
    figure = figure_of(View(x=axis), train=log)
    (trace,) = figure["data"]
    assert (trace["meta"]["x"], trace["x"]) == (kind, x)
    assert figure["layout"]["xaxis"]["type"] == ("date" if kind == "wall_time" else "linear")
    assert trace["meta"]["origin"] == (NOON if kind in ("wall_time", "relative") else None)


@pytest.mark.parametrize("stamp", ["12:00:0{} ", "I1123 12:00:0{}.000000 77 train.py:5] ", "Nov 23 12:00:0{} "])
def test_a_log_without_dates_or_years_offers_relative_time_alone(stamp: str) -> None:
    log = "".join(f"{stamp.format(second)}loss: 0.{second}\n" for second in (1, 3)).encode()
    (trace,) = figure_of(View(x="wall_time"), train=log)["data"]
    assert (trace["meta"]["x"], trace["x"]) == ("relative", [0, 2])


def test_points_without_the_x_of_the_others_are_counted_in_the_note() -> None:
    figure = figure_of(train=b"loss=1\nstep=1 loss=2\nstep=2 loss=3\n")
    assert figure["data"][0]["x"] == [1, 2]
    assert chart(figure)["note"] == "1 point without a step left out"


def test_a_constant_of_the_settings_is_no_chart_but_a_log_of_one_number_is() -> None:
    charts = figure_of(train=b"vocab = 16384\nstep=1 loss=2\nstep=2 loss=1\n")["layout"]["meta"]["charts"]
    assert [each["key"] for each in charts] == ["loss"]
    assert figure_of(train=b"accuracy = 0.75\n")["data"][0]["y"] == [0.75]


# -- alerts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "alert"),
    [
        (curve(1, 2), ""),
        (BROKEN, "2 NaN and 2 inf, first at step 8,412"),
        (b"step=1 loss=1\nstep=1234567 loss=nan\n", "1 NaN, first at step 1,234,567"),
        (b"step=9007199254740 loss=inf\n", "1 inf, first at step 9,007,199,254,740"),
        (b"epoch=0.5 loss=1\nepoch=1.25 loss=inf\n", "1 inf, first at epoch 1.25"),
        (b"loss=1\nloss=nan\n", "1 NaN, first at point 1"),
    ],
)
def test_the_chart_says_what_is_not_finite_and_where_it_began(log: bytes, alert: str) -> None:
    assert chart(figure_of(train=log))["alert"] == alert


# -- charts, colours, names ------------------------------------------------------------------------


def test_charts_stand_in_two_columns_each_with_its_axes() -> None:
    log = b"step=1 loss=1 acc=2 bleu=3\nstep=2 loss=1 acc=2 bleu=3\n"
    layout = figure_of(train=log)["layout"]
    assert [each["axis"] for each in layout["meta"]["charts"]] == ["", "2", "3"]
    domains = [(layout[f"xaxis{axis}"]["domain"], layout[f"yaxis{axis}"]["domain"]) for axis in ("", "2", "3")]
    for x, y in domains:
        assert 0 <= x[0] < x[1] <= 1
        assert 0 <= y[0] < y[1] <= 1
    assert domains[0][0] == domains[2][0] != domains[1][0]
    assert domains[0][1] == domains[1][1] != domains[2][1]
    assert layout["height"] == 2 * CHART_HEIGHT + 60
    assert layout["meta"]["grid"] == [2, 2]
    assert [note["text"] for note in layout["annotations"]] == ["<b>loss</b>", "<b>acc</b>", "<b>bleu</b>"]


def test_one_run_has_a_colour_for_each_series_and_a_line_for_each_round_of_colours() -> None:
    log = b'{"step": 1, "train/loss": 1, "val/loss": 2, "test/loss": 3}\n'
    looks = [(trace["line"]["color"], trace["line"]["dash"]) for trace in figure_of(train=log)["data"]]
    assert looks == [(colour, "solid") for colour in PALETTES["light"]["series"][:3]]


def test_several_runs_have_a_colour_each_and_a_line_for_each_split() -> None:
    log = b'{"step": 1, "train/loss": 1, "val/loss": 2}\n'
    figure = figure_of(one=log, two=log)
    series = PALETTES["light"]["series"]
    looks = {trace["name"]: (trace["line"]["color"], trace["line"]["dash"]) for trace in figure["data"]}
    assert looks == {
        "one train": (series[0], "solid"),
        "one val": (series[0], "dash"),
        "two train": (series[1], "solid"),
        "two val": (series[1], "dash"),
    }
    assert figure["layout"]["meta"]["runs"] == [
        {"name": "one", "colour": series[0]},
        {"name": "two", "colour": series[1]},
    ]


def test_one_run_is_named_too() -> None:
    assert figure_of(one=curve(1, 2))["layout"]["meta"]["runs"] == [
        {"name": "one", "colour": PALETTES["light"]["series"][0]}
    ]


def test_a_metric_alone_in_its_chart_is_labelled_by_its_run_among_several() -> None:
    assert [trace["name"] for trace in figure_of(one=curve(1, 2), two=curve(1, 2))["data"]] == ["one", "two"]


def test_more_runs_than_colours_still_look_different() -> None:
    figure = figure_of(**{f"r{number}": curve(1, 2) for number in range(12)})
    looks = {(trace["line"]["color"], trace["line"]["dash"]) for trace in figure["data"]}
    assert len(looks) == 12
    assert {dash for _, dash in looks} <= set(DASHES)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("a & b", "a &amp; b"),
        ("%{x}", "%{x}"),
        ('it\'s "loss"', 'it\'s "loss"'),
        ("__proto__", "__proto__"),
    ],
)
def test_names_are_text_to_plotly(name: str, shown: str) -> None:
    row = json.dumps({"step": 1, f"train/{name}": 1, f"val/{name}": 2}) + "\n"
    figure = figure_of(**{name: row.encode(), "other": row.encode()})
    assert figure["data"][0]["name"].startswith(f"{shown} ")
    assert figure["data"][0]["meta"]["run"] == name
    for trace in figure["data"]:
        assert "hovertemplate" not in trace
        assert "<" not in trace["name"]
    for note in figure["layout"]["annotations"]:
        assert "<" not in note["text"].removeprefix("<b>").removesuffix("</b>")


def test_globs_choose_runs_and_metrics() -> None:
    log = b"step=1 loss=1 acc=2\nstep=2 loss=1 acc=2\n"
    figure = figure_of(View(run="a*", metric="l*"), a1=log, a2=log, b1=log)
    assert [(trace["meta"]["run"], trace["meta"]["metric"]) for trace in figure["data"]] == [
        ("a1", "loss"),
        ("a2", "loss"),
    ]


def test_no_more_than_a_hundred_runs_are_drawn() -> None:
    figure = figure_of(**{f"r{number}": curve(1) for number in range(MOST_RUNS + 5)})
    assert len({trace["meta"]["run"] for trace in figure["data"]}) == MOST_RUNS


def test_nothing_to_draw_is_said_in_words() -> None:
    assert figure_of()["layout"]["meta"]["empty"] == (
        "No log with metrics here yet. A log shows up with its first metric."
    )
    assert "Waiting for train.log" in figure_of(train=b"")["layout"]["meta"]["empty"]
    assert figure_of(train=curve(1))["layout"]["meta"]["empty"] is None
    plotly.io.from_json(to_json(figure_of()).decode())


def test_a_run_keeps_its_colour_where_others_are_left_out() -> None:
    logs = {name: curve(1, 2) for name in ("a", "b", "c")}
    whole, part = figure_of(**logs), figure_of(View(run="[bc]"), **logs)
    colours = {run["name"]: run["colour"] for run in whole["layout"]["meta"]["runs"]}
    assert len(set(colours.values())) == 3
    assert {run["name"]: run["colour"] for run in part["layout"]["meta"]["runs"]} == {
        name: colours[name] for name in "bc"
    }
    assert {trace["line"]["color"] for trace in part["data"]} == {colours["b"], colours["c"]}


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        (0, ""),
        (3000, "1 of 3,001 series shown"),
        (10_000, "1 of at least 10,001 series shown"),
    ],
)
def test_series_beyond_the_most_that_a_run_keeps_are_counted_in_words(left_out: int, words: str) -> None:
    board = board_of(train=curve(1, 2))
    board.runs["train"].status.series_left_out = left_out
    assert build_figure(board, View())["layout"]["meta"]["beyond"] == words


def test_runs_that_have_no_room_are_counted() -> None:
    logs = {f"r{number:03}": curve(1) for number in range(MOST_RUNS + 20)}
    meta = figure_of(View(), **logs)["layout"]["meta"]
    assert (len(meta["runs"]), meta["more_runs"]) == (MOST_RUNS, 20)
    assert figure_of(View(run="r00*"), **logs)["layout"]["meta"]["more_runs"] == 0
