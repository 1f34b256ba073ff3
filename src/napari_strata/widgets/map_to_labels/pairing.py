"""Keeps predicted masks and labels that are compared on one crystal layer."""

from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer

from napari_strata.widgets.layers.label_memory import crystal_layer_of, group_of, labels_of
from napari_strata.widgets.layers.results import ORIGIN, origin_of
from napari_strata.widgets.map_to_labels.compared import is_prediction
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.layer_choice import LayerChoice

if TYPE_CHECKING:
    from napari.viewer import Viewer


class Pairing(QObject):
    """Chooses labels that fit the chosen masks, unless somebody chose labels by hand that are still there.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    masks, labels : LayerChoice
        What is chosen.
    """

    def __init__(self, viewer: "Viewer", masks: LayerChoice, labels: LayerChoice) -> None:
        super().__init__(labels)
        self._viewer, self._masks, self._labels = viewer, masks, labels
        self._is_by_hand = self._chose_none = False
        masks.chosen.connect(self._pair)
        labels.activated.connect(self._on_hand)
        self._soon = QTimer(self)  # after the choices have taken note of the layer
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._pair)
        connect_while_alive(self, self._on_layers, viewer.layers.events.inserted, viewer.layers.events.removed)
        self._pair()

    def _on_hand(self, _index: int) -> None:
        self._is_by_hand = True

    def _on_layers(self, _event: object) -> None:
        self._soon.start(0)

    def _pair(self, _event: object = None) -> None:
        masks, labels = self._masks.layer, self._labels.layer
        self._is_by_hand = self._is_by_hand and self._labels.is_by_hand
        if masks is None or self._is_by_hand or (labels is not None and is_pair(masks, labels)):
            return
        if labels is None and self._labels.is_by_hand and not self._chose_none:
            return  # somebody asks without labels
        image, _model = origin_of(self._viewer, masks)
        made = [] if image is None else labels_of(image, self._viewer.layers)
        fitting = [one for one in made if isinstance(one, Labels) and is_pair(masks, one)]
        if fitting:
            self._labels.choose(fitting[0])
        elif labels is not None:
            self._take_other_masks(masks, labels)

    def _take_other_masks(self, masks: Labels, labels: Labels) -> None:
        """Choose masks of the labels' crystal layer, or no labels where somebody wants these masks."""
        others = [one for one in self._viewer.layers if is_prediction(one) and is_pair(one, labels)]
        is_wanted = self._masks.is_by_hand or self._viewer.layers.selection.active is masks
        if others and not is_wanted:
            self._masks.choose(others[-1])
        else:
            self._chose_none = True
            self._labels.choose(None)


def is_pair(masks: Labels, labels: Labels) -> bool:
    """Tell whether labels are of the crystal layer of predicted masks, or of none that is known."""
    return not group_of(labels) or crystal_layer_of(labels) == int(masks.metadata[ORIGIN]["key"]["layer"])
