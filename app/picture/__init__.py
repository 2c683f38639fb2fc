"""A figure dict drawn as PNG or SVG, in the page's layout and colours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.picture.sheet import RC, Box, Sheet, wrapped
from app.picture.ticks import Ticks, measured, scale_of, ticks_of
from app.rows import Floats
from app.words import count_words, number_words

Json = dict[str, Any]

GAP = 14.0  # between cards, and around them
PAD = 14.0  # inside a card
TITLE, WORDS, SMALL = 14.0, 12.5, 11.0  # text sizes
NARROW = 700  # px of a picture below which its charts stand in one column
LOWEST = 160.0  # px of a card: where that is not enough for all charts, the last are only counted


def draw(figure: Json, width: int, height: int, scale: float, kind: str = "png") -> bytes:
    """The picture of a figure dict as the bytes of a file, `width * scale` px wide.

    One call at a time, from any thread but the hub's: matplotlib's settings and caches are the
    process's. The first call imports matplotlib (0.3 s).

    Args:
        figure: `data` and `layout` as `build_figure` makes them; a `null` in y is a gap.
        width: of the layout, px.
        height: of the layout, px.
        scale: how many px of the file stand for one of the layout.
        kind: "png" or "svg".
    """
    from matplotlib import rc_context

    with rc_context(RC):
        sheet = Sheet(figure["layout"], width, height, scale)
        _draw_page(sheet, figure)
        return sheet.as_svg() if kind == "svg" else sheet.as_png()


def height_of(figure: Json, width: int) -> int:
    """The height in px that gives a figure's charts their height where it is drawn `width` px wide."""
    height: int = figure["layout"]["height"]
    own: int = figure["layout"]["meta"]["grid"][0]
    rows, _ = _grid(figure, width)
    return math.ceil(height * rows / own)


def _grid(figure: Json, width: int) -> tuple[int, int]:
    """Rows and columns of the charts: the figure's own, or one column in a narrow picture."""
    meta = figure["layout"]["meta"]
    rows, columns = meta["grid"]
    return (rows, columns) if width >= NARROW else (max(1, len(meta["charts"])), 1)


def _draw_page(sheet: Sheet, figure: Json) -> None:
    """Draw the whole picture: the runs, then a card for each chart, or one with a sentence."""
    layout = figure["layout"]
    meta = layout["meta"]
    page = Box(GAP, GAP, sheet.width - GAP, sheet.height - GAP)
    if meta["empty"]:
        _draw_sentence(sheet, page, meta["empty"])
        return
    if len(meta["runs"]) > 1:
        page = _draw_runs(sheet, page, meta["runs"])
    if meta["beyond"]:
        page = _draw_words(sheet, page, meta["beyond"], sheet.palette["muted"])
    rows, columns = _grid(figure, sheet.width)
    charts = meta["charts"]
    room = max(1, int((page.bottom - page.top + GAP) // (LOWEST + GAP)))
    if rows > room:
        rows = room
        charts = charts[: rows * columns]
        rest = f"and {count_words(len(meta['charts']) - len(charts))} more charts; ?metric= in the address chooses"
        page = _draw_words(sheet, page, rest, sheet.palette["faint"], below=True)
    traces: dict[str, list[Json]] = {}
    for trace in figure["data"]:
        traces.setdefault(trace["meta"]["chart"], []).append(trace)
    wide, tall = (page.right - page.left + GAP) / columns, (page.bottom - page.top + GAP) / rows
    for place, chart in enumerate(charts):
        row, column = divmod(place, columns)
        card = Box(
            round(page.left + column * wide),
            round(page.top + row * tall),
            round(page.left + (column + 1) * wide - GAP),
            round(page.top + (row + 1) * tall - GAP),
        )
        _draw_chart(sheet, card, layout, chart, traces.get(chart["key"], []))


def _draw_sentence(sheet: Sheet, page: Box, sentence: str) -> None:
    """Draw one card with a sentence in its middle."""
    sheet.card(page, sheet.palette["surface"], sheet.palette["line"])
    room = min(560.0, page.right - page.left - 4 * PAD)
    lines = wrapped(sentence, lambda words: sheet.width_of(words, TITLE) <= room)
    x, y = (page.left + page.right) / 2, (page.top + page.bottom) / 2
    for number, words in enumerate(lines):
        at = y + (number - (len(lines) - 1) / 2) * 22 + 5
        sheet.text(x, at, words, sheet.palette["muted"], TITLE, align="center")


def _draw_words(sheet: Sheet, page: Box, words: str, colour: str, below: bool = False) -> Box:
    """Write one line above or below all cards; what is left of the page."""
    words = sheet.shorten(words, page.right - page.left, WORDS)
    sheet.text(page.left, page.bottom - 3 if below else page.top + 12, words, colour, WORDS)
    line = 20 + GAP / 2
    return page._replace(bottom=page.bottom - line) if below else page._replace(top=page.top + line)


def _draw_runs(sheet: Sheet, page: Box, runs: list[Json]) -> Box:
    """Name the runs in their colours at the top; what is left of the page."""
    x = page.left
    for number, run in enumerate(runs):
        rest = f"and {len(runs) - number} more"
        name = sheet.shorten(run["name"], 220, WORDS)
        wide = 16 + sheet.width_of(name, WORDS)
        last = number == len(runs) - 1
        room = page.right - (0 if last else sheet.width_of(rest, WORDS) + 18)
        if number and x + wide > room:
            sheet.text(x, page.top + 12, rest, sheet.palette["faint"], WORDS)
            break
        sheet.card(Box(x, page.top + 3, x + 10, page.top + 13), run["colour"], run["colour"])
        sheet.text(x + 16, page.top + 12, name, sheet.palette["text"], WORDS)
        x += wide + 18
    return page._replace(top=page.top + 20 + GAP / 2)


def _draw_chart(sheet: Sheet, card: Box, layout: Json, chart: Json, traces: list[Json]) -> None:
    """Draw one card: head, axes, curves."""
    sheet.card(card, sheet.palette["surface"], sheet.palette["line"])
    top = _draw_head(sheet, card, chart, traces)
    across, up = (layout[f"{name}axis{chart['axis']}"] for name in "xy")
    title = across["title"]["text"]
    plot = Box(card.left + PAD, top, card.right - PAD, card.bottom - (46 if title else 30))
    if plot.bottom - plot.top < 12 or plot.right - plot.left < 60:
        return  # a card too small for a curve still says its name and last values
    curves = [_measures(trace, across, up) for trace in traces]
    y_scale = scale_of(up, [y for _, y in curves], plot.bottom, plot.top, margin=0.06)
    y_ticks = ticks_of(y_scale, max(2, round((plot.bottom - plot.top) / 48)))
    # 46 px hold "1.2e-4" and "123.4k"; one width for all, so that the curves of a column align.
    label = max([46.0, *(sheet.width_of(words, SMALL) + 6 for _, words in y_ticks)])
    label = min(label, (plot.right - plot.left) / 2)
    plot = plot._replace(left=plot.left + label)
    apart = 110 if across["type"] == "date" else 85
    x_scale = scale_of(across, [x for x, _ in curves], plot.left, plot.right, margin=0.0)
    x_ticks = ticks_of(x_scale, max(2, round((plot.right - plot.left) / apart)))
    _draw_axes(sheet, plot, x_ticks, y_ticks)
    if title:
        centre, title = (plot.left + plot.right) / 2, sheet.shorten(title, plot.right - plot.left, SMALL)
        sheet.text(centre, card.bottom - 11, title, sheet.palette["muted"], SMALL, align="center")
    for mark in chart["marks"]:
        _draw_marks(sheet, plot, mark, x_scale.px(measured(np.array(mark["xs"], dtype=np.float64), across["type"])))
    # Bands and raw curves below all others, whatever their series.
    faint_first = sorted(zip(traces, curves, strict=True), key=lambda pair: float(pair[0]["opacity"]))
    for trace, (x, y) in faint_first:
        _draw_curve(sheet, plot, trace, x_scale.px(x), y_scale.px(y))


def _draw_head(sheet: Sheet, card: Box, chart: Json, traces: list[Json]) -> float:
    """Draw title, alert, note and key; where the plot may begin."""
    left, right = card.left + PAD, card.right - PAD
    base = card.top + 27
    for key, colour in (("note", sheet.palette["faint"]), ("alert", sheet.palette["bad"])):
        words = chart[key]
        # The title keeps a third of the line, whatever else there is to say.
        room = right - left - (card.right - card.left) / 3
        if words and room > 40:
            words = sheet.shorten(words, room, 12)
            sheet.text(right, base, words, colour, 12.0, align="right")
            right -= sheet.width_of(words, 12) + 16
    title = sheet.shorten(chart["key"], right - left, TITLE, True)
    sheet.text(left, base, title, sheet.palette["text"], TITLE, bold=True)
    return _draw_key(sheet, card, traces)


def _draw_key(sheet: Sheet, card: Box, traces: list[Json]) -> float:
    """Draw the key below the title: a piece of each line, its name, its last value."""
    live = [trace for trace in traces if trace["meta"]["live"]]
    if not live or card.bottom - card.top < 90:
        return card.top + 36
    x, y = card.left + PAD, card.top + 47
    edge = card.right - PAD
    for number, trace in enumerate(live):
        name = sheet.shorten(trace["meta"]["label"], 160, WORDS)
        value = number_words(trace["meta"]["last"])
        start, middle = x + 24, x + 29 + sheet.width_of(name, WORDS)
        end = middle + sheet.width_of(value, WORDS, True)
        rest = f"+{len(live) - number}"
        more = 0 if number == len(live) - 1 else 8 + sheet.width_of(rest, WORDS)
        if end + more > edge:
            sheet.text(x, y, rest, sheet.palette["faint"], WORDS)
            break
        line = trace["line"]
        sample = np.array([x, x + 18.0]), np.array([y - 4.0, y - 4.0])
        sheet.line(*sample, line["color"], 2.0, line["dash"])
        sheet.text(start, y, name, sheet.palette["muted"], WORDS)
        sheet.text(middle, y, value, sheet.palette["text"], WORDS, bold=True)
        x = end + 16
    return card.top + 64


def _draw_axes(sheet: Sheet, plot: Box, x_ticks: Ticks, y_ticks: Ticks) -> None:
    """Draw the horizontal grid, the base line and the words of both axes."""
    grid, muted = sheet.palette["line"], sheet.palette["muted"]
    # A rule that nearly touches the base line would look like a mistake.
    apart = [at for at, _ in y_ticks if plot.bottom - at > 4]
    sheet.rules([*apart, plot.bottom], plot, grid)
    for at, words in y_ticks:
        sheet.text(plot.left - 6, at + 4, words, muted, SMALL, align="right")
    marks = np.repeat([at for at, _ in x_ticks], 3)
    sheet.line(marks, np.tile([plot.bottom, plot.bottom + 4, np.nan], len(x_ticks)), grid)
    for at, words in x_ticks:
        half = sheet.width_of(words, SMALL) / 2
        middle = min(at, plot.right + PAD - 2 - half)
        sheet.text(middle, plot.bottom + 17, words, muted, SMALL, align="center")


def _draw_marks(sheet: Sheet, plot: Box, mark: Json, x: Floats) -> None:
    """Draw upright strokes given in px, from the foot of the plot."""
    top = plot.bottom - mark["height"] * (plot.bottom - plot.top)
    xs = np.repeat(x, 3)
    ys = np.tile([plot.bottom, top, np.nan], len(x))
    clip = Box(plot.left - 2, plot.top, plot.right + 2, plot.bottom)
    sheet.line(xs, ys, mark["colour"], float(mark["width"]), mark["dash"], clip=clip)


def _draw_curve(sheet: Sheet, plot: Box, trace: Json, x: Floats, y: Floats) -> None:
    """Draw one trace given in px: its band, or its line and its lone points."""
    line = trace["line"]
    colour, opacity = line["color"], float(trace["opacity"])
    clip = Box(plot.left - 2, plot.top - 2, plot.right + 2, plot.bottom + 2)
    if trace["meta"]["band"]:
        sheet.rings(x, y, colour, opacity, clip)
        return
    sheet.line(x, y, colour, line["width"], line["dash"], opacity, clip=clip)
    dots = lone(y) if "markers" not in trace["mode"] else np.isfinite(y)
    if dots.any():
        sheet.line(x[dots], y[dots], colour, 0.0, opacity=opacity, marker="o", clip=clip)


def lone(y: Floats) -> NDArray[np.bool_]:
    """Which finite values have no finite neighbour: a line alone would not show them."""
    finite = np.concatenate(([False], np.isfinite(y), [False]))
    return finite[1:-1] & ~finite[:-2] & ~finite[2:]


def _measures(trace: Json, across: Json, up: Json) -> tuple[Floats, Floats]:
    """A trace's x and y in the measures of its axes, NaN where nothing can be drawn."""
    return tuple(
        measured(np.array(trace[name], dtype=np.float64), axis["type"]) for name, axis in (("x", across), ("y", up))
    )  # type: ignore[return-value]  # two names, two arrays
