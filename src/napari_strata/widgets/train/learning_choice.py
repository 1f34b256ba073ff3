"""Which image and which Labels layers to learn from: they belong together."""

from napari.layers import Image, Labels, Points
from napari.viewer import Viewer

from napari_strata.errors import ImageError, LabelsError
from napari_strata.widgets.layers.label_memory import (
    check_is_for,
    image_of,
    is_drawn,
    is_for,
    labels_of,
    mates_of,
    others_of,
)
from napari_strata.widgets.layers.labels_choice import CodesChoice
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.layer_choice import LayerChoice

MOST_LAYERS = 4


class LearningChoice:
    """One box for the image and one for the labels of each crystal layer.

    Until one of them is chosen by hand they follow the layer that the user works on: labels bring their image and
    those made together with them, an image its labels.

    Parameters
    ----------
    viewer : Viewer
        Whose layers to offer.

    Attributes
    ----------
    image : LayerChoice
        The image.
    labels : list of LayerChoice
        The labels of crystal layers 0, 1, ...
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layers = 1
        self.image = LayerChoice(viewer, Image, none_text="none (no live preview)", follows=False)
        self.labels: list[LayerChoice] = [CodesChoice(viewer, follows=False) for _ in range(MOST_LAYERS)]
        self.image.chosen.connect(self._on_image)
        self.labels[0].chosen.connect(self._on_labels)
        self.labels[0].activated.connect(lambda _index: self._choose_image())
        connect_while_alive(self.image, self._follow, viewer.layers.selection.events.active)
        self._follow()
        self._on_labels()

    def set_layers(self, layers: int) -> None:
        """Set how many crystal layers the network has; those made together are chosen."""
        self._layers = layers
        self._follow()
        if not self.labels[0].is_by_hand:
            self._choose_first(self.labels[0].layer)
        self._choose_others()

    def take(self) -> tuple[Image, list[Labels | Points]]:
        """Return the image and the labels, or the atoms, of each crystal layer.

        Raises
        ------
        ImageError
            If no image is chosen.
        LabelsError
            If labels are missing, chosen twice, or made for another image.
        """
        image, labels = self.image.layer, [choice.layer for choice in self.labels[: self._layers]]
        if image is None:
            raise ImageError("No image is chosen to learn from.", remedy="Choose the image that was labelled.")
        if None in labels:
            raise LabelsError("No Labels layer is chosen.", remedy="Make one in the Label dock and paint on it.")
        if len({one.unique_id for one in labels}) < self._layers:
            raise LabelsError(
                "Two crystal layers have the same Labels layer.",
                remedy=f"In the Label dock set 'Crystal layers' to {self._layers}, press 'New labels', paint all.",
            )
        for one in labels:
            check_is_for(one, image, self._viewer.layers)
        return image, labels

    def _follow(self, _event: object = None) -> None:
        active = self._viewer.layers.selection.active
        if active is not None and not any(choice.is_by_hand for choice in (self.image, *self.labels)):
            self.image.choose(active)
            self._choose_first(active)
            self._choose_others()

    def _on_image(self, image: Image | None) -> None:
        first, layers = self.labels[0].layer, self._viewer.layers
        if image is not None and first is not None and not is_for(first, image, layers):
            for one in labels_of(image, layers)[:1]:
                self._choose_first(one)

    def _on_labels(self, _labels: object = None) -> None:
        if not self.image.is_by_hand:
            self._choose_image()
        self._choose_others()

    def _choose_image(self) -> None:
        """Choose the image of the labels; of labels from elsewhere nobody knows it."""
        first = self.labels[0].layer
        owner = None if first is None else image_of(first, self._viewer.layers)
        if owner is not None:
            self.image.choose(owner)

    def _choose_first(self, napari_layer: object) -> None:
        """Choose labels, or for several crystal layers those of the first that were made together with them."""
        if isinstance(napari_layer, Labels) or (isinstance(napari_layer, Points) and is_drawn(napari_layer)):
            mates = mates_of(napari_layer, self._viewer.layers)
            self.labels[0].choose(mates[0] if self._layers > 1 else napari_layer)

    def _choose_others(self) -> None:
        """Choose the labels of the other crystal layers, but leave a choice by hand that fits."""
        first = self.labels[0].layer
        if self._layers == 1 or first is None:
            return
        mates = mates_of(first, self._viewer.layers)
        others = others_of(first, self._viewer.layers)
        for choice, other in zip(self.labels[1:], others, strict=False):
            if not (choice.is_by_hand and choice.layer in mates):
                choice.choose(other)
