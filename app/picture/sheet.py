"""A picture that is drawn on in px, from the top left: text, lines and cards, by matplotlib."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from app.rows import Floats

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.font_manager import FontProperties

Align = Literal["left", "center", "right"]

LONGEST = 400  # characters of a line: measuring more costs, and no picture is so wide
DASHES = {  # in line widths
    "dash": (4.0, 2.5),
    "dot": (1.0, 2.0),
    "dashdot": (4.0, 2.0, 1.0, 2.0),
    "longdash": (8.0, 2.5),
    "longdashdot": (8.0, 2.0, 1.0, 2.0),
}
RC: dict[Any, Any] = {
    # Names are text: `$$` raises as mathematics (matplotlib #20266).
    "text.parse_math": False,
    "text.usetex": False,
    "text.hinting": "none",  # glyphs as wide as they are measured
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


class Box(NamedTuple):
    """A rectangle in px, y counted downwards from the picture's top."""

    left: float
    top: float
    right: float
    bottom: float


class Sheet:
    """A matplotlib figure drawn on in px from the top left, without its Axes.

    Axes spend most of their time on ticks, which have to be worded here anyway.
    """

    def __init__(self, layout: dict[str, Any], width: int, height: int, scale: float) -> None:
        """Begin an empty sheet in the ground colour."""
        from matplotlib.figure import Figure
        from matplotlib.transforms import Affine2D

        self.width, self.height, self.scale = width, height, scale
        self.palette: dict[str, str] = layout["meta"]["palette"]
        # At 72 dpi a point is a px; the little more keeps 1199.9999 from becoming 1199.
        size = (math.floor(width * scale + 1e-6) + 1e-7) / scale / 72
        tall = (math.floor(height * scale + 1e-6) + 1e-7) / scale / 72
        self.figure = Figure(figsize=(size, tall), dpi=72 * scale, facecolor=self.palette["ground"])
        inches = Affine2D().scale(1 / 72, -1 / 72).translate(0, tall)
        self._px = inches + self.figure.dpi_scale_trans
        self._fonts = Fonts(layout["font"]["family"])

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
        """The px that words take in a line."""
        return self._fonts.width_of(words, size, bold)

    def shorten(self, words: str, room: float, size: float, bold: bool = False) -> str:
        """The words, cut with an ellipsis where they take more than `room` px."""
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
            linestyle="solid" if dash == "solid" else (0, DASHES[dash]),
            alpha=opacity,
            marker=marker,
            markersize=max(4.0, 2.2 * width),
            markeredgewidth=0.0,
            solid_capstyle="butt",
            solid_joinstyle="round",
        )
        if width == 0:
            line.set_linestyle("none")
        self._add(line, clip)

    def rings(self, xs: Floats, ys: Floats, colour: str, opacity: float, clip: Box) -> None:
        """Fill the rings that px points make, one after the other, parted by NaN."""
        from matplotlib.collections import PolyCollection

        edges = np.flatnonzero(~np.isfinite(xs + ys))
        corners = [ring[np.isfinite(ring).all(axis=1)] for ring in np.split(np.column_stack((xs, ys)), edges)]
        filled = PolyCollection(corners, facecolor=colour, edgecolor="none", alpha=opacity)
        self._add(filled, clip)

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

    def _add(self, artist: Artist, clip: Box | None = None) -> None:
        from matplotlib.transforms import Bbox, TransformedBbox

        artist.set_transform(self._px)
        self.figure.add_artist(artist)
        if clip:
            around = Bbox.from_extents(clip.left, clip.top, clip.right, clip.bottom)
            artist.set_clip_box(TransformedBbox(around, self._px))

    def as_png(self) -> bytes:
        """The drawing as a PNG file."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        canvas: Any = FigureCanvasAgg(self.figure)
        canvas.draw()
        pixels = np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[:, :, :3])  # nothing is see-through
        # Each text refers to the renderer, in a ring with figure and canvas: its 4 bytes a px would stay for long.
        vars(canvas.get_renderer()).clear()
        out = io.BytesIO()
        # Level 2 of zlib: a third of the time of the default for a tenth more bytes.
        Image.fromarray(pixels).save(out, "png", compress_level=2)
        return out.getvalue()

    def as_svg(self) -> bytes:
        """The drawing as an SVG file whose view box is in layout px."""
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

    def properties(self, size: float, bold: bool) -> FontProperties:
        """The font of a size in px."""
        from matplotlib.font_manager import FontProperties

        key = (size, bold)
        if key not in self._made:
            weight = "bold" if bold else "normal"
            self._made[key] = FontProperties(family=self._families, size=size, weight=weight)
        return self._made[key]

    def printable(self, words: str) -> str:
        """One line of text with a hollow square for each character that no font has.

        matplotlib would draw the same square, but warn each time; a lone surrogate raises.
        """
        if words.isascii() and words.isprintable():
            return words
        return "".join(mark if any(ord(mark) in charmap for charmap in self._charmaps) else "\u25a1" for mark in words)

    def width_of(self, words: str, size: float, bold: bool) -> float:
        """The px that words take in a line."""
        from matplotlib.textpath import text_to_path

        wide, _, _ = text_to_path.get_text_width_height_descent(
            self.printable(words), self.properties(size, bold), ismath=False
        )
        return float(wide)


def wrapped(sentence: str, fits: Callable[[str], bool]) -> list[str]:
    """A sentence as lines that fit, broken at spaces; a word too long is cut with an ellipsis."""
    lines: list[str] = []
    for word in sentence.split():
        if lines and fits(f"{lines[-1]} {word}"):
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(shortened(word, fits))
    return lines


def shortened(words: str, fits: Callable[[str], bool]) -> str:
    """The words, or as much of their beginning as fits before an ellipsis."""
    if len(words) <= LONGEST and fits(words):
        return words
    low, high = 0, min(len(words), LONGEST)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(words[:middle] + "…") else (low, middle - 1)
    return words[:low].rstrip() + "…"
