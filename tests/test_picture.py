"""picture: the figure dict drawn as a file, as the page shows it."""

import copy
import io
import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.figure import build_figure
from app.fold import Fold
from app.looks import CHART_HEIGHT, DASHES, PALETTES
from app.picture import NARROW, draw, height_of
from app.picture.ticks import Scale, tick_words, ticks_of
from app.store import Board, Run
from app.view import View

Json = dict[str, Any]

LIGHT = PALETTES["light"]
BLUE, ORANGE = LIGHT["series"][:2]


def trace(x: list[float], y: list[float | None], label: str = "train", axis: str = "", **more: Any) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "not &lt;used&gt;",
        "x": x,
        "y": y,
        "line": {"color": BLUE, "width": 2, "dash": "solid"} | more.pop("line", {}),
        "opacity": 1,
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "meta": {"run": "a", "chart": f"chart{axis}", "label": label, "live": True, "band": False, "last": 0.3824},
        **more,
    }


def figure(*traces: Json, x: Json | None = None, y: Json | None = None, **meta: Any) -> Json:
    axes = dict.fromkeys(trace["xaxis"][1:] for trace in traces)
    columns = min(2, max(1, len(axes)))
    layout: Json = {
        "font": {"family": "system-ui, sans-serif"},
        "height": 400,
        "meta": {
            "charts": [
                {"key": f"chart{axis}", "axis": axis, "system": False, "note": "", "alert": "", "marks": []}
                for axis in axes
            ],
            "grid": [max(1, -(-len(axes) // columns)), columns],
            "runs": [{"name": "a", "colour": BLUE}],
            "empty": None,
            "beyond": "",
            "palette": LIGHT,
            **meta,
        },
    }
    for axis in axes:
        layout[f"xaxis{axis}"] = {"type": "linear", "title": {"text": ""}, **(x or {})}
        layout[f"yaxis{axis}"] = {"type": "linear", **(y or {})}
    return {"data": list(traces), "layout": layout}


def pixels(picture_of: Json, width: int = 600, height: int = 400, scale: float = 1) -> Any:
    with Image.open(io.BytesIO(draw(picture_of, width, height, scale))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def words_in(picture_of: Json, width: int = 600, height: int = 400) -> list[str]:
    """The texts of the SVG, which stand in comments beside their outlines."""
    lines = draw(picture_of, width, height, 1, "svg").decode().splitlines()
    return [line.strip()[5:-4] for line in lines if line.strip().startswith("<!-- ")]


def where(image: Any, colour: str, box: tuple[int, int, int, int] = (0, 0, 9999, 9999)) -> Any:
    """The (row, column) of each pixel of a colour inside (left, top, right, bottom)."""
    rgb = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    left, top, right, bottom = box
    found = np.argwhere((image[top:bottom, left:right] == rgb).all(axis=2))
    return found + [top, left]


PLOT = (60, 80, 600, 370)  # of a single chart of 600 by 400


@pytest.mark.parametrize("scale", [0.5, 1, 1.1, 1.5, 2, 3])
@pytest.mark.parametrize(("width", "height"), [(1200, 800), (333, 217), (1001, 401)])
def test_the_picture_is_as_large_as_asked(width: int, height: int, scale: float) -> None:
    made = draw(figure(trace([0, 1], [1, 2])), width, height, scale)
    with Image.open(io.BytesIO(made)) as image:
        assert image.format == "PNG"
        assert image.size == (int(width * scale + 1e-6), int(height * scale + 1e-6))


def test_the_svg_has_the_size_of_the_picture_in_px() -> None:
    svg = draw(figure(trace([0, 1], [1, 2])), 1200, 800, 1.5, "svg").decode()
    assert 'width="1800" height="1200" viewBox="0 0 1200 800"' in svg


def test_the_same_figure_gives_the_same_bytes() -> None:
    shown = figure(trace([0, 1, 2], [1, None, 2]))
    for kind in ("png", "svg"):
        assert draw(shown, 300, 200, 1, kind) == draw(copy.deepcopy(shown), 300, 200, 1, kind)


def test_drawing_leaves_the_figure_alone() -> None:
    shown = figure(trace([0, 1, 2], [1, None, 2]))
    before = copy.deepcopy(shown)
    draw(shown, 300, 200, 1)
    assert shown == before


def test_matplotlib_is_imported_only_to_draw_and_pyplot_never() -> None:
    program = (
        "import sys, app.picture; assert 'matplotlib' not in sys.modules;"
        "app.picture.draw({'data': [], 'layout': {'meta': {'palette': %r, 'empty': 'x'},"
        "'font': {'family': ''}}}, 99, 99, 1);"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program % LIGHT], check=True, timeout=60)


def test_the_caller_s_matplotlib_settings_are_left_as_they_were() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    draw(figure(trace([0, 1], [1, 2])), 300, 200, 1)
    assert dict(matplotlib.rcParams) == before


def test_a_card_lies_on_the_ground() -> None:
    image = pixels(figure(trace([0, 1], [1, 2])))
    assert len(where(image, LIGHT["ground"], (0, 0, 600, 13))) == 600 * 13
    assert len(where(image, LIGHT["line"], (100, 14, 500, 15))) == 400
    assert len(where(image, LIGHT["surface"], (14, 16, 500, 20)))


@pytest.mark.parametrize(("width", "height"), [(800, 600), (NARROW, 600), (NARROW - 1, 900), (390, 1600)])
def test_charts_stand_in_the_grid_of_the_figure_and_in_one_column_where_it_is_narrow(width: int, height: int) -> None:
    colours = ["#110000", "#220000", "#330000", "#440000"]
    shown = figure(
        *(
            trace([0, 1], [1, 1], axis=axis, line={"color": colour, "width": 3})
            for axis, colour in zip(("", "2", "3", "4"), colours, strict=True)
        )
    )
    image = pixels(shown, width, height)
    columns = 2 if width >= NARROW else 1
    wide, tall = width // columns, height // (4 // columns)
    for place, colour in enumerate(colours):
        row, column = divmod(place, columns)
        inside = (column * wide, row * tall, (column + 1) * wide, (row + 1) * tall)
        found = where(image, colour)
        assert len(found) == len(where(image, colour, inside)) > 0


@pytest.mark.parametrize(
    ("charts", "width", "height"),
    [
        (1, 1200, 400),
        (1, 390, 400),
        (3, 1200, 400),
        (3, NARROW, 400),
        (3, NARROW - 1, 600),
        (4, 390, 800),
        (0, 390, 400),
    ],
)
def test_a_narrow_picture_is_higher_by_the_rows_that_it_has_more(charts: int, width: int, height: int) -> None:
    shown = figure(*(trace([0, 1], [1, 2], axis=axis) for axis in ("", "2", "3", "4")[:charts]))
    assert height_of(shown, width) == height


def test_the_head_says_title_label_last_value_note_and_alert() -> None:
    shown = figure(trace([0, 1], [1, 2]))
    shown["layout"]["meta"]["charts"][0] |= {"note": "2 of 9 points", "alert": "3 NaN"}
    assert {"chart", "train", "0.3824", "2 of 9 points", "3 NaN"} <= set(words_in(shown))
    assert "not &lt;used&gt;" not in words_in(shown)
    assert len(where(pixels(shown), LIGHT["bad"], (300, 0, 600, 50)))


def test_only_the_live_traces_stand_in_the_key() -> None:
    raw = trace([0, 1], [1, 2], "raw")
    raw["meta"]["live"] = False
    found = words_in(figure(raw, trace([0, 1], [1, 2], "train")))
    assert "train" in found and "raw" not in found


def test_a_key_too_long_for_its_card_counts_the_rest() -> None:
    found = words_in(figure(*(trace([0, 1], [1, 2], f"series {k}") for k in range(30))))
    shown = sum(name.startswith("series") for name in found)
    assert 1 < shown < 30 and f"+{30 - shown}" in found


def test_several_runs_are_named_above_the_charts() -> None:
    runs = [{"name": name, "colour": BLUE} for name in ("base", "lr1e-3")]
    assert {"base", "lr1e-3"} <= set(words_in(figure(trace([0, 1], [1, 2]), runs=runs)))
    many = [{"name": f"run {k}", "colour": BLUE} for k in range(100)]
    assert any(
        words.startswith("and ") and words.endswith(" more")
        for words in words_in(figure(trace([0, 1], [1, 2]), runs=many))
    )


def test_a_null_is_a_gap() -> None:
    x = [float(k) for k in range(101)]
    y: list[float | None] = [1.0] * 101
    whole = where(pixels(figure(trace(x, y))), BLUE, PLOT)
    y[40:60] = [None] * 20
    image = pixels(figure(trace(x, y)))
    broken = where(image, BLUE, PLOT)
    columns = np.unique(broken[:, 1])
    assert len(broken) < 0.85 * len(whole)
    assert np.diff(columns).max() == pytest.approx(0.21 * 500, abs=6)


def mark(x: list[float], **more: Any) -> Json:
    return {"xs": x, "colour": LIGHT["bad"], "height": 1, "width": 1, "dash": "solid"} | more


def test_marks_stand_at_their_x_from_the_foot_of_the_plot() -> None:
    shown = figure(trace([0.0, 100.0], [1.0, 1.0]))
    shown["layout"]["meta"]["charts"][0]["marks"] = [mark([50.0], height=0.1, width=3)]
    ticks = where(pixels(shown), LIGHT["bad"], PLOT)
    assert ticks[:, 1].min() > 300 and ticks[:, 1].max() < 360
    low = ticks[:, 0].max() - ticks[:, 0].min()
    shown["layout"]["meta"]["charts"][0]["marks"] = [mark([50.0], width=3)]
    whole = where(pixels(shown), LIGHT["bad"], PLOT)
    assert whole[:, 0].max() - whole[:, 0].min() > 5 * low > 0
    assert whole[:, 0].max() == ticks[:, 0].max()


def test_a_mark_beside_the_window_is_not_drawn() -> None:
    shown = figure(trace([0.0, 100.0], [1.0, 1.0]), x={"range": [0, 40]})
    shown["layout"]["meta"]["charts"][0]["marks"] = [mark([50.0])]
    assert not len(where(pixels(shown), LIGHT["bad"]))


def band(x: list[float], y: list[float | None]) -> Json:
    drawn = trace(x, y, opacity=1)
    drawn["meta"] |= {"live": False, "band": True}
    drawn["line"]["color"] = ORANGE
    return drawn


def test_a_band_fills_its_ring_below_the_lines_and_stands_in_no_key() -> None:
    shown = figure(band([0, 10, 10, 0], [2, 2, 1, 1]), trace([0, 10], [1.5, 1.5]))
    image = pixels(shown)
    filled = where(image, ORANGE, PLOT)
    assert len(filled) > 20_000
    assert len(where(image, BLUE, PLOT)) > 400
    assert words_in(shown).count("train") == 1


def test_each_ring_of_a_band_is_filled_by_itself() -> None:
    # Two squares with room between them; joined, they would fill it.
    x = [0.0, 2, 2, 0, 2, 8, 10, 10, 8]
    shown = figure(band(x, [2, 2, 1, 1, None, 2, 2, 1, 1]), trace([0, 10], [1.5, 1.5]))
    filled = np.unique(where(pixels(shown), ORANGE, PLOT)[:, 1])
    assert np.diff(filled).max() > 250


@pytest.mark.parametrize("y", [[], [None], [1.0, None, None, 2.0], [None, None], [-1.0, 0.0, 1.0]])
@pytest.mark.parametrize("up", ["linear", "log"])
def test_no_band_stops_a_picture(y: list[float | None], up: str) -> None:
    assert draw(figure(band([float(k) for k in range(len(y))], y), trace([0], [1]), y={"type": up}), 200, 200, 1)


def test_charts_that_have_no_room_are_counted_and_the_others_can_be_read() -> None:
    shown = figure(*(trace([0, 1], [1, 2], axis=str(k)) for k in range(1, 2001)))
    found = words_in(shown, 1200, 3000)
    titles = [words for words in found if words.startswith("chart")]
    assert 20 < len(titles) < 60
    assert f"and {2000 - len(titles):,} more charts; ?metric= in the address chooses" in found


def test_series_that_are_left_out_are_said_above_the_charts() -> None:
    words = "2,000 of 5,000 series shown"
    assert words in words_in(figure(trace([0, 1], [1, 2]), beyond=words))


def test_a_point_alone_is_a_dot() -> None:
    assert 4 < len(where(pixels(figure(trace([5], [1.0]))), BLUE, PLOT)) < 60
    alone = figure(trace([0, 1, 2], [None, 1.0, None]))
    assert 4 < len(where(pixels(alone), BLUE, PLOT)) < 60


def test_markers_are_drawn_at_every_point() -> None:
    line = {"color": BLUE, "width": 1}
    x, y = [0.0, 1.0, 2.0, 3.0], [1.0, 1.0, 1.0, 1.0]
    plain = pixels(figure(trace(x, y, line=line)))  # type: ignore[arg-type]
    dotted = pixels(figure(trace(x, y, line=line, mode="lines+markers")))  # type: ignore[arg-type]
    assert len(where(dotted, BLUE, PLOT)) > len(where(plain, BLUE, PLOT)) + 10


@pytest.mark.parametrize("dash", DASHES[1:])
def test_a_dashed_line_leaves_spaces(dash: str) -> None:
    solid = pixels(figure(trace([0, 1], [1, 1])))
    dashed = pixels(figure(trace([0, 1], [1, 1], line={"color": BLUE, "width": 2, "dash": dash})))
    across = np.unique(where(dashed, BLUE, PLOT)[:, 1])
    assert len(across) < 0.85 * len(np.unique(where(solid, BLUE, PLOT)[:, 1]))


def test_a_faint_trace_is_faint_and_below() -> None:
    smooth, raw = trace([0, 1], [1, 1]), trace([0, 1, 2], [1, 1, 1], opacity=0.22)
    raw["line"]["color"] = ORANGE
    image = pixels(figure(smooth, raw))
    assert len(where(image, BLUE, PLOT)) > 400
    assert not len(where(image, ORANGE, PLOT))


def test_values_that_differ_by_rounding_alone_are_one_value() -> None:
    words = words_in(figure(trace([0, 1], [1.0, 1.0 + 4e-16])))
    assert {"0.90", "1.00", "1.10"} <= set(words) or {"0.95", "1.00", "1.05"} <= set(words)


def test_a_log_axis_spaces_powers_evenly_and_leaves_out_what_has_none() -> None:
    x, y = [0.0, 1.0, 2.0, 3.0, 4.0], [1e-4, 1e-2, 1e0, 0.0, -5.0]
    shown = figure(trace(x, y), y={"type": "log"})  # type: ignore[arg-type]
    assert {"1e-4", "0.01", "1"} <= set(words_in(shown))
    found = where(pixels(shown), BLUE, PLOT)
    # A straight line over the left half: three powers, evenly spaced.
    assert found[:, 1].max() < 340
    assert np.corrcoef(found[:, 0], found[:, 1])[0, 1] < -0.99


def test_a_date_axis_says_times_in_utc() -> None:
    noon = 1_795_348_800_000.0
    shown = figure(trace([noon, noon + 4 * 3_600_000], [1, 2]), x={"type": "date"})
    assert {"12:00", "13:00", "16:00"} <= set(words_in(shown))


def test_the_axis_title_is_written_where_there_is_one() -> None:
    shown = figure(trace([0, 1], [1, 2]), x={"title": {"text": "epoch"}})
    assert "epoch" in words_in(shown)


def test_a_range_cuts_the_curve() -> None:
    x = [float(k) for k in range(101)]
    image = pixels(figure(trace(x, x), x={"range": [50, 100]}))  # type: ignore[arg-type]
    found = where(image, BLUE, PLOT)
    # The upper half of the curve, over the whole width.
    assert found[:, 1].max() - found[:, 1].min() > 480
    assert found[:, 0].max() - found[:, 0].min() < 160


def test_an_empty_figure_is_its_sentence_wrapped() -> None:
    sentence = "Waiting for train.log: " + "the file is not there yet. " * 6
    shown = figure(empty=sentence)
    found = words_in(shown)
    assert " ".join(found).split() == sentence.split()
    assert len(found) > 1
    ink = np.argwhere((pixels(shown) < 130).all(axis=2))
    assert ink.mean(axis=0) == pytest.approx([200, 300], abs=12)


@pytest.mark.parametrize(
    "name",
    ["$\\frac", "$$", "a$b$c", "<b>&amp;", "--> <!--", "损失", "\ud800", "\x1b[31m", "a\nb", "🙂",
     "x" * 5000, "%s {0} \\n", ""],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_no_name_stops_a_picture(name: str, kind: str) -> None:
    shown = figure(trace([0, 1], [1, 2], name), x={"title": {"text": name[:50]}})
    shown["layout"]["meta"]["charts"][0] |= {"note": name, "alert": name}
    shown["layout"]["meta"]["charts"][0]["key"] = shown["data"][0]["meta"]["chart"] = name
    shown["layout"]["meta"]["runs"] = [{"name": name, "colour": BLUE}] * 2
    assert draw(shown, 400, 300, 1, kind)
    assert draw(figure(empty=f"{name} {name}"), 400, 300, 1, kind)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 1.0]),
        max_size=5,
    ),
    st.sampled_from(["linear", "log"]),
    st.sampled_from(["linear", "date"]),
)
def test_no_value_stops_a_picture(y: list[float | None], up: str, across: str) -> None:
    x = [0.0 if value is None else value for value in y]
    shown = figure(trace(x, y), x={"type": across}, y={"type": up})
    assert draw(shown, 200, 200, 1)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (40, 30), (120, 90), (90, 900), (900, 60)])
def test_a_picture_too_small_for_its_charts_is_still_a_picture(width: int, height: int) -> None:
    shown = figure(*(trace([0, 1], [1, 2], axis=axis) for axis in ("", "2", "3", "4")))
    assert draw(shown, width, height, 1)


@pytest.mark.parametrize(
    ("values", "step", "words"),
    [
        ([0, 1e-4, 2e-4, 3e-4], 1e-4, ["0", "1e-4", "2e-4", "3e-4"]),
        ([8e-4, 1e-3, 1.2e-3], 2e-4, ["8e-4", "1e-3", "1.2e-3"]),
        ([0, 0.5, 1], 0.5, ["0", "0.5", "1.0"]),
        ([0, 0.05, 0.1], 0.05, ["0", "0.05", "0.10"]),
        ([0.6931, 0.6932], 1e-4, ["0.6931", "0.6932"]),
        ([-1, 0, 1], 1, ["-1", "0", "1"]),
        ([0, 500, 1000, 1500], 500, ["0", "500", "1k", "1.5k"]),
        ([0, 10_000, 20_000], 1e4, ["0", "10k", "20k"]),
        ([123_400, 123_410], 10, ["123.4k", "123.41k"]),
        ([1e6, 1.2e6], 2e5, ["1M", "1.2M"]),
        ([2e9], 1e9, ["2B"]),
        ([5e15, 1e16], 5e15, ["5e15", "1e16"]),
    ],
)
def test_ticks_are_worded_as_people_write_them(values: list[float], step: float, words: list[str]) -> None:
    assert tick_words(values, step) == words


@given(
    st.sampled_from(["linear", "log", "date"]),
    st.floats(-1e6, 1e6),
    st.floats(1e-6, 1e6),
    st.integers(2, 12),
)
@example("date", 1.0, 239_001.0, 2)  # 2 min are too short a step and 5 min too long
def test_ticks_rise_inside_the_axis_and_no_two_say_the_same(kind: str, low: float, span: float, count: int) -> None:
    if kind == "log":
        low, span = low / 1e5, span / 1e5 + 0.5
    if kind == "date":
        span += 1e3
    scale = Scale(kind, low, low + span, 0.0, 1000.0)
    places, words = zip(*ticks_of(scale, count), strict=True)
    assert 1 <= len(places) <= 3 * count + 3
    assert all(before < after for before, after in pairwise(places))
    assert places[0] >= -1 and places[-1] <= 1001
    if kind == "linear":
        assert len(set(words)) == len(words)


def drawn_from(log: bytes, view: View) -> Json:
    """The figure of a log with one run."""
    board, run, fold = Board(), Run("train", "train.log"), Fold(0)
    run.add(fold.feed(log))
    board.add(run)
    return build_figure(board, view)


LOG = b"".join(b"2026-11-23 12:%02d:05 step=%d loss=%d lr=1e-4\n" % (k % 60, k, k % 9) for k in range(300))


@pytest.mark.parametrize("x", ["step", "wall_time", "relative"])
@pytest.mark.parametrize(
    ("low", "high"), [(100, 150), (100, 100), (-1e308, 1e308), (-1e-308, 1e-308), (1e16, 1e16 + 2), (1e9, 1e9 + 1e-6)]
)
def test_every_window_can_be_drawn(x: str, low: float, high: float) -> None:
    assert draw(drawn_from(LOG, View(x=x, low=low, high=high)), 400, 300, 1)


def test_a_window_gives_another_picture_than_the_whole() -> None:
    whole, part = (words_in(drawn_from(LOG, view), 900) for view in (View(), View(low=100, high=150)))
    assert "200" in whole and "200" not in part
    assert {"100", "150"} <= set(part), part


def test_the_picture_of_a_figure_is_as_high_as_the_figure() -> None:
    assert height_of(drawn_from(LOG, View()), 1200) == CHART_HEIGHT + 60
    assert height_of(drawn_from(LOG, View()), 390) == 2 * (CHART_HEIGHT + 60)
