"""The Fourier transform of the image, with the spots of every layer and their indices."""

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QRectF, Qt
from qtpy.QtWidgets import QGraphicsRectItem, QWidget

from napari_strata.widgets.plots.linked_plot import SELECTED, LinkedPlot, Place, hue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_strata.jobs.plot_spectrum import Spectrum

EDGE = 0.04
"""Room around the transform for labels, in units of its width."""
RING = 15
"""Diameter of the ring around a spot [screen px]."""
OUT = (0.85, 1.0)
"""How far the middle of a label lies from its spot, outward, in units of the label's width and height."""
FEW = 9
"""Of layers with more spots than that in half of the plane, only those of first order bear their indices."""
NEAR = 0.06
"""A click picks a spot that is this close, in units of the widest frequency shown."""


class SpotPlot(LinkedPlot):
    """Shows frequencies as the image has them: x to the right, y down."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(viewer, parent)
        self._spectrum: Spectrum | None = None
        self._atoms: Mapping[int, NDArray[np.intp]] = {}
        self._rings: dict[int, Any] = {}
        self._box: Any = None

    def dress(self, plot: Any) -> None:
        """Name the axes."""
        text = self.theme.text.as_hex()
        plot.setAspectLocked(True)
        plot.invertY(True)
        plot.setLabel("bottom", "kx [1/Å]", color=text)
        plot.setLabel("left", "ky [1/Å]", color=text)

    def clear(self) -> None:
        """Show nothing."""
        self._spectrum, self._rings = None, {}
        if self.is_drawn:
            self.plot.clear()

    def show_spectrum(
        self, spectrum: "Spectrum", atoms: "Mapping[int, NDArray[np.intp]]", selected: set[int]
    ) -> None:
        """Show another transform.

        Parameters
        ----------
        spectrum : Spectrum
            The transform and the spots.
        atoms : mapping of int to ndarray of int
            Numbers of the atoms of each layer.
        selected : set of int
            Numbers of the atoms that are selected.
        """
        import pyqtgraph as pg

        self.clear()
        self._spectrum, self._atoms = spectrum, atoms
        (ky, kx), (height, width) = spectrum.step, spectrum.power.shape
        picture = pg.ImageItem(spectrum.power, axisOrder="row-major", levels=(0, 1))
        picture.setRect(QRectF(-(width // 2 + 0.5) * kx, -(height // 2 + 0.5) * ky, width * kx, height * ky))
        self.plot.addItem(picture)
        for layer, lattice in spectrum.lattices.items():
            self._add_spots(layer, lattice.spots.frequency, lattice.orders)
        self.highlight(selected)
        self.plot.autoRange(padding=EDGE)

    def show_layers(self, atoms: "Mapping[int, NDArray[np.intp]]", selected: set[int]) -> None:
        """Take note of the atoms of each layer, and which are selected."""
        self._atoms = atoms
        self.highlight(selected)

    def highlight(self, selected: set[int]) -> None:
        """Fill the rings of layers that have selected atoms."""
        import pyqtgraph as pg

        numbers = np.fromiter(selected, np.intp, len(selected))
        for layer, ring in self._rings.items():
            has_some = bool(np.isin(self._atoms.get(layer, ()), numbers).any())
            ring.setBrush(pg.mkBrush(SELECTED + "90" if has_some else None))

    def on_drag(self, start: Place, end: Place) -> None:
        """Show the box."""
        self._forget_box()
        import pyqtgraph as pg

        self._box = QGraphicsRectItem(_rect(start, end))
        self._box.setPen(pg.mkPen(SELECTED, style=Qt.PenStyle.DashLine))
        self.plot.addItem(self._box)

    def on_pick(self, start: Place, end: Place) -> None:
        """Pick the atoms of the layers whose spots are in a box, or of the spot that was clicked."""
        self._forget_box()
        chosen, words = self._at(start) if start == end else self._inside(start, end)
        if chosen:
            atoms = np.unique(np.concatenate([self._atoms.get(layer, np.zeros(0, np.intp)) for layer in chosen]))
            self.picked.emit(atoms, words)

    def _at(self, place: Place) -> tuple[list[int], str]:
        if self._spectrum is None:
            return [], ""
        reach = NEAR * max(n * k for n, k in zip(self._spectrum.power.shape, self._spectrum.step, strict=True)) / 2
        best, layers, words = reach, [], ""
        for layer, lattice in self._spectrum.lattices.items():
            for sign in (1, -1):
                ky, kx = (sign * lattice.spots.frequency).T
                distance = np.hypot(kx - place[0], ky - place[1])
                number = int(distance.argmin())
                if distance[number] < best:
                    best, layers = float(distance[number]), [layer]
                    period = 1 / np.hypot(ky[number], kx[number])
                    words = f"spot ({_index(sign * lattice.orders[number])}), {period:.3f} Å, of layer {layer}"
        return layers, words

    def _inside(self, start: Place, end: Place) -> tuple[list[int], str]:
        box, layers = _rect(start, end), []
        for layer, lattice in ({} if self._spectrum is None else self._spectrum.lattices).items():
            both = np.concatenate([lattice.spots.frequency, -lattice.spots.frequency])
            if any(box.contains(float(kx), float(ky)) for ky, kx in both):
                layers.append(layer)
        return layers, f"spots of layer {', '.join(map(str, layers))}"

    def _add_spots(self, layer: int, frequency: "NDArray[np.float64]", orders: "NDArray[np.intp]") -> None:
        import pyqtgraph as pg

        both = np.concatenate([frequency, -frequency])
        ring = pg.ScatterPlotItem(both[:, 1], both[:, 0], symbol="o", size=RING, pen=hue(layer), brush=None)
        ring.sigClicked.connect(self._on_ring)  # a click on a ring never reaches the plot below
        self.plot.addItem(ring)
        self._rings[layer] = ring
        for (ky, kx), order in zip(both, np.concatenate([orders, -orders]), strict=True):
            if len(orders) > FEW and np.abs(order).max() > 1:
                continue
            label = pg.TextItem(_index(order), color=hue(layer), anchor=_outward(kx, ky))
            label.setPos(kx, ky)
            self.plot.addItem(label, ignoreBounds=True)

    def _on_ring(self, _ring: object, spots: Any, _event: object) -> None:
        place = spots[0].pos().x(), spots[0].pos().y()
        self.on_pick(place, place)

    def _forget_box(self) -> None:
        if self._box is not None:
            self.plot.removeItem(self._box)
            self._box = None


def _index(order: "NDArray[np.intp]") -> str:
    """Write h and k."""
    return " ".join(f"{int(one)}".replace("-", "\N{MINUS SIGN}") for one in order)


def _outward(kx: float, ky: float) -> tuple[float, float]:
    """Return the anchor that puts a label on the far side of its ring, where neighbouring spots leave room."""
    right, down = np.array([kx, ky]) / np.hypot(kx, ky)
    return float(0.5 - OUT[0] * right), float(0.5 - OUT[1] * down)


def _rect(start: Place, end: Place) -> QRectF:
    (x, y), (right, bottom) = start, end
    return QRectF(min(x, right), min(y, bottom), abs(right - x), abs(bottom - y))
