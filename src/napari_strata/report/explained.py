"""A picture of what mattered: the image, the map, and both together, one row for each method."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.report.axes import FONT, show_field, small_text
from napari_strata.report.panels import BRIGHT, DARK
from napari_strata.types import AnyArray, FloatImage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 183.0 / 25.4
"""Of a picture, as of a report's figure of two columns [in]."""
DPI = 200
SIGNED, UNSIGNED = "RdBu_r", "inferno"
"""Colour maps; where there are negative values white is 0, red speaks for the score and blue against it."""
STRONGEST = 0.8
"""The overlay covers so much of the image where the map is largest."""
LEAST = 24
"""What is enlarged is at least so wide and high [px]."""
FAINT = 0.01
"""What is below this part of a map's largest value is not enlarged for."""
_TARGET = "#00e5ff"
_ROW, _ABOVE = 2.15, 0.12
"""Height of a row, and room above the first [in]."""

Crop = tuple[slice, slice]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnMap:
    """A map to draw.

    Attributes
    ----------
    title : str
        Its method.
    data : ndarray of float32, shape (y, x)
        The map on the image's grid.
    signed : bool
        Whether the method has negative values.
    """

    title: str
    data: FloatImage
    signed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """Where the target lies.

    Attributes
    ----------
    y, x : float
        Its middle [px].
    radius : float or None
        Of an atom [px].
    mask : ndarray of bool, shape (y, x), or None
        The pixels of a region.
    """

    y: float
    x: float
    radius: float | None = None
    mask: NDArray[np.bool_] | None = None


def draw_explained(pixels: AnyArray, pixel_size: float | None, maps: Sequence[DrawnMap], mark: Mark) -> "Figure":
    """Draw maps beside the image on which they lie.

    Map and overlay are enlarged to where any of the maps is more than faint; a frame in the image shows it.

    Parameters
    ----------
    pixels : ndarray, shape (y, x)
        The image.
    pixel_size : float or None
        [Å/px]; without one the scale bar counts pixels.
    maps : sequence of DrawnMap
        At least one.
    mark : Mark
        The target.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, _ROW * len(maps) + _ABOVE), layout="constrained")
    rows: Any = figure.subplots(len(maps), 3, squeeze=False)
    crop = find_crop([one.data for one in maps], mark)
    for number, (axes, one) in enumerate(zip(rows, maps, strict=True)):
        _draw_row(axes, pixels, pixel_size, one, mark, crop)
        if not number:
            axes[0].set_title("image", fontsize=FONT)
    return figure


def save_explained(figure: "Figure", path: Path) -> None:
    """Write a picture as PNG.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    from napari_strata.io.files import replacing

    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


def find_crop(maps: Sequence[FloatImage], mark: Mark) -> Crop:
    """Return the part of the image in which any map is more than faint, and the target; square if it can be."""
    touched = np.any([np.abs(map_) > FAINT * np.abs(map_).max() for map_ in maps], axis=0)
    y, x = (min(max(round(at), 0), side - 1) for at, side in zip((mark.y, mark.x), touched.shape, strict=True))
    touched[y, x] = True
    if mark.mask is not None:
        touched |= mark.mask
    spans = [np.flatnonzero(touched.any(axis=axis)) for axis in (1, 0)]
    length = max(*(int(span[-1] - span[0]) + 1 for span in spans), LEAST)
    rows, columns = (_span(span, length, side) for span, side in zip(spans, touched.shape, strict=True))
    return rows, columns


def _span(touched: NDArray[np.intp], length: int, side: int) -> slice:
    length = min(length, side)
    start = int(touched[0] + touched[-1] + 1 - length) // 2
    start = min(max(start, 0), side - length)
    return slice(start, start + length)


def _draw_row(
    row: "Sequence[Axes]", pixels: AnyArray, pixel_size: float | None, one: DrawnMap, mark: Mark, crop: Crop
) -> None:
    whole = slice(0, pixels.shape[0]), slice(0, pixels.shape[1])
    grey = np.percentile(pixels, [DARK, BRIGHT])
    look: dict[str, Any] = {"cmap": "gray", "vmin": grey[0], "vmax": max(grey[1], grey[0] + 1e-9)}
    end = float(np.abs(one.data).max()) or 1.0
    colours: dict[str, Any] = {
        "cmap": SIGNED if one.signed else UNSIGNED,
        "vmin": -end if one.signed else 0.0,
        "vmax": end,
    }
    image, map_, overlay = row
    _show(image, pixels, whole, pixel_size, **look)
    if crop != whole:
        _frame(image, crop, pixel_size)
    drawn = _show(map_, one.data, crop, pixel_size, **colours)
    _show(overlay, pixels, crop, pixel_size, **look)
    _show(overlay, one.data, crop, pixel_size, alpha=STRONGEST * np.abs(one.data[crop]) / end, **colours)
    map_.set_title(one.title, fontsize=FONT)
    overlay.set_title(f"{one.title} on the image", fontsize=FONT)
    for axes in row:
        _draw_mark(axes, mark, pixel_size)
    assert map_.figure is not None
    bar = map_.figure.colorbar(drawn, ax=map_, fraction=0.05, pad=0.02)
    small_text(bar.ax)
    bar.ax.yaxis.get_offset_text().set_fontsize(FONT)


def _show(axes: "Axes", values: AnyArray, crop: Crop, pixel_size: float | None, **look: Any) -> Any:
    """Draw a part of a map, edges of pixels where they lie; (0, 0) is the centre of the first pixel."""
    step = pixel_size or 1.0
    top, bottom, left, right = (step * (edge - 0.5) for span in crop for edge in (span.start, span.stop))
    drawn = axes.imshow(values[crop], extent=(left, right, bottom, top), interpolation="nearest", **look)
    show_field(axes, (top, left), (bottom, right), dark=True, in_pixels=pixel_size is None)
    return drawn


def _frame(axes: "Axes", crop: Crop, pixel_size: float | None) -> None:
    from matplotlib.patches import Rectangle

    step = pixel_size or 1.0
    top, bottom, left, right = (step * (edge - 0.5) for span in crop for edge in (span.start, span.stop))
    axes.add_patch(
        Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor="white", linewidth=0.8)
    )


def _draw_mark(axes: "Axes", mark: Mark, pixel_size: float | None) -> None:
    """Draw a ring around an atom, a cross at a pixel, or the outline of a region."""
    from matplotlib.patches import Circle

    step = pixel_size or 1.0
    at = (mark.x * step, mark.y * step)
    if mark.mask is not None:
        edges = [step * np.arange(side) for side in mark.mask.shape]
        if not mark.mask.all():
            padded = mark.mask.astype(float)
            axes.contour(edges[1], edges[0], padded, levels=[0.5], colors=_TARGET, linewidths=0.8)
    elif mark.radius is not None:
        axes.add_patch(Circle(at, mark.radius * step, fill=False, edgecolor=_TARGET, linewidth=0.9))
    else:
        axes.plot(*at, "+", color=_TARGET, markersize=6, markeredgewidth=0.9)
