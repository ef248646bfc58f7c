"""Labels that keep out of the way: the words beside a bar, moved to where they cover least.

Nothing is left to chance: the places are tried in a fixed order and the first of the best wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from carflow.report import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.transforms import Bbox

_STEPS_PER_LINE = 25
_HIDES_A_LABEL = 1_000
_LEAVES_THE_AXES = 10_000
# anchor on the bar (0 left end, 1 right end), offset in points, alignment
_Place = tuple[
    float,
    tuple[float, float],
    tuple[Literal["left", "center", "right"], Literal["bottom", "center", "top"]],
]
_PLACES: tuple[_Place, ...] = (
    (0.5, (0, 6), ("center", "bottom")),
    (1.0, (0, 6), ("right", "bottom")),
    (0.0, (0, 6), ("left", "bottom")),
    (1.0, (7, 0), ("left", "center")),
    (0.0, (-7, 0), ("right", "center")),
    (0.5, (0, 17), ("center", "bottom")),
    (0.5, (0, -7), ("center", "top")),
    (1.0, (0, -7), ("left", "top")),
    (0.0, (0, -7), ("right", "top")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarLabel:
    """The words that belong to a horizontal bar from `start` to `stop` at `height`."""

    axes: Axes
    text: Annotation
    start: float
    stop: float
    height: float


def write_bar_label(
    axes: Axes, bar: tuple[float, float, float], words: str, *, colour: str
) -> BarLabel:
    """Write words above the middle of a bar given as start, stop and height."""
    start, stop, height = bar
    text = axes.annotate(
        words,
        ((start + stop) / 2, height),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=style.SMALL,
        color=colour,
        path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
        zorder=6,
    )
    return BarLabel(axes=axes, text=text, start=start, stop=stop, height=height)


def settle_labels(
    labels: Sequence[BarLabel], lines: Sequence[tuple[Axes, Sequence[tuple[float, float]]]]
) -> None:
    """Move each label to the place where it covers the least of lines and other labels.

    Parameters
    ----------
    labels : sequence of BarLabel
        Settled in this order; the first has the first choice.
    lines : sequence of (Axes, points)
        The corners of every drawn line in data coordinates of its axes.
    """
    labels = _without_twins(labels)
    drawn = [spot for axes, points in lines for spot in _spots_along(axes, points)]
    taken: list[Bbox] = []
    for label in labels:
        costs = []
        for place in range(len(_PLACES)):
            _move(label, place)
            costs.append(_cost(label, drawn, taken))
        _move(label, costs.index(min(costs)))
        taken.append(label.text.get_window_extent())


def _without_twins(labels: Sequence[BarLabel]) -> list[BarLabel]:
    """Return the labels with one left of those that say the same; it stands for all, in black."""
    kept: dict[str, BarLabel] = {}
    for label in sorted(labels, key=_height_in_pixels, reverse=True):
        words = label.text.get_text()
        if words in kept:
            label.text.remove()
            kept[words].text.set_color(style.BLACK)
        else:
            kept[words] = label
    for words, label in kept.items():
        if label.text.get_color() == style.BLACK:
            label.text.set_text(f"both {words}")
    return list(kept.values())


def _height_in_pixels(label: BarLabel) -> float:
    return float(label.axes.transData.transform((label.start, label.height))[1])


def _spots_along(axes: Axes, points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return pixels along a line through the points."""
    corners = [axes.transData.transform(point) for point in points]
    shares = [step / _STEPS_PER_LINE for step in range(_STEPS_PER_LINE + 1)]
    ends = [*pairwise(corners), *((corner, corner) for corner in corners[-1:])]
    return [
        (left[0] + share * (right[0] - left[0]), left[1] + share * (right[1] - left[1]))
        for left, right in ends
        for share in shares
    ]


def _move(label: BarLabel, place: int) -> None:
    anchor, offset, (across, along) = _PLACES[place]
    label.text.xy = (label.start + anchor * (label.stop - label.start), label.height)
    label.text.set_position(offset)
    label.text.set_horizontalalignment(across)
    label.text.set_verticalalignment(along)


def _cost(label: BarLabel, drawn: Sequence[tuple[float, float]], taken: Sequence[Bbox]) -> int:
    box = label.text.get_window_extent()
    frame = label.axes.get_window_extent()
    hidden = sum(box.contains(*spot) for spot in drawn)
    if any(box.overlaps(other) for other in taken):
        hidden += _HIDES_A_LABEL
    if not (frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1)):
        hidden += _LEAVES_THE_AXES
    return hidden
