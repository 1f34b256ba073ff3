"""The panels of a figure: the image, its atoms, their distances, and what departs from the lattices."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.numbers import plain
from napari_strata.report.axes import FONT, colour_of, line_of, mark_of, show_field, small_text
from napari_strata.types import AnyArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from pandas import DataFrame

    from napari_strata.report.distances import LayerBonds

Box = tuple[tuple[float, float], tuple[float, float]]
"""Corners (y, x) of a field of view [Å]."""
DARK, BRIGHT = 0.5, 99.5
"""Percentiles of the image that are shown black and white."""
MOST_BINS = 50
RING = 0.55
"""Diameter of a mark around an atom, in nearest-neighbour distances."""
DOT = 0.8
"""Diameter of a dot in a map, in the same unit."""


def draw_image(axes: "Axes", pixels: AnyArray, pixel_size: float, box: Box) -> None:
    """Draw the part of an image that lies in a box, grey, linear between two percentiles of the whole image."""
    low, high = np.percentile(pixels, [DARK, BRIGHT])
    height, width = pixels.shape
    half, right, bottom = pixel_size / 2, pixel_size * (width - 0.5), pixel_size * (height - 0.5)
    edges = (-half, right, bottom, -half)  # (0, 0) is the centre of the first pixel
    axes.imshow(pixels, cmap="gray", vmin=low, vmax=max(high, low + 1e-9), extent=edges, interpolation="nearest")
    show_field(axes, *box, dark=True)


def draw_box(axes: "Axes", box: Box) -> None:
    """Outline a box."""
    from matplotlib.patches import Rectangle

    (y, x), (bottom, right) = box
    frame = Rectangle((x, y), right - x, bottom - y, fill=False, edgecolor="white", linewidth=0.8, zorder=4)
    axes.add_patch(frame)


def draw_atoms(axes: "Axes", atoms: "DataFrame", box: Box, *, diameter: float, filled: bool = False) -> None:
    """Draw the atoms in a box, each layer with its colour and its mark, and name the layers above.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    atoms : DataFrame
        Atom table with positions in Å.
    box : ((y, x), (y, x))
        Corners of what is shown [Å].
    diameter : float
        Diameter of a mark [Å].
    filled : bool
        Fill the marks, where there is no image under them.
    """
    for layer, rows in atoms.groupby("layer"):
        colour = colour_of(int(layer))
        look: dict[str, Any] = {"facecolors": "none", "edgecolors": colour, "linewidths": 0.9}
        if filled:
            look = {"facecolors": colour, "edgecolors": "none"}
        _add_marks(axes, rows[["y_A", "x_A"]].to_numpy(np.float64), diameter, mark=mark_of(int(layer)), **look)
    if filled:
        show_field(axes, *box, dark=False)
    name_layers(axes, sorted({int(layer) for layer in atoms["layer"]}), filled=filled)


def name_layers(axes: "Axes", layers: list[int], *, filled: bool) -> None:
    """Name layers by mark and colour above a panel."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=mark_of(layer),
            markersize=4,
            markeredgecolor=colour_of(layer),
            markerfacecolor=colour_of(layer) if filled else "none",
            label=f"layer {layer}",
        )
        for layer in layers
    ]
    legend = axes.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(handles),
        fontsize=FONT,
        frameon=False,
        borderpad=0.1,
        borderaxespad=0.1,
        handletextpad=0.1,
        columnspacing=0.8,
    )
    legend.set_in_layout(False)  # it lies in the row of the letter, which has room


def draw_distances(axes: "Axes", bonds: "tuple[LayerBonds, ...]", expected: float | None) -> None:
    """Draw histograms of bond lengths, by layer.

    Where the layers share a distortion, each is shown without it, and all together as they are in the image.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    bonds : tuple of LayerBonds
        Bonds of each layer.
    expected : float or None
        Value to mark [Å].
    """
    measured = np.concatenate([one.measured for one in bonds])
    edges = _edges(measured)
    left, right = (
        (edges[0], edges[-1]) if expected is None else (min(edges[0], expected), max(edges[-1], expected))
    )
    is_undistorted = any(one.undistorted is not None for one in bonds)
    if is_undistorted:
        axes.hist(measured, edges, color="0.8", label="all, as imaged")
    for one in bonds:
        values = one.measured if one.undistorted is None else one.undistorted
        label = f"layer {one.layer}, {'as imaged' if one.undistorted is None else 'undistorted'}"
        look: dict[str, Any] = {"histtype": "step", "color": colour_of(one.layer), "linestyle": line_of(one.layer)}
        axes.hist(values, edges, label=label, **look)
    top = axes.get_ylim()[1]
    if expected is not None:
        axes.vlines(expected, 0, top, color="black", linewidth=0.8, label=f"expected, {plain(expected)} Å")
    axes.set(xlabel="distance of nearest neighbours [Å]", ylabel="pairs", xlim=(left, right))
    rows = len(bonds) + is_undistorted + (expected is not None)
    axes.set_ylim(0, (1.1 + 0.13 * rows) * top)  # room for the legend
    small_text(axes)
    axes.legend(
        fontsize=FONT, frameon=False, loc="upper left", borderaxespad=0.2, handlelength=1.5, labelspacing=0.2
    )


def _edges(values: NDArray[np.float64]) -> list[float]:
    """Return the edges of the bins of a histogram, about as many as the root of the number of values."""
    low, high = np.percentile(values, [0.2, 99.8])
    count = int(np.clip(np.sqrt(len(values)), 10, MOST_BINS))
    margin = 0.1 * (high - low) or 0.01
    edges: list[float] = np.linspace(low - margin, high + margin, count + 1).tolist()
    return edges


def draw_map(
    axes: "Axes",
    positions: NDArray[np.float64],
    values: NDArray[np.float64],
    box: Box,
    *,
    limits: tuple[float, float],
    diameter: float,
) -> "PathCollection":
    """Draw a quantity as the colour of a dot at each atom; atoms of which it is not known are grey and small.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    positions : ndarray, shape (n, 2)
        Atoms (y, x) [Å].
    values : ndarray, shape (n,)
        The quantity.
    box : ((y, x), (y, x))
        Corners of what is shown [Å].
    limits : tuple of float
        Values at the ends of the colours: blue to red where they lie around 0, else from dark to bright.
    diameter : float
        Diameter of a dot [Å].

    Returns
    -------
    PathCollection
        What a colour bar is made for.
    """
    known = np.isfinite(values)
    _add_marks(axes, positions[~known], diameter / 2, facecolors="0.7", edgecolors="none")
    drawn = _add_marks(axes, positions[known], diameter, edgecolors="none")
    drawn.set(array=values[known], cmap="RdBu_r" if limits[0] < 0 else "cividis", clim=limits)
    show_field(axes, *box, dark=False)
    return drawn


def _add_marks(
    axes: "Axes", positions: NDArray[np.float64], diameter: float, *, mark: str = "o", **look: Any
) -> "PathCollection":
    """Add marks whose size is a length in the image, however large the panel turns out."""
    from matplotlib.collections import PathCollection
    from matplotlib.markers import MarkerStyle
    from matplotlib.transforms import Affine2D, AffineDeltaTransform

    style = MarkerStyle(mark)
    path = style.get_path().transformed(
        style.get_transform() + Affine2D().scale(diameter, -diameter)
    )  # y points down
    marks = PathCollection([path], offsets=positions[:, ::-1], offset_transform=axes.transData, zorder=2, **look)
    marks.set_transform(AffineDeltaTransform(axes.transData))  # type: ignore[arg-type] # linear axes are affine
    axes.add_collection(marks, autolim=False)
    return marks
