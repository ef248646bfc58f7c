"""How every picture looks: colours, fonts, sizes, and how a figure becomes a file.

Colours are Okabe and Ito's (safe for colour-blind readers), darkened a little where they carry
text; every series also has a marker and a line of its own, so a grey print can be read.

Decisions: figures are made of `Figure` and an Agg canvas, never through pyplot, so that drawing
neither opens windows nor touches the figures of a notebook. Mathematics in text is off, for
names of markers and samples may hold a ``$``. Files carry no date, and the same result gives
the same bytes. Text in SVG is drawn as paths: it looks alike where DejaVu is not installed.
"""

from __future__ import annotations

import io
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

BLACK = "#222222"
GREY = "#6b6b6b"
PALE = "#d9d9d9"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
GREEN = "#007a5a"
PURPLE = "#cc79a7"
SKY = "#56b4e9"
ORANGE = "#e69f00"
TREATMENT_COLOURS = (PURPLE, SKY, ORANGE, "#009e73", "#f0e442", "#999999")

SMALL = 7.5  # points; notes inside a figure
PLAIN = 9.0  # points; labels and ticks
LARGE = 10.5  # points; headings of panels
PNG_DOTS_PER_INCH = 200
DENSITY_MAP = "viridis"


Line = Literal["-"] | tuple[float, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesStyle:
    """The looks of one curve."""

    colour: str
    marker: str
    line: Line
    size: float = 5.0


CELLS = SeriesStyle(colour=BLUE, marker="o", line="-")
COPIES = SeriesStyle(colour="#b84f00", marker="s", line=(0, (5, 2)), size=5.6)
PERCENT = SeriesStyle(colour=GREEN, marker="D", line="-")

_SETTINGS: dict[Any, Any] = {  # matplotlib names its settings one by one in its types
    "font.family": ["DejaVu Sans"],
    "font.size": PLAIN,
    "axes.titlesize": LARGE,
    "axes.labelsize": PLAIN,
    "axes.labelcolor": BLACK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.unicode_minus": True,
    "xtick.labelsize": PLAIN,
    "ytick.labelsize": PLAIN,
    "xtick.color": BLACK,
    "ytick.color": BLACK,
    "text.color": BLACK,
    "text.parse_math": False,
    "text.usetex": False,
    "svg.hashsalt": "carflow",
    "svg.fonttype": "path",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def drawing() -> Iterator[None]:
    """Draw with carflow's settings; the caller's own come back afterwards."""
    with mpl.rc_context(_SETTINGS):
        yield


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure with a canvas of its own, unknown to pyplot."""
    figure = Figure(figsize=(width_in, height_in))
    FigureCanvasAgg(figure)
    return figure


def place_axes(figure: Figure, box_in: tuple[float, float, float, float]) -> Axes:
    """Return new axes at left, bottom, width, height in inches from the lower left corner."""
    width_in, height_in = figure.get_size_inches()
    left, bottom, width, height = box_in
    return figure.add_axes(
        (left / width_in, bottom / height_in, width / width_in, height / height_in)
    )


def write_note(
    figure: Figure, at_in: tuple[float, float], text: str, *, size: float = SMALL, weight: str = ""
) -> None:
    """Write text whose upper left corner is at x, y in inches from the lower left corner."""
    width_in, height_in = figure.get_size_inches()
    figure.text(
        at_in[0] / width_in,
        at_in[1] / height_in,
        text,
        fontsize=size,
        fontweight=weight or "normal",
        color=BLACK,
        va="top",
        ha="left",
        linespacing=1.35,
    )


def wrapped(text: str, width_in: float, *, size: float = SMALL) -> str:
    """Return text broken into lines that fit a width at a font size."""
    # DejaVu Sans is about 0.55 em wide on average in running text
    return textwrap.fill(text, max(12, int(width_in * 72 / (0.55 * size))))


def png_bytes(figure: Figure) -> bytes:
    """Return the figure as PNG."""
    stream = io.BytesIO()
    with drawing():
        figure.savefig(
            stream, format="png", dpi=PNG_DOTS_PER_INCH, metadata={"Software": "carflow"}
        )
    return stream.getvalue()


def svg_text(figure: Figure) -> str:
    """Return the figure as SVG, without date and with stable ids."""
    stream = io.BytesIO()
    with drawing():
        figure.savefig(
            stream,
            format="svg",
            dpi=PNG_DOTS_PER_INCH,
            metadata={"Date": None, "Creator": "carflow"},
        )
    return stream.getvalue().decode("utf-8")
