"""What a training learns from, checked before anything starts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_strata.config import ClassTable
from napari_strata.data.images import check_image
from napari_strata.errors import LabelsError
from napari_strata.types import BACKGROUND, ImageStack, LabelArray


@dataclass(frozen=True, slots=True)
class TrainInputs:
    """Arrays and folders of one training.

    Attributes
    ----------
    out : Path
        The run folder.
    images : tuple of ImageStack
        Empty for simulated data.
    labels : tuple of ndarray of uint8, shape (frame, layer, y, x) each
        Mask codes, in the order of `images`.
    classes : ClassTable or None
        What the codes mean; None takes the names in the configuration.
    preview : ImageStack or None
        One frame to show the network's present opinion on.
    warnings : tuple of str
        What the user should know about the files that were read.
    """

    out: Path
    images: tuple[ImageStack, ...] = ()
    labels: tuple[LabelArray, ...] = ()
    classes: ClassTable | None = None
    preview: ImageStack | None = None
    warnings: tuple[str, ...] = ()


def check_inputs(inputs: TrainInputs, *, layers: int, classes: int) -> None:
    """Check images, labels and that they belong together.

    Parameters
    ----------
    inputs : TrainInputs
        What to check.
    layers, classes : int
        Crystal layers and foreground classes of the network.

    Raises
    ------
    ImageError
        If an image cannot be used.
    LabelsError
        If labels do not match an image or the model, or too few classes are painted.
    """
    for stack, labels in zip(inputs.images, inputs.labels, strict=True):
        shape = check_image(stack.data, stack.name).shape
        wanted = (shape[0], layers, *shape[1:])
        if labels.shape == (shape[0], labels.shape[1], *shape[1:]) != wanted:
            raise LabelsError(
                f"The labels of {stack.name} have {labels.shape[1]} layers, the model has {layers}.",
                remedy="Give the model as many layers as the labels have: unet for one, gombnet for more.",
            )
        if labels.shape != wanted:
            raise LabelsError(
                f"The labels of {stack.name} have shape {labels.shape}; the image and the model need {wanted} "
                "(frame, layer, y, x).",
                remedy="Make the labels from this image in the Label dock, or resample them to its shape.",
            )
    _check_codes(inputs.labels, classes)


def _check_codes(labels: tuple[LabelArray, ...], classes: int) -> None:
    for array in labels:
        if not np.issubdtype(array.dtype, np.integer):
            raise LabelsError(
                f"The labels are {array.dtype}, not integers.", remedy="Convert them to integer codes."
            )
    codes = _codes_in(*labels)
    largest = classes + BACKGROUND
    if codes and (min(codes) < 0 or max(codes) > largest):
        raise LabelsError(
            f"The labels hold the codes {sorted(codes)}, but the class table ends at {largest}.",
            remedy="Add the missing classes to the table, or relabel those pixels.",
        )
    check_contrast(*labels)


def check_contrast(*labels: LabelArray) -> None:
    """Check that there is something to tell apart.

    Raises
    ------
    LabelsError
        If fewer than two codes occur.
    """
    codes = _codes_in(*labels)
    if not codes:
        raise LabelsError("No pixel is labelled.", remedy="Paint some background and some of each class first.")
    if len(codes) == 1:
        raise LabelsError(
            f"Only one code is painted: {codes.pop()}.",
            remedy="Paint at least two of background (1) and the classes (2, 3, ...).",
        )


def _codes_in(*labels: LabelArray) -> set[int]:
    return {int(code) for array in labels for code in np.unique(array)} - {0}
