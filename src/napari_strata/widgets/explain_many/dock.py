"""The Explain many dock: the question of one map, asked of every slice of a stack and of many atoms."""

from napari.viewer import Viewer
from qtpy.QtWidgets import QGroupBox, QVBoxLayout, QWidget

from napari_strata.widgets.explain_many.atom_scoring import AtomScoring
from napari_strata.widgets.explain_many.stack_maps import StackMaps
from napari_strata.widgets.maps.asked import MapChoice
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.dock_links import DockLinks
from napari_strata.widgets.parts.form import form_layout, row_label
from napari_strata.widgets.parts.words import Words

_HINT = "Explain one place in the Explain dock first. What you ask there is asked here of many."


class ManyDock(Dock):
    """Asks again what a map answers: of every slice, and of every atom of a selection.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self.maps = MapChoice(viewer)
        self.maps.setToolTip("The map whose question, method and settings are taken.")
        self.hint = Words()
        self.hint.setText(_HINT)
        self.links = DockLinks(viewer, [("Explain", "Explain", "Click an atom and see which pixels mattered.")])
        self.atoms = AtomScoring(viewer, self.maps)
        self.stack = StackMaps(viewer, self.maps, cost_before=self.atoms.cost)
        rows = form_layout()
        rows.addRow(row_label("Map"), self.maps)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addLayout(rows)
        layout.addWidget(self.hint)
        layout.addWidget(self.links)
        layout.addWidget(_group("Every slice", self.stack))
        layout.addWidget(_group("Every atom", self.atoms))
        layout.addStretch(1)
        self.scroll(content)
        self.maps.chosen.connect(self._on_map)
        self._on_map(self.maps.layer)

    def _on_map(self, map_layer: object) -> None:
        self.hint.setVisible(map_layer is None)
        self.links.setVisible(map_layer is None)


def _group(title: str, content: QWidget) -> QGroupBox:
    group = QGroupBox(title)
    QVBoxLayout(group).addWidget(content)
    return group
