"""What a prediction is compared with: labels of the same classes, or its own probabilities."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.annotation.classes import FIRST_CLASS
from napari_strata.errors import TargetError
from napari_strata.explain.proposals.wrong_regions import WrongRegion, sureness_of, unsure_regions, wrong_regions
from napari_strata.types import BACKGROUND, NOT_LABELLED, LabelArray
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import Origin
from napari_strata.widgets.layers.results import ORIGIN, find_results, role_of
from napari_strata.widgets.layers.shown_atoms import shown_frame
from napari_strata.widgets.layers.source import Source
from napari_strata.widgets.maps.corrected_codes import check_corrects, corrected_codes
from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.layers import Labels, Layer
    from napari.viewer import Viewer


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A frame of a prediction, and what says where it is wrong.

    Attributes
    ----------
    source : Source
        A copy of the image, and the model.
    frame : int
        The frame that is compared.
    layer : int
        Crystal layer.
    predicted : ndarray of uint8, shape (y, x)
        Mask codes that are predicted.
    corrected : ndarray of uint8, shape (y, x), or None
        Mask codes that are labelled, in the model's classes.
    labels : Labels or None
        The layer that holds them.
    masks : Labels
        The layer of the prediction.
    """

    source: Source
    frame: int
    layer: int
    predicted: LabelArray
    corrected: LabelArray | None
    labels: "Labels | None"
    masks: "Labels"

    @property
    def origin(self) -> Origin:
        """Image and model."""
        return self.source.origin

    @property
    def names(self) -> dict[int, str]:
        """The name of each mask code."""
        classes = enumerate(self.source.entry.card.classes.names, start=FIRST_CLASS)
        return {NOT_LABELLED: "nothing", BACKGROUND: "background", **dict(classes)}


def is_prediction(napari_layer: "Layer") -> bool:
    """Tell whether a layer holds the masks of a model, as it drew them."""
    return role_of(napari_layer) == "masks" and bool(napari_layer.metadata.get(RESULT))


def compare(viewer: "Viewer", source: Source, masks: "Labels", labels: "Labels | None") -> Compared:
    """Take the shown frame of a prediction, and of labels.

    Raises
    ------
    LabelsError, TargetError
        If the labels are of another image, crystal layer or shape, number objects, are empty here, or have other
        classes.
    """
    image = source.origin.image
    frame = shown_frame(viewer, image)
    layer = int(masks.metadata[ORIGIN]["key"]["layer"])
    corrected = None
    if labels is not None:
        check_corrects(labels, image, layer, viewer.layers)
        corrected = corrected_codes(labels, image, frame, source.entry.card.classes)
    predicted = _frame(masks, frame)
    return Compared(source, frame, layer, predicted, corrected, labels, masks)


def finder(viewer: "Viewer", compared: Compared, *, below: float, least: int) -> Callable[[], list[WrongRegion]]:
    """Return what finds the regions, from copies alone.

    Raises
    ------
    TargetError
        If there are neither labels nor probabilities.
    """
    if compared.corrected is not None:
        return partial(wrong_regions, compared.predicted, compared.corrected, least=least)
    origin = compared.origin
    shown = find_results(viewer, "probability", origin.image, model=origin.model)
    mine = [one for one in shown if one.metadata[ORIGIN]["key"]["layer"] == compared.layer]
    if not mine:
        raise TargetError(
            "There are neither labels nor probabilities to compare the prediction with.",
            remedy="Choose labels, or predict again in the Predict dock: it adds the probabilities.",
        )
    classes = np.stack([_frame(one, compared.frame, np.float32) for one in mine])
    sureness = sureness_of(classes, may_overlap=compared.source.entry.card.model.output == "multi-label")
    return partial(unsure_regions, compared.predicted, sureness, below=below, least=least)


def _frame(napari_layer: "Any", frame: int, kind: Any = np.uint8) -> Any:
    """Copy one frame of a layer."""
    data = full_data(napari_layer)
    return np.array(data[frame] if napari_layer.ndim == 3 else data, dtype=kind)
