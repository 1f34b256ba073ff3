"""The figure of a report: sized for one or two columns of a journal, text of 7 pt, colours that all can tell.

Figures are made as objects and never through pyplot, so they may be drawn in any thread and open no window.
"""

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.config import ReportConfig
from napari_strata.config.report import Columns
from napari_strata.report.axes import FONT, letter, small_text
from napari_strata.report.distances import expected_bond, layer_bonds
from napari_strata.report.mapped import SYMBOLS, LayerMap, Maps, measure_maps
from napari_strata.report.panels import (
    BRIGHT,
    DARK,
    DOT,
    RING,
    Box,
    draw_atoms,
    draw_box,
    draw_distances,
    draw_image,
    draw_map,
)
from napari_strata.report.subject import Subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure, SubFigure

WIDTH: dict[Columns, float] = {"one": 89.0, "two": 183.0}
"""Width of a figure [mm]."""
DETAIL = 14
"""Nearest-neighbour distances across the part of the image in which single atoms are marked."""
DPI = 300
FORMATS = ("png", "svg", "pdf")
INCH = 25.4
"""Length of an inch [mm]."""
_TITLE, _LABELS, _BAR = 0.22, 0.35, 0.55
"""Room for letters above, for labels below, and for a colour bar [in]."""
_LOWEST, _HIGHEST = 1.55, 4.3
"""Rows of several panels are at least so high, or broken, and at most so high [in]."""
_PLOT = 1.15
"""Width of a plot over its height."""


@dataclass(frozen=True, slots=True, eq=False)
class ReportFigure:
    """A figure and what to write below it."""

    figure: "Figure"
    caption: str


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One part of a figure.

    Attributes
    ----------
    caption : str
        What it shows.
    draw : callable
        Draws it; returns what a colour bar is for, or None.
    ratio : float
        Its width over its height.
    has_bar : bool
        Whether its colours need a colour bar.
    """

    caption: str
    draw: "Callable[[Axes], ScalarMappable | None]"
    ratio: float
    has_bar: bool = False


def draw_report(subject: Subject, config: ReportConfig) -> ReportFigure:
    """Draw the image, its atoms, their distances, and a map of each layer.

    Parameters
    ----------
    subject : Subject
        What was analysed; without lattices the figure ends with the atoms.
    config : ReportConfig
        Width, map, and what the sample is.
    """
    from matplotlib.figure import Figure

    rows, maps, width = [_top(subject)], None, WIDTH[config.columns] / INCH
    if subject.lattices is not None:
        maps = measure_maps(subject.lattices, config)
        rows += _broken(_distances(subject, config), [_map(subject, maps, one) for one in maps.layers], width)
    heights = [_height(row, width) for row in rows]
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    parts = np.atleast_1d(np.asarray(figure.subfigures(len(rows), 1, height_ratios=heights)))
    letters = iter(string.ascii_lowercase)
    captions = [f"Figure: {subject.name}."]
    for part, row in zip(parts, rows, strict=True):
        captions += _draw_row(part, row, letters, SYMBOLS[maps.quantity] if maps else "")
    return ReportFigure(figure, " ".join(captions))


def save_report(figure: "Figure", folder: Path) -> dict[str, Path]:
    """Write a figure as ``figure.png``, ``figure.svg`` and ``figure.pdf``; return the paths by format.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    from matplotlib import rc_context

    from napari_strata.io.files import replacing

    paths = {}
    for ending in FORMATS:
        paths[ending] = folder / f"figure.{ending}"
        dates = {"png": "Software", "svg": "Date", "pdf": "CreationDate"}
        # Journals refuse the outlined letters that matplotlib puts into PDF files by default.
        with replacing(paths[ending]) as temporary, rc_context({"pdf.fonttype": 42, "svg.hashsalt": "report"}):
            figure.savefig(temporary, format=ending, dpi=DPI, metadata={dates[ending]: None})
    return paths


def whole_field(subject: Subject) -> Box:
    """Return the corners of the field of view [Å]; (0, 0) is the centre of the first pixel."""
    half, (tall, wide) = subject.pixel_size / 2, subject.extent
    return (-half, -half), (tall - half, wide - half)


def spacing_of(subject: Subject) -> float:
    """Return the usual distance of nearest neighbours in one layer [Å]."""
    from napari_strata.lattice.translations import nearest_distance

    positions = [rows[["y_A", "x_A"]].to_numpy(np.float64) for _, rows in subject.atoms.groupby("layer")]
    found = [nearest_distance(one) for one in positions if len(one) > 1]
    return float(np.median(found)) if found else min(subject.extent) / DETAIL


def _detail(subject: Subject) -> Box:
    """Return a square in the middle of the field, or the field where it is not larger."""
    low, high = np.array(whole_field(subject))
    side = DETAIL * spacing_of(subject)
    middle, half = (low + high) / 2, np.minimum(side, high - low) / 2
    first, last = middle - half, middle + half
    return (float(first[0]), float(first[1])), (float(last[0]), float(last[1]))


def _top(subject: Subject) -> list[Panel]:
    field, detail = whole_field(subject), _detail(subject)
    where = "the box in a" if detail != field else "the same field"

    def image(axes: "Axes") -> None:
        draw_image(axes, subject.pixels, subject.pixel_size, field)
        if detail != field:
            draw_box(axes, detail)

    def atoms(axes: "Axes") -> None:
        draw_image(axes, subject.pixels, subject.pixel_size, detail)
        draw_atoms(axes, subject.atoms, detail, diameter=RING * spacing_of(subject))

    return [
        Panel(f"The image, grey values linear from percentile {DARK:g} to {BRIGHT:g}.", image, _ratio(field)),
        Panel(f"Located atoms, by layer, in {where}.", atoms, _ratio(detail)),
    ]


def _distances(subject: Subject, config: ReportConfig) -> Panel:
    assert subject.lattices is not None, "distances are those of lattices"
    found = layer_bonds(subject.lattices)
    expected = None if config.crystal is None else expected_bond(config.crystal, set(subject.atoms["species"]))
    caption = "Distances of nearest neighbours in the lattices: as imaged (grey)"
    if any(one.undistorted is not None for one in found):
        caption += ", and by layer with the affine distortion and the smooth field that the layers share taken out"
    if expected is not None:
        caption += f"; the line marks {expected:.4g} Å, expected of {config.crystal}"
    return Panel(f"{caption}.", partial(draw_distances, bonds=found, expected=expected), _PLOT)


def _map(subject: Subject, maps: Maps, one: LayerMap) -> Panel:
    size = DOT * spacing_of(subject)

    def draw(axes: "Axes") -> "ScalarMappable":
        axes.set_title(f"layer {one.layer}", loc="right", fontsize=FONT, pad=4)
        return draw_map(axes, one.positions, one.values, whole_field(subject), limits=maps.limits, diameter=size)

    caption = maps.caption if one is maps.layers[0] else "The same"
    return Panel(f"{caption} (layer {one.layer}).", draw, _ratio(whole_field(subject)), has_bar=True)


def _ratio(box: Box) -> float:
    """Return the width of a box over its height."""
    (top, left), (bottom, right) = box
    return (right - left) / (bottom - top)


def _broken(plot: Panel, maps: list[Panel], width: float) -> list[list[Panel]]:
    """Break the panels below the image into rows: one, or the plot and then maps in rows that are high enough."""
    if _height([plot, *maps], width) >= _LOWEST:
        return [[plot, *maps]]
    beside = max([1, *(n for n in range(2, len(maps) + 1) if _height(maps[:n], width) >= _LOWEST)])
    return [[plot], *(maps[i : i + beside] for i in range(0, len(maps), beside))]


def _height(row: list[Panel], width: float) -> float:
    """Return the height at which the panels of a row fill its width [in]."""
    if len(row) == 1 and not row[0].has_bar:
        return min(0.45 * width, 0.6 * _HIGHEST) + _LABELS
    room = width - (_BAR if any(panel.has_bar for panel in row) else 0.0)
    return min(room / sum(panel.ratio for panel in row), _HIGHEST) + _TITLE


def _draw_row(part: "SubFigure", row: list[Panel], letters: Iterator[str], label: str) -> Iterator[str]:
    """Draw the panels of a row with their letters and one colour bar; return their captions."""
    axes = part.subplots(1, len(row), squeeze=False, width_ratios=[panel.ratio for panel in row])[0]
    for panel, one, name in zip(row, axes, letters, strict=False):
        drawn = panel.draw(one)
        letter(one, name)
        if drawn is not None:
            last = drawn
        yield f"{name}, {panel.caption}"
    barred = [one for panel, one in zip(row, axes, strict=True) if panel.has_bar]
    if barred:
        bar = part.colorbar(last, ax=barred, extend="both" if last.get_clim()[0] < 0 else "max", aspect=30)
        bar.set_label(label)
        small_text(bar.ax)
