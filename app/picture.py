"""Draw a figure dict as PNG or SVG with matplotlib, in the page's layout and colours."""

import datetime
import io
import math
import re
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.font_manager import FontProperties

Floats = NDArray[np.float64]
Json = dict[str, Any]
Ticks = list[tuple[float, str]]  # px, or the measure of the axis; words
Align = Literal["left", "center", "right"]

GAP = 14.0  # between cards, and around them
PAD = 14.0  # inside a card
LONGEST = 400  # characters of a line: measuring more costs, and no picture is so wide
TITLE, WORDS, SMALL = 14.0, 12.5, 11.0  # text sizes
DASHES = {"dash": (4.0, 2.5), "dot": (1.0, 2.0), "dashdot": (4.0, 2.0, 1.0, 2.0)}  # line widths
RC: dict[Any, Any] = {
    # Names are text: `$$` raises as mathematics (matplotlib #20266).
    "text.parse_math": False,
    "text.usetex": False,
    "path.simplify": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "tailplot",  # same figure, same bytes, so that an ETag holds
}
# Tried in turn for a character that the figure's own font does not have.
SPARE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SECOND, MINUTE, HOUR, DAY = 1e3, 6e4, 36e5, 864e5  # in the ms of a date axis
CLOCK_STEPS = (
    *(k * SECOND for k in (1, 2, 5, 10, 15, 30)),
    *(k * MINUTE for k in (1, 2, 5, 10, 15, 30)),
    *(k * HOUR for k in (1, 2, 3, 6, 12)),
    *(k * DAY for k in (1, 2, 7, 14, 28, 91, 182, 364)),
)

_lock = threading.Lock()


class Box(NamedTuple):
    """A rectangle in px, y counted downwards from the picture's top."""

    left: float
    top: float
    right: float
    bottom: float


class Scale(NamedTuple):
    """How the values of one axis become px: `kind` is linear, log or date.

    `low` and `high` are in the axis's own measure: log10 of the value where it is "log".
    """

    kind: str
    low: float
    high: float
    start: float
    end: float

    def px(self, measures: Floats) -> Floats:
        """Give the px of values already in the axis's measure; NaN stays NaN."""
        return self.start + (measures - self.low) / (self.high - self.low) * (self.end - self.start)


def draw(figure: Json, width: int, height: int, scale: float, kind: str = "png") -> bytes:
    """Give the picture of a figure dict as the bytes of a file, `width * scale` px wide.

    One drawing at a time, from any thread; never call it on the hub. The first call imports
    matplotlib (0.3 s).

    Args:
        figure: `data` and `layout` as `build_figure` makes them; a `null` in y is a gap.
        width: of the layout, px.
        height: of the layout, px.
        scale: how many px of the file stand for one of the layout.
        kind: "png" or "svg".
    """
    from matplotlib import rc_context

    with _lock, rc_context(RC):
        sheet = Sheet(figure["layout"], width, height, scale)
        _draw_page(sheet, figure)
        return sheet.as_svg() if kind == "svg" else sheet.as_png()


class Sheet:
    """A matplotlib figure drawn on in px from the top left, without its Axes.

    Axes spend most of their time on ticks, which have to be worded here anyway.
    """

    def __init__(self, layout: Json, width: int, height: int, scale: float) -> None:
        """Begin an empty sheet in the ground colour."""
        from matplotlib.figure import Figure
        from matplotlib.transforms import Affine2D

        self.width, self.height, self.scale = width, height, scale
        self.palette: dict[str, str] = layout["meta"]["palette"]
        self.ground: str = layout.get("paper_bgcolor") or self.palette["ground"]
        # At 72 dpi a point is a px; the little more keeps 1199.9999 from becoming 1199.
        size = (math.floor(width * scale + 1e-6) + 1e-7) / scale / 72
        tall = (math.floor(height * scale + 1e-6) + 1e-7) / scale / 72
        self.figure = Figure(figsize=(size, tall), dpi=72 * scale, facecolor=self.ground)
        inches = Affine2D().scale(1 / 72, -1 / 72).translate(0, tall)
        self._px = inches + self.figure.dpi_scale_trans
        self._fonts = Fonts(str(layout.get("font", {}).get("family", "")))

    def text(
        self,
        x: float,
        y: float,
        words: str,
        colour: str,
        size: float,
        bold: bool = False,
        align: Align = "left",
    ) -> None:
        """Write words with their base line at y."""
        from matplotlib.text import Text

        self._add(
            Text(
                x,
                y,
                self._fonts.printable(words),
                color=colour,
                fontproperties=self._fonts.properties(size, bold),
                horizontalalignment=align,
                verticalalignment="baseline",
                parse_math=False,
            )
        )

    def width_of(self, words: str, size: float, bold: bool = False) -> float:
        """Give the px that words take in a line."""
        return self._fonts.width_of(words, size, bold)

    def shorten(self, words: str, room: float, size: float, bold: bool = False) -> str:
        """Give the words, cut with an ellipsis where they take more than `room` px."""
        return shortened(words, lambda part: self.width_of(part, size, bold) <= room)

    def line(
        self,
        xs: Floats,
        ys: Floats,
        colour: str,
        width: float = 1.0,
        dash: str = "solid",
        opacity: float = 1.0,
        marker: str = "",
        clip: Box | None = None,
    ) -> None:
        """Draw a line through px points, broken at NaN; with width 0 only its markers."""
        from matplotlib.lines import Line2D

        line = Line2D(
            xs,
            ys,
            color=colour,
            linewidth=width,
            linestyle=(0, DASHES[dash]) if dash in DASHES else "solid",
            alpha=opacity,
            marker=marker,
            markersize=6.0 if marker == "|" else max(4.0, 2.2 * width),
            markeredgewidth=2.0 if marker == "|" else 0.0,
            solid_capstyle="butt",
            solid_joinstyle="round",
        )
        if width == 0:
            line.set_linestyle("none")
        self._add(line, clip)

    def rules(self, ys: Sequence[float], box: Box, colour: str) -> None:
        """Draw thin rules across a box at the px heights `ys`, sharp."""
        xs = np.tile([box.left, box.right, np.nan], len(ys))
        self.line(xs, np.repeat([math.floor(y) + 0.5 for y in ys], 3), colour)

    def card(self, box: Box, fill: str, edge: str) -> None:
        """Draw a card: a rounded rectangle with a thin edge."""
        from matplotlib.patches import FancyBboxPatch

        self._add(
            FancyBboxPatch(
                (box.left + 0.5, box.top + 0.5),
                max(1.0, box.right - box.left - 1),
                max(1.0, box.bottom - box.top - 1),
                boxstyle=f"round,pad=0,rounding_size={min(10.0, (box.bottom - box.top) / 4)}",
                facecolor=fill,
                edgecolor=edge,
                linewidth=1,
            )
        )

    def _add(self, artist: "Artist", clip: Box | None = None) -> None:
        from matplotlib.transforms import Bbox, TransformedBbox

        artist.set_transform(self._px)
        self.figure.add_artist(artist)
        if clip:
            around = Bbox.from_extents(clip.left, clip.top, clip.right, clip.bottom)
            artist.set_clip_box(TransformedBbox(around, self._px))

    def as_png(self) -> bytes:
        """Give the drawing as a PNG file."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        canvas: Any = FigureCanvasAgg(self.figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]  # nothing is see-through
        out = io.BytesIO()
        # Level 2 of zlib: a third of the time of the default for a tenth more bytes.
        Image.fromarray(np.ascontiguousarray(pixels)).save(out, "png", compress_level=2)
        return out.getvalue()

    def as_svg(self) -> bytes:
        """Give the drawing as an SVG file whose view box is in layout px."""
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        out = io.BytesIO()
        canvas: Any = FigureCanvasSVG(self.figure)
        canvas.print_svg(out, metadata={"Date": None})
        # matplotlib writes the size in pt, a third larger than px in a browser.
        size = f'width="{self.width * self.scale:g}" height="{self.height * self.scale:g}"'
        return re.sub(rb'width="[^"]*pt" height="[^"]*pt"', size.encode(), out.getvalue(), count=1)


class Fonts:
    """The fonts of a picture: one family, and spares for the characters it lacks."""

    def __init__(self, css: str) -> None:
        """Take the first family of a CSS list that matplotlib knows, else DejaVu Sans."""
        from matplotlib.font_manager import FontProperties, fontManager, get_font

        known = set(fontManager.get_font_names())
        asked = [name.strip().strip("'\"") for name in css.split(",")]
        own = next((name for name in asked if name in known), "DejaVu Sans")
        self._families = [own, *(name for name in SPARE_FONTS if name in known)]
        self._charmaps = [
            get_font(fontManager.findfont(FontProperties(family=name))).get_charmap() for name in self._families
        ]
        self._made: dict[tuple[float, bool], FontProperties] = {}

    def properties(self, size: float, bold: bool) -> "FontProperties":
        """Give the font of a size in px."""
        from matplotlib.font_manager import FontProperties

        key = (size, bold)
        if key not in self._made:
            weight = "bold" if bold else "normal"
            self._made[key] = FontProperties(family=self._families, size=size, weight=weight)
        return self._made[key]

    def printable(self, words: str) -> str:
        """Give one line of text with a hollow square for each character that no font has.

        matplotlib would draw the same square, but warn each time; a lone surrogate raises.
        """
        if words.isascii() and words.isprintable():
            return words
        return "".join(mark if any(ord(mark) in charmap for charmap in self._charmaps) else "\u25a1" for mark in words)

    def width_of(self, words: str, size: float, bold: bool) -> float:
        """Give the px that words take in a line."""
        from matplotlib.textpath import text_to_path

        wide, _, _ = text_to_path.get_text_width_height_descent(
            self.printable(words), self.properties(size, bold), ismath=False
        )
        return float(wide)


def _draw_page(sheet: Sheet, figure: Json) -> None:
    """Draw the whole picture: the runs, then a card for each chart, or one with a sentence."""
    layout = figure["layout"]
    meta = layout["meta"]
    page = Box(GAP, GAP, sheet.width - GAP, sheet.height - GAP)
    charts = [chart for chart in meta.get("charts", []) if f"xaxis{chart['axis']}" in layout]
    if meta.get("empty") or not charts:
        _draw_sentence(sheet, page, layout, meta.get("empty") or "")
        return
    if len(meta.get("runs", [])) > 1:
        page = _draw_runs(sheet, page, layout, meta["runs"])
    domains = [
        (layout[f"xaxis{chart['axis']}"]["domain"], layout[f"yaxis{chart['axis']}"]["domain"]) for chart in charts
    ]
    columns = cells([tuple(across) for across, _ in domains])
    rows = cells([tuple(up) for _, up in domains])
    for chart, (left, right), (bottom, top) in zip(charts, columns, rows, strict=True):
        wide, tall = page.right - page.left + GAP, page.bottom - page.top + GAP
        card = Box(
            round(page.left + left * wide),
            round(page.top + (1 - top) * tall),
            round(page.left + right * wide - GAP),
            round(page.top + (1 - bottom) * tall - GAP),
        )
        traces = [trace for trace in figure["data"] if trace["meta"]["chart"] == chart["key"]]
        _draw_chart(sheet, card, layout, chart, traces)


def cells(domains: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Widen each domain to its cell of the grid, so that neighbours touch and all fill 0 to 1.

    A domain is where Plotly puts the axes; the space between two is for heads and labels,
    which a card holds inside.
    """
    starts, ends = sorted({low for low, _ in domains}), sorted({high for _, high in domains})
    after = {end: [start - end for start in starts if start >= end - 1e-9] for end in ends}
    half = min((min(gaps) for gaps in after.values() if gaps), default=0.0) / 2
    low, high = starts[0] - half, ends[-1] + half
    span = (high - low) or 1.0

    def edge(end: float) -> float:
        return end + (min(after[end]) / 2 if after[end] else half)

    before = {start: max((e for e in ends if e <= start + 1e-9), default=None) for start in starts}
    return [
        (
            ((a - half if (near := before[a]) is None else edge(near)) - low) / span,
            (edge(b) - low) / span,
        )
        for a, b in domains
    ]


def _draw_sentence(sheet: Sheet, page: Box, layout: Json, sentence: str) -> None:
    """Draw one card with a sentence in its middle."""
    sheet.card(page, _surface(sheet, layout), sheet.palette["line"])
    room = min(560.0, page.right - page.left - 4 * PAD)
    lines = wrapped(sentence, lambda words: sheet.width_of(words, TITLE) <= room)
    x, y = (page.left + page.right) / 2, (page.top + page.bottom) / 2
    for number, words in enumerate(lines):
        at = y + (number - (len(lines) - 1) / 2) * 22 + 5
        sheet.text(x, at, words, sheet.palette["muted"], TITLE, align="center")


def wrapped(sentence: str, fits: Callable[[str], bool]) -> list[str]:
    """Break a sentence at spaces into lines that fit; a word too long is cut with an ellipsis."""
    lines: list[str] = []
    for word in sentence.split():
        if lines and fits(f"{lines[-1]} {word}"):
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(shortened(word, fits))
    return lines


def shortened(words: str, fits: Callable[[str], bool]) -> str:
    """Give the words, or as much of their beginning as fits before an ellipsis."""
    if len(words) <= LONGEST and fits(words):
        return words
    low, high = 0, min(len(words), LONGEST)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(words[:middle] + "…") else (low, middle - 1)
    return words[:low].rstrip() + "…"


def _draw_runs(sheet: Sheet, page: Box, layout: Json, runs: list[Json]) -> Box:
    """Name the runs in their colours at the top; give the page that is left."""
    ink = layout["font"]["color"]
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
        sheet.text(x + 16, page.top + 12, name, ink, WORDS)
        x += wide + 18
    return page._replace(top=page.top + 20 + GAP / 2)


def _draw_chart(sheet: Sheet, card: Box, layout: Json, chart: Json, traces: list[Json]) -> None:
    """Draw one card: head, axes, curves."""
    sheet.card(card, _surface(sheet, layout), sheet.palette["line"])
    top = _draw_head(sheet, card, layout, chart, traces)
    across, up = (layout[f"{name}axis{chart['axis']}"] for name in "xy")
    title = across.get("title", {}).get("text", "")
    plot = Box(card.left + PAD, top, card.right - PAD, card.bottom - (46 if title else 30))
    if plot.bottom - plot.top < 12 or plot.right - plot.left < 60:
        return  # a card too small for a curve still says its name and last values
    curves = [_measures(trace, across, up) for trace in traces]
    y_scale = scale_of(up, [y for _, y in curves], plot.bottom, plot.top, margin=0.06)
    y_ticks = ticks_of(y_scale, max(2, round((plot.bottom - plot.top) / 48)))
    # 46 px hold "1.2e-4" and "123.4k"; one width for all, so that the curves of a column align.
    label = max([46.0, *(sheet.width_of(words, SMALL) + 6 for _, words in y_ticks)])
    label = min(label, (plot.right - plot.left) / 2)
    left, right = (0.0, label) if up.get("side") == "right" else (label, 0.0)
    plot = plot._replace(left=plot.left + left, right=plot.right - right)
    apart = 110 if across.get("type") == "date" else 85
    x_scale = scale_of(across, [x for x, _ in curves], plot.left, plot.right, margin=0.0)
    x_ticks = ticks_of(x_scale, max(2, round((plot.right - plot.left) / apart)))
    _draw_axes(sheet, plot, up, x_ticks, y_ticks)
    if title:
        centre, title = (plot.left + plot.right) / 2, sheet.shorten(title, plot.right - plot.left, SMALL)
        sheet.text(centre, card.bottom - 11, title, sheet.palette["muted"], SMALL, align="center")
    # The raw curves below all smoothed ones, whatever their series.
    faint_first = sorted(zip(traces, curves, strict=True), key=lambda pair: _opacity(pair[0]))
    for trace, (x, y) in faint_first:
        _draw_curve(sheet, plot, trace, x_scale.px(x), y_scale.px(y))


def _surface(sheet: Sheet, layout: Json) -> str:
    """Give the colour of cards; Plotly's plot background may be left transparent."""
    asked = str(layout.get("plot_bgcolor") or "")
    return asked if asked.startswith("#") else sheet.palette["surface"]


def _draw_head(sheet: Sheet, card: Box, layout: Json, chart: Json, traces: list[Json]) -> float:
    """Draw title, alert, note and key; give where the plot may begin."""
    left, right = card.left + PAD, card.right - PAD
    base = card.top + 27
    for key, colour in (("note", sheet.palette["faint"]), ("alert", sheet.palette["bad"])):
        words = chart.get(key)
        # The title keeps a third of the line, whatever else there is to say.
        room = right - left - (card.right - card.left) / 3
        if words and room > 40:
            words = sheet.shorten(words, room, 12)
            sheet.text(right, base, words, colour, 12.0, align="right")
            right -= sheet.width_of(words, 12) + 16
    room = right - left
    title = sheet.shorten(chart["title"], room, TITLE, True)
    sheet.text(left, base, title, layout["font"]["color"], TITLE, bold=True)
    return _draw_key(sheet, card, layout, traces)


def _draw_key(sheet: Sheet, card: Box, layout: Json, traces: list[Json]) -> float:
    """Draw the key below the title: a piece of each line, its name, its last value."""
    live = [trace for trace in traces if trace["meta"].get("live", True)]
    if not live or card.bottom - card.top < 90:
        return card.top + 36
    x, y = card.left + PAD, card.top + 47
    edge = card.right - PAD
    for number, trace in enumerate(live):
        name = sheet.shorten(trace["meta"]["label"], 160, WORDS)
        value = number_words(trace["meta"].get("last"))
        start, middle = x + 24, x + 29 + sheet.width_of(name, WORDS)
        end = middle + sheet.width_of(value, WORDS, True)
        rest = f"+{len(live) - number}"
        more = 0 if number == len(live) - 1 else 8 + sheet.width_of(rest, WORDS)
        if end + more > edge:
            sheet.text(x, y, rest, sheet.palette["faint"], WORDS)
            break
        line = trace["line"]
        sample = np.array([x, x + 18.0]), np.array([y - 4.0, y - 4.0])
        sheet.line(*sample, line["color"], 2.0, line.get("dash", "solid"))
        sheet.text(start, y, name, sheet.palette["muted"], WORDS)
        sheet.text(middle, y, value, layout["font"]["color"], WORDS, bold=True)
        x = end + 16
    return card.top + 64


def _draw_axes(sheet: Sheet, plot: Box, up: Json, x_ticks: Ticks, y_ticks: Ticks) -> None:
    """Draw the horizontal grid, the base line and the words of both axes."""
    grid = up.get("gridcolor") or sheet.palette["line"]
    muted = sheet.palette["muted"]
    # A rule that nearly touches the base line would look like a mistake.
    apart = [at for at, _ in y_ticks if plot.bottom - at > 4]
    sheet.rules([*apart, plot.bottom], plot, grid)
    right = up.get("side") == "right"
    x = plot.right + 6 if right else plot.left - 6
    align: Align = "left" if right else "right"
    for at, words in y_ticks:
        sheet.text(x, at + 4, words, muted, SMALL, align=align)
    marks = np.repeat([at for at, _ in x_ticks], 3)
    sheet.line(marks, np.tile([plot.bottom, plot.bottom + 4, np.nan], len(x_ticks)), grid)
    for at, words in x_ticks:
        half = sheet.width_of(words, SMALL) / 2
        middle = min(at, plot.right + PAD - 2 - half)
        sheet.text(middle, plot.bottom + 17, words, muted, SMALL, align="center")


def _draw_curve(sheet: Sheet, plot: Box, trace: Json, x: Floats, y: Floats) -> None:
    """Draw one trace given in px: its line, its lone points, a tick below each gap."""
    line = trace["line"]
    colour, width = line["color"], float(line.get("width", 1.5))
    opacity = _opacity(trace)
    clip = Box(plot.left - 2, plot.top - 2, plot.right + 2, plot.bottom + 2)
    sheet.line(x, y, colour, width, line.get("dash", "solid"), opacity, clip=clip)
    dots = lone(y) if "markers" not in trace.get("mode", "lines") else np.isfinite(y)
    if dots.any():
        sheet.line(x[dots], y[dots], colour, 0.0, opacity=opacity, marker="o", clip=clip)
    gaps = np.array([value is None for value in trace["y"]], dtype=np.bool_) & np.isfinite(x)
    if gaps.any():
        edge = np.full(int(gaps.sum()), plot.bottom - 4.0)
        sheet.line(x[gaps], edge, sheet.palette["bad"], 0.0, marker="|", clip=clip)


def _opacity(trace: Json) -> float:
    return float(trace.get("opacity", 1.0))


def lone(y: Floats) -> NDArray[np.bool_]:
    """Tell which finite values have no finite neighbour: a line alone would not show them."""
    finite = np.concatenate(([False], np.isfinite(y), [False]))
    return finite[1:-1] & ~finite[:-2] & ~finite[2:]


def _measures(trace: Json, across: Json, up: Json) -> tuple[Floats, Floats]:
    """Give a trace's x and y in the measures of its axes, NaN where nothing can be drawn."""
    return tuple(
        measured(np.array(trace[name], dtype=np.float64), axis.get("type", "linear"))
        for name, axis in (("x", across), ("y", up))
    )  # type: ignore[return-value]  # two names, two arrays


def measured(values: Floats, kind: str) -> Floats:
    """Give values in the measure of an axis: log10 where it is "log", NaN where it has none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.log10(values) if kind == "log" else np.clip(values, -1e300, 1e300)
    return np.where(np.isfinite(values), values, np.nan)


def scale_of(axis: Json, curves: Sequence[Floats], start: float, end: float, margin: float) -> Scale:
    """Give the scale that shows all curves, or the axis's own `range` where it has one.

    `margin` is the part of the span left free at both ends.
    """
    kind = str(axis.get("type") or "linear")
    if axis.get("range"):
        low, high = (float(bound) for bound in axis["range"])
        margin = 0.0
    else:
        finite = [curve[np.isfinite(curve)] for curve in curves]
        finite = [curve for curve in finite if len(curve)]
        low = min((float(curve.min()) for curve in finite), default=0.0)
        high = max((float(curve.max()) for curve in finite), default=1.0)
    span = high - low
    largest = max(abs(low), abs(high))
    if span <= max(1e-12 * largest, 1e-290):
        # One value only: it stands in the middle, and its own tick can be told from the next.
        half = {"log": 0.5, "date": MINUTE}.get(kind, 0.1 * largest)
        half = max(half or 1.0, 1e-9 * largest, 1e-280)
        return Scale(kind, low - half, high + half, start, end)
    return Scale(kind, low - margin * span, high + margin * span, start, end)


def ticks_of(scale: Scale, count: int) -> Ticks:
    """Give the ticks of an axis, about `count` of them: px and words."""
    worded = {"log": _log_ticks, "date": _date_ticks}.get(scale.kind, _linear_ticks)
    found = worded(scale.low, scale.high, count)
    places = scale.px(np.array([at for at, _ in found], dtype=np.float64))
    return [(float(at), words) for at, (_, words) in zip(places, found, strict=True)]


def _linear_ticks(low: float, high: float, count: int) -> Ticks:
    step = nice_step((high - low) / count)
    values = multiples(low, high, step)
    return list(zip(values, tick_words(values, step), strict=True))


def nice_step(rough: float) -> float:
    """Give the 1, 2 or 5 times a power of ten that is nearest to `rough`, as a ratio."""
    power = 10.0 ** math.floor(math.log10(rough))
    return power * min((1, 2, 5, 10), key=lambda k: abs(math.log10(k * power / rough)))


def multiples(low: float, high: float, step: float) -> list[float]:
    """Give the multiples of a step from low to high, both included."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def _log_ticks(low: float, high: float, count: int) -> Ticks:
    """Give ticks at powers of ten, with 2 and 5 between where there are few, else evenly."""
    if high - low < 0.8:
        step = nice_step((10.0**high - 10.0**low) / count)
        values = [value for value in multiples(10.0**low, 10.0**high, step) if value > 0]
        return list(zip(map(math.log10, values), tick_words(values, step), strict=True))
    stride = max(1, math.ceil((high - low) / count))
    powers = [p for p in range(math.floor(low), math.ceil(high) + 1) if p % stride == 0]
    mantissas = (1, 2, 5) if high - low < count / 3 else (1,)
    places = [(p + math.log10(k), power_words(k, p)) for p in powers for k in mantissas]
    return [(at, words) for at, words in places if low <= at <= high]


def power_words(times: int, power: int) -> str:
    """Give `times` 10 to a power as an axis says it: 1e-4, 0.02, 500, 10k, 1e12."""
    if -3 < power < 12:
        return tick_words([times * 10.0**power], 10.0**power)[0]
    return f"{times}e{power}"


def _date_ticks(low: float, high: float, count: int) -> Ticks:
    rough = (high - low) / count
    if rough < SECOND:
        values = multiples(low, high, max(1.0, nice_step(rough)))
        return [(at, _stamp(at, "%H:%M:%S.%f")[:-3]) for at in values]
    step = next((k for k in CLOCK_STEPS if k >= rough), 0) or DAY * nice_step(rough / DAY)
    form = "%H:%M:%S" if step < MINUTE else "%H:%M"
    # Midnight says which day begins.
    return [(at, _stamp(at, form if at % DAY else "day")) for at in multiples(low, high, step)]


def _stamp(ms: float, form: str) -> str:
    """Give a time in ms since the epoch in UTC; nothing where the calendar has no such year."""
    try:
        when = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms)
    except OverflowError:
        return ""
    # Not %b: strftime speaks the server's language.
    return f"{MONTHS[when.month - 1]} {when.day}" if form == "day" else when.strftime(form)


def tick_words(values: Sequence[float], step: float) -> list[str]:
    """Word the ticks of an axis whose neighbours are `step` apart: 3e-4, 0.25, 500, 10k, 1.2M."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest >= 1e12 or (largest < 0.01 and step < 9.9e-4):
        return [_power_form(value, step) for value in values]
    return [_plain_form(value, step) for value in values]


def _power_form(value: float, step: float) -> str:
    if abs(value) < step / 2:
        return "0"
    digits = math.floor(math.log10(abs(value)) + 1e-9) - math.floor(math.log10(step) + 1e-9)
    mantissa, power = f"{value:.{min(15, max(0, digits))}e}".split("e")
    return f"{_trimmed(mantissa)}e{int(power)}"


def _plain_form(value: float, step: float) -> str:
    for unit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit * (1 - 1e-9):
            return _trimmed(f"{value / unit:.{_decimals(step / unit)}f}") + letter
    return f"{value:.{_decimals(step)}f}" if abs(value) > step / 2 else "0"


def _decimals(step: float) -> int:
    """Give how many decimals tell multiples of a step apart."""
    return max(0, -math.floor(math.log10(step) + 1e-9))


def _trimmed(digits: str, least: int = 0) -> str:
    """Drop the zeros at the end of a fraction, but for the first `least` decimals."""
    whole, point, fraction = digits.partition(".")
    fraction = fraction[:least] + fraction[least:].rstrip("0")
    return whole + point + fraction if fraction else whole


def number_words(value: float | None) -> str:
    """Give a value as people write it in this field: 0.3824, 3.0e-4, 12,345, 1.2 M."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 1e15 or 0 < size <= 1e-3:
        mantissa, power = f"{value:.3e}".split("e")
        return f"{_trimmed(mantissa, 1)}e{int(power)}"
    for unit, word in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if size >= unit:
            return f"{value / unit:.4g} {word}"
    if size >= 1e3 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:#.4g}"
