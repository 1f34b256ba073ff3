"""Mean, spread and number of a map's values inside shapes that were drawn on the image."""

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Shapes
from numpy.typing import NDArray
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_strata.lattice.quantities import STACKED
from napari_strata.lattice.regions import WITHOUT_INSIDE, Region
from napari_strata.lattice.statistics import summarise
from napari_strata.numbers import plain
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.world import between
from napari_strata.widgets.parts.connections import LayerFollower
from napari_strata.widgets.parts.figure_table import FigureTable
from napari_strata.widgets.parts.form import form_layout
from napari_strata.widgets.parts.layer_choice import LayerChoice

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_strata.widgets.lattice.map_layers import ChosenMap

ROUNDING = 1e-9
"""A spread by less than this part of the mean is none."""
PATIENCE = 150
"""Time that a shape has to be left alone before its statistics are taken [ms]."""
_LEFT_OUT = "Those at the border, or off the lattice, are left out."
_LOWEST = "Layer {} has none: it is the lowest, and stacking is told over the layer below."
_FACE, _EDGE = "#ffe11918", "#ffe119"
"""Colours of shapes: the map is seen through them."""
_LINES = 250
"""The side of an image in widths of their lines."""
_HEADER = ("Region", "Atoms", "Mean", "Std")


class RegionStatistics(QWidget):
    """A Shapes layer to choose, and one row for each of its shapes.

    Parameters
    ----------
    viewer : Viewer
        Whose Shapes layers to offer.
    """

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._map: ChosenMap | None = None
        self.shapes = LayerChoice(viewer, Shapes, none_when_empty="no shapes drawn yet")
        self.draw_button = QPushButton("Draw")
        self.draw_button.setToolTip("Draw on the map, in a layer of shapes that one can see through.")
        self.of_what = QLabel()
        self.of_what.setWordWrap(True)
        self.table = FigureTable()
        self.save_button = QPushButton("Save statistics…")
        self.save_button.setToolTip(
            "Write the statistics of all maps in all shapes, layer by layer, to a csv file."
        )
        rows = form_layout()
        choice = QHBoxLayout()
        choice.addWidget(self.shapes, 1)
        choice.addWidget(self.draw_button)
        rows.addRow(QLabel("Shapes"), choice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(rows)
        layout.addWidget(self.of_what)
        layout.addWidget(self.table)
        layout.addWidget(self.save_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PATIENCE)
        self._timer.timeout.connect(self._refresh)
        self._follower = LayerFollower(self, self._on_drawn, "data", "set_data", "scale", "translate")
        self.shapes.chosen.connect(self._on_shapes)
        self.draw_button.clicked.connect(self._draw)
        self._on_shapes(self.shapes.layer)

    def show_map(self, chosen: "ChosenMap | None") -> None:
        """Take the statistics of another map, or of none."""
        self._map = chosen
        self._refresh()

    def drawn_on(self, image: "Image") -> list[Region]:
        """Return the shapes in the pixels of an image."""
        shapes = self.shapes.layer
        return [region_of(shapes, number, image) for number in range(0 if shapes is None else shapes.nshapes)]

    def _draw(self, _checked: bool = False) -> None:
        if self._map is None:
            return
        shapes = self._drawn_before() or self._viewer.add_layer(_see_through(self._map.image))
        self._viewer.layers.selection.active = shapes
        self.shapes.choose(shapes)
        shapes.mode = "add_rectangle"

    def _drawn_before(self) -> Shapes | None:
        """Return the layer that this button made for the image, where it has kept its name."""
        assert self._map is not None, "the button is off without a map"
        name = _name(self._map.image)
        return next((one for one in self._viewer.layers if isinstance(one, Shapes) and one.name == name), None)

    def _on_shapes(self, shapes: "Shapes | None") -> None:
        self._follower.follow(shapes)
        self._refresh()

    def _on_drawn(self, _event: object = None) -> None:
        self._timer.start()

    def _refresh(self) -> None:
        chosen, shapes = self._map, self.shapes.layer
        self.of_what.setText("" if chosen is None else _of(chosen))
        self.draw_button.setEnabled(chosen is not None)
        if chosen is None:
            self.table.show_rows(_HEADER, [])
            return
        rows = [_row("All atoms", chosen, np.ones(len(chosen.places), dtype=bool))]
        for number in range(0 if shapes is None else shapes.nshapes):
            inside = inside_shape(shapes, number, chosen.image, chosen.frame, chosen.places)
            title = f"Shape {number + 1}"
            if inside is not None and inside.any():
                rows.append(_row(title, chosen, inside))
            elif why := _why_nothing(region_of(shapes, number, chosen.image), chosen):
                rows.append((title, why))
        self.table.show_rows(_HEADER, rows)


def region_of(shapes: Shapes, number: int, image: "Image") -> Region:
    """Return a drawn shape in the pixels of an image.

    Parameters
    ----------
    shapes : Shapes
        The layer.
    number : int
        Number of the shape in it.
    image : Image
        The image.
    """
    corners = between(shapes, image, np.asarray(shapes.data[number], dtype=np.float64))
    frame = round(float(corners[0, 0])) if image.ndim == 3 and corners.shape[1] == 3 else None
    return Region(f"shape {number + 1}", str(shapes.shape_type[number]), corners[:, -2:], frame)


def inside_shape(
    shapes: Shapes, number: int, image: "Image", frame: int, places: NDArray[np.float64]
) -> NDArray[np.bool_] | None:
    """Tell which places (y, x) [px] of a frame lie inside a drawn shape, shape (n,).

    None for lines and paths, which have no inside, and for shapes on other frames.
    """
    region = region_of(shapes, number, image)
    if region.kind in WITHOUT_INSIDE or region.frame not in (None, frame):
        return None
    return region.holds(places)


def _name(image: "Image") -> str:
    return f"Regions - {image.name}"


def _see_through(image: "Image") -> Shapes:
    """Make an empty layer of shapes that one can see through."""
    return Shapes(
        ndim=image.ndim,
        name=_name(image),
        face_color=_FACE,
        edge_color=_EDGE,
        edge_width=max(1, max(image.data.shape[-2:]) / _LINES),
        **placement(image),
    )


def _why_nothing(region: Region, chosen: "ChosenMap") -> str:
    """Say why no atom is inside a shape; empty of shapes on other frames."""
    if region.frame not in (None, chosen.frame):
        return ""
    if region.kind in WITHOUT_INSIDE:
        return f"a {region.kind} has no inside"
    ends = np.array(chosen.image.data.shape[-2:]) - 0.5
    is_outside = (region.corners.max(axis=0) < -0.5).any() or (region.corners.min(axis=0) > ends).any()
    return "outside the image" if is_outside else "no atom of this map inside"


def _of(chosen: "ChosenMap") -> str:
    title = f"{chosen.title}, length" if chosen.quantity.kind == "vector" else chosen.title
    known, count = int(chosen.known.sum()), len(chosen.places)
    if known == count:
        return title
    said = [f"{title}: {known:,} of {count:,} atoms have a value."]
    lowest = int(chosen.layers.min())
    if chosen.key in STACKED and not chosen.known[chosen.layers == lowest].any():
        said.append(_LOWEST.format(lowest))
        if chosen.known[chosen.layers != lowest].all():
            return " ".join(said)
    return " ".join([*said, _LEFT_OUT])


def _row(title: str, chosen: "ChosenMap", inside: NDArray[np.bool_]) -> tuple[str, ...]:
    if chosen.quantity.kind == "names":
        return _row_of_words(title, [str(word) for word in chosen.values[inside] if word])
    found = summarise(chosen.scalars, inside)
    if not found.count:
        return title, "0", "–", "–"
    if found.count == 1 or found.deviation < ROUNDING * abs(found.mean):
        return title, f"{found.count:,}", plain(found.mean), "–" if found.count == 1 else "0"
    decimals = max(2 - math.floor(math.log10(found.deviation)), 0)
    return title, f"{found.count:,}", f"{found.mean:.{decimals}f}", f"{found.deviation:.{decimals}f}"


def _row_of_words(title: str, words: list[str]) -> tuple[str, ...]:
    """Tell the parts of the words; they stand for mean and spread alike."""
    parts = [f"{word} {100 * count / len(words):.0f} %" for word, count in sorted(Counter(words).items())]
    return title, f"{len(words):,}", ", ".join(parts)
