"""Which distances a crystal should show: those of its own lattice, or of a crystal of the table."""

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

from napari_strata.widgets.parts.editors import ChoiceBox

OWN = "the fitted lattice"


class ExpectedChoice(QWidget):
    """A row to choose what distances are compared with."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        from napari_strata.simulate.crystals import CRYSTALS

        super().__init__(parent)
        self.crystal = ChoiceBox()
        self.crystal.addItems([OWN, *CRYSTALS])
        self.crystal.setToolTip(
            "Dashed lines: distances in the fitted lattice, the scan's distortion taken out, or in a crystal."
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("Expected from"))
        layout.addWidget(self.crystal, 1)
        self.crystal.currentIndexChanged.connect(lambda _index: self.changed.emit())

    def distances(self, longest: float) -> NDArray[np.float64] | None:
        """Return the distances of the crystal up to the longest [Å]; None for those of the fitted lattice."""
        if self.crystal.currentText() == OWN:
            return None
        from napari_strata.lattice.cells import UnitCell
        from napari_strata.lattice.shells import shell_distances
        from napari_strata.simulate.crystals import CRYSTALS

        crystal = CRYSTALS[self.crystal.currentText()]
        return shell_distances(UnitCell(crystal.lattice, crystal.basis, "oblique"), longest)
