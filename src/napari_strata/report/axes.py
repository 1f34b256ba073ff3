"""What every panel of a figure is made of: axes without ticks, a scale bar, a letter, text of one size."""

import math
from typing import TYPE_CHECKING

from napari_strata.types import LAYER_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FONT = 7.0
"""Size of all text [pt]; journals ask for no less."""
LETTER = 9.0
"""Size of the panels' letters [pt]."""
MARKS = "osD^"
"""Marks of crystal layers 0, 1, ..., for readers who see no colours."""
LINES = ("-", "--", "-.", ":")
"""Lines of them."""
_BAR = 0.3
"""A scale bar is at most this part of the field of view."""
_STEPS = (5, 2, 1)


def colour_of(layer: int) -> str:
    """Return the colour of a crystal layer, that which it has on screen."""
    return LAYER_COLOURS[layer % len(LAYER_COLOURS)]


def mark_of(layer: int) -> str:
    """Return the mark of a crystal layer."""
    return MARKS[layer % len(MARKS)]


def line_of(layer: int) -> str:
    """Return the line of a crystal layer."""
    return LINES[layer % len(LINES)]


def bar_length(extent: float, *, in_pixels: bool = False) -> tuple[float, str]:
    """Choose how long a scale bar is: 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    extent : float
        Width of the field of view [Å].
    in_pixels : bool
        Whether it is in px, for want of a pixel size.

    Returns
    -------
    length : float
        At most 0.3 of the extent [Å].
    words : str
        The same in Å, or in nm from 10 Å on; or in px.
    """
    power = 10.0 ** math.floor(math.log10(_BAR * extent))
    length = next(step * power for step in _STEPS if step * power <= _BAR * extent * (1 + 1e-9))
    if in_pixels:
        return length, f"{length:g} px"
    return length, f"{length:g} Å" if length < 10 else f"{length / 10:g} nm"


def show_field(
    axes: "Axes", low: tuple[float, float], high: tuple[float, float], *, dark: bool, in_pixels: bool = False
) -> None:
    """Show a field of view from `low` to `high`, (y, x) [Å], y down, with a scale bar and no ticks."""
    axes.set(xlim=(low[1], high[1]), ylim=(high[0], low[0]), xticks=[], yticks=[], aspect="equal")
    for spine in axes.spines.values():
        spine.set_linewidth(0.5)
    _add_bar(axes, bar_length(high[1] - low[1], in_pixels=in_pixels), high[1] - low[1], dark=dark)


def letter(axes: "Axes", text: str) -> None:
    """Write the letter of a panel to its upper left."""
    axes.set_title(text, loc="left", fontsize=LETTER, fontweight="bold", pad=4)


def small_text(axes: "Axes") -> None:
    """Give ticks and labels of axes their size."""
    axes.tick_params(labelsize=FONT, width=0.5, length=2.5, pad=2)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_fontsize(FONT)
    for spine in axes.spines.values():
        spine.set_linewidth(0.5)


def _add_bar(axes: "Axes", told: tuple[float, str], extent: float, *, dark: bool) -> None:
    from matplotlib.font_manager import FontProperties
    from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar

    length, words = told
    bar = AnchoredSizeBar(
        axes.transData,
        length,
        words,
        loc="lower right",
        pad=0.3,
        borderpad=0.4,
        sep=2,
        color="white" if dark else "black",
        size_vertical=extent / 120,
        fontproperties=FontProperties(size=FONT),
    )
    bar.patch.set(facecolor="black" if dark else "white", edgecolor="none", alpha=0.65)
    bar.set_zorder(5)
    axes.add_artist(bar)
