"""Rows that say what is asked: what shall be explained, of which layer and class, and rather than what."""

from typing import TYPE_CHECKING, Literal

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_strata.config import ModelCard
from napari_strata.errors import TargetError
from napari_strata.explain.question import Against, AgainstClass, AgainstCorrection, AgainstLayer
from napari_strata.widgets.layers.label_memory import crystal_layer_of, group_of
from napari_strata.widgets.layers.labels_choice import NO_LABELS
from napari_strata.widgets.layers.numbered_objects import holds_objects
from napari_strata.widgets.layers.results import role_of
from napari_strata.widgets.maps.corrected_codes import check_corrects, corrected_codes
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import form_layout, row_label
from napari_strata.widgets.parts.layer_choice import RESULT, LayerChoice
from napari_strata.widgets.parts.proposal import Proposal

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

Kind = Literal["atom", "pixel", "region", "label", "slice"]
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("atom", "Atom"),
    ("pixel", "Pixel"),
    ("region", "Drawn region"),
    ("label", "Label"),
    ("slice", "Class on the slice"),
)
_OF_THE_ATOM = -1
"""Stands behind the entry that takes no layer of its own."""
_BACKGROUND, _OTHER_LAYER, _CORRECTED = "background", "other layer", "corrected"
_CLASS, _LAYER = "class:", "layer:"
"""Kinds of what is compared with, as they stand behind the entries; the last two with a name or number."""
_OF_A_PART = ("target", "what-if prediction", "smallest-change prediction")
"""Roles of Labels layers that show a part of an image, or an outline; nothing in them is clicked."""


class QuestionForm(QWidget):
    """Offers what a model can be asked; rows that leave no choice are hidden.

    Parameters
    ----------
    viewer : Viewer
        Whose Labels layers to offer.
    """

    changed = Signal()
    """Emitted when another question is chosen."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        from napari.layers import Labels

        super().__init__(parent)
        self._viewer = viewer
        self._card: ModelCard | None = None
        self.target, self.decoder, self.species, self.against = (ChoiceBox() for _ in range(4))
        self.labels = LayerChoice(viewer, Labels, offers=_can_be_clicked)
        self.corrected = LayerChoice(viewer, Labels, offers=_is_corrected, none_when_empty=NO_LABELS)
        for kind, text in _KINDS:
            self.target.addItem(text, kind)
        self.propose_kind = Proposal(lambda kind: self.target.setCurrentIndex(self.target.findData(kind))).make
        self._lay_out()
        self.target.currentIndexChanged.connect(self._on_target)
        self.labels.chosen.connect(self._follow_labels)
        self.decoder.currentIndexChanged.connect(self._on_layer)
        self.species.currentIndexChanged.connect(self._on_species)
        self.against.currentIndexChanged.connect(self._on_against)
        self.fit(None)

    @property
    def kind(self) -> Kind:
        """What is explained."""
        kind: Kind = self.target.currentData()
        return kind

    @property
    def layer(self) -> int | None:
        """Crystal layer; None is that of the atom that is picked."""
        layer: int = self.decoder.currentData()
        return None if layer == _OF_THE_ATOM else layer

    @property
    def class_name(self) -> str | None:
        """The class that is explained; None is that of the atom, or the most probable one."""
        name: str = self.species.currentData()
        return name or None

    @property
    def is_correction(self) -> bool:
        """Whether it is asked what the network said wrong, by labels that were corrected."""
        return bool(self.against.currentData() == _CORRECTED)

    def fit(self, card: ModelCard | None) -> None:
        """Offer what a model has."""
        self._card = card
        self._offer()
        self._follow_labels()

    def against_what(self, image: "Image", frame: int, layer: int | None) -> Against | None:
        """Return rather than what a layer of a frame is explained; None is background.

        A layer that is not known yet is None.

        Raises
        ------
        TargetError, LabelsError
            If no corrected labels are chosen, or they do not fit image or model, or it takes a layer to know the
            other one.
        """
        assert self._card is not None, "nothing can be asked without a model"
        chosen: str = self.against.currentData()
        if chosen != _CORRECTED:
            return self._rather(chosen, layer)
        right = self.corrected.layer
        if right is None:
            raise TargetError(
                "There are no corrected labels.",
                remedy="Correct the predicted masks, or paint labels, and choose them under 'Corrected labels'.",
            )
        if layer is None and self._card.model.layers > 1:
            raise _unknown_layer()
        check_corrects(right, image, layer or 0, self._viewer.layers)
        return AgainstCorrection(corrected_codes(right, image, frame, self._card.classes))

    @staticmethod
    def _rather(chosen: str, layer: int | None) -> Against | None:
        if chosen.startswith(_CLASS):
            return AgainstClass(chosen.removeprefix(_CLASS))
        if layer is None and (chosen.startswith(_LAYER) or chosen == _OTHER_LAYER):
            raise _unknown_layer()
        if chosen.startswith(_LAYER):
            return AgainstLayer(int(chosen.removeprefix(_LAYER)))
        return AgainstLayer(1 - layer) if chosen == _OTHER_LAYER and layer is not None else None

    def against_for_probe(self) -> tuple[Against | None, ...]:
        """Return rather than what each crystal layer is probed; None is background.

        Raises
        ------
        TargetError
            If corrected labels are chosen, which differ from pixel to pixel.
        """
        assert self._card is not None, "nothing can be asked without a model"
        chosen: str = self.against.currentData()
        if chosen == _CORRECTED:
            raise TargetError(
                "The probe does not ask about corrections.",
                remedy="Choose something else under 'Rather than', or click a pixel to ask about an error.",
            )
        return tuple(self._rather(chosen, layer) for layer in range(self._card.model.layers))

    def _lay_out(self) -> None:
        tips = {
            "Explain": (self.target, "What the heatmap explains; it is marked in the image."),
            "Labels": (self.labels, "Labels of which one is clicked: painted ones, or predicted masks."),
            "Layer": (self.decoder, "Crystal layer whose decoder is asked; it follows the labels."),
            "Class": (self.species, "Why this class is there; on the slice, in the pixels where it is predicted."),
            "Rather than": (
                self.against,
                "What speaks for it, and not for this instead.",
            ),
            "Corrected labels": (
                self.corrected,
                "Labels that are right where the prediction is wrong. Predicted masks are listed once you paint on"
                " them.",
            ),
        }
        rows = form_layout()
        self._labels = {}
        for text, (box, tip) in tips.items():
            label = self._labels[box] = row_label(text)
            for widget in (label, box):
                widget.setToolTip(tip)
            rows.addRow(label, box)
        self.setLayout(rows)

    def _show_row(self, box: QWidget, is_shown: bool) -> None:
        box.setVisible(is_shown)
        self._labels[box].setVisible(is_shown)

    def _offer(self) -> None:
        """Offer layers, classes and what to compare with, and keep what was chosen where it is offered again."""
        layers = self._card.model.layers if self._card else 0
        names = self._card.classes.names if self._card else ()
        is_atom = self.kind == "atom"
        first = [("that of the atom", _OF_THE_ATOM)] if is_atom else []
        _refill(self.decoder, [*first, *((f"layer {layer}", layer) for layer in range(layers))])
        unnamed = {"atom": "that of the atom", "slice": "the one with most pixels"}.get(self.kind, "most probable")
        _refill(self.species, [(unnamed, ""), *((name, name) for name in names)])
        self._show_row(self.decoder, layers > 1)
        self._show_row(self.species, len(names) > 1)
        self._show_row(self.labels, self.kind == "label")
        self._offer_against()

    def _offer_against(self) -> None:
        layers = self._card.model.layers if self._card else 0
        names = self._card.classes.names if self._card else ()
        offered = [("background", _BACKGROUND)]
        if len(names) > 1:
            offered += [(name, f"{_CLASS}{name}") for name in names if name != self.class_name]
        if layers == 2:
            offered.append(("the other layer", _OTHER_LAYER))
        elif layers > 2:
            offered += [(f"layer {k}", f"{_LAYER}{k}") for k in range(layers) if k != self.layer]
        _refill(self.against, [*offered, ("what I corrected", _CORRECTED)])
        self._show_corrected()

    def _show_corrected(self) -> None:
        """Ask for labels where an error is explained, and for no class: an error is between two of them."""
        self._show_row(self.corrected, self.is_correction)
        self.species.setEnabled(not self.is_correction)

    def _on_target(self, _index: int = 0) -> None:
        self._offer()
        self._follow_labels()
        self.changed.emit()

    def _follow_labels(self, _labels: object = None) -> None:
        """Ask about the crystal layer of the labels that are clicked, where it is known and the model has it."""
        labels = self.labels.layer
        if self.kind == "label" and labels is not None and group_of(labels):
            index = self.decoder.findData(crystal_layer_of(labels))
            self.decoder.setCurrentIndex(self.decoder.currentIndex() if index < 0 else index)

    def _on_layer(self, _index: int = 0) -> None:
        self._offer_against()
        self.changed.emit()

    _on_species = _on_layer

    def _on_against(self, _index: int = 0) -> None:
        self._show_corrected()
        self.changed.emit()


def _unknown_layer() -> TargetError:
    return TargetError(
        "No atoms of this image and model are shown, so the layer of the atom is not known yet.",
        remedy="Find the atoms in the Predict dock first, or choose a layer.",
    )


def _refill(box: ChoiceBox, offered: "list[tuple[str, object]]") -> None:
    """Offer other entries without a signal, and keep the one that was chosen where it is among them."""
    kept = box.currentData()
    blocked = box.blockSignals(True)
    box.clear()
    for text, value in offered:
        box.addItem(text, value)
    values = [value for _, value in offered]
    box.setCurrentIndex(values.index(kept) if kept in values else 0)
    box.blockSignals(blocked)


def _can_be_clicked(napari_layer: "Layer") -> bool:
    return role_of(napari_layer) not in _OF_A_PART


def _is_corrected(napari_layer: "Layer") -> bool:
    """Offer codes that a person made or changed."""
    return not napari_layer.metadata.get(RESULT, False) and not holds_objects(napari_layer)
