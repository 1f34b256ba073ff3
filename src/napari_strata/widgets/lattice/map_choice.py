"""Which map to look at: quantity, crystal layer, and as what."""

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from napari_strata.widgets.lattice.map_layers import ChosenMap
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import form_layout

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_strata.jobs.map_lattice import LatticeMaps
    from napari_strata.lattice.quantities import Quantity

DOTS, SMOOTH, ARROWS = "dots", "smooth", "arrows"
_TITLES = {DOTS: "dots at the atoms", SMOOTH: "a smooth image", ARROWS: "arrows"}
_WAYS = {"signed": (DOTS, SMOOTH), "level": (DOTS, SMOOTH), "vector": (ARROWS, DOTS), "names": (DOTS,)}
ALL = -1


class MapChoice(QWidget):
    """Offers the maps that were measured."""

    changed = Signal()
    """Emitted when another map, or another part of it, is chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._maps: LatticeMaps | None = None
        self.quantity, self.layer, self.way = ChoiceBox(), ChoiceBox(), ChoiceBox()
        self.without_field = QCheckBox("Without the smooth distortion of the scan")
        self.without_field.setToolTip(
            "Takes what all layers share beyond an affine change out of the positions first. A strain that both "
            "layers have in common goes with it."
        )
        self.quantity.setToolTip("What to map, atom by atom.")
        self.way.setToolTip("A smooth image is drawn between the atoms.")
        rows = form_layout()
        for text, box in (("Map", self.quantity), ("Layer", self.layer), ("As", self.way)):
            rows.addRow(QLabel(text), box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(rows)
        layout.addWidget(self.without_field)
        self.quantity.currentIndexChanged.connect(self._on_quantity)
        self.layer.currentIndexChanged.connect(self._on_change)
        self.without_field.toggled.connect(self._on_change)

    @property
    def shown_as(self) -> str:
        """`DOTS`, `SMOOTH` or `ARROWS`."""
        return str(self.way.currentData())

    @property
    def frees(self) -> bool:
        """Whether the smooth distortion of the scan is taken out."""
        return bool(self.without_field.isChecked() and self.without_field.isEnabled())

    def offer(self, maps: "LatticeMaps | None") -> None:
        """Offer other maps; what was chosen stays chosen where it is among them."""
        kept = self.quantity.currentData(), self.layer.currentData()
        self._maps = maps
        self._fill(self.quantity, {key: one.label for key, one in self._quantities().items()}, kept[0])
        numbers = [] if maps is None else [one.layer for one in maps.lattices.layers]
        layers = {ALL: "all layers"} if len(numbers) > 1 else {}
        self._fill(self.layer, layers | {number: f"layer {number}" for number in numbers}, kept[1])
        self.without_field.setEnabled(maps is not None and maps.lattices.field is not None)
        self.setEnabled(maps is not None)
        self._on_quantity()

    def take(self, image: "Image", frame: int, pixel_size: float) -> ChosenMap | None:
        """Return the chosen map; None where there is none."""
        key, maps = self.quantity.currentData(), self._maps
        if maps is None or key is None:
            return None
        quantity = maps.frame.quantities[key]
        atoms = maps.frame.atoms.loc[maps.frame.maps.index]
        number = int(self.layer.currentData())
        rows = np.ones(len(atoms), dtype=bool) if number == ALL else (atoms["layer"] == number).to_numpy()
        values = (maps.frame.freed if self.frees else maps.frame.maps)[list(quantity.columns)].to_numpy()[rows]
        if quantity.kind != "vector":
            values = values[:, 0]
        if quantity.kind != "names":
            values = values.astype(np.float64) * quantity.factor
        of_layer = "" if number == ALL or self.layer.count() == 1 else f"layer {number}"
        places = atoms[["y_px", "x_px"]].to_numpy(np.float64)[rows]
        layers = atoms["layer"].to_numpy()[rows]
        return ChosenMap(image, frame, pixel_size, key, quantity, of_layer, places, layers, values)

    def _quantities(self) -> "dict[str, Quantity]":
        return {} if self._maps is None else self._maps.frame.quantities

    def _on_quantity(self, _index: int = 0) -> None:
        key = self.quantity.currentData()
        if key is not None:
            ways = _WAYS[self._quantities()[key].kind]
            self._fill(self.way, {way: _TITLES[way] for way in ways}, self.way.currentData())
        self._on_change()

    def _on_change(self, _value: object = None) -> None:
        self.changed.emit()

    def _fill(self, box: ChoiceBox, choices: "dict[str, str] | dict[int, str]", kept: object) -> None:
        blocked = box.blockSignals(True)
        box.clear()
        for key, text in choices.items():
            box.addItem(text, key)
        box.setCurrentIndex(max(box.findData(kept), 0) if choices else -1)
        box.blockSignals(blocked)
