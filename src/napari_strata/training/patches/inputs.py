"""What a training learns from, checked before anything starts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_strata.annotation.checks import check_labels, check_painted
from napari_strata.config import ClassTable
from napari_strata.data.images import check_image
from napari_strata.errors import ImageError, LabelsError
from napari_strata.types import AnyArray, FloatImage, ImageStack, LabelArray


@dataclass(frozen=True, slots=True)
class Painted:
    """Where labels belong that no file holds, so that a run can keep them as they were painted.

    Attributes
    ----------
    frames : tuple of int
        Frames of the painted stack that the labels belong to.
    depth : int
        Frames of that stack.
    provenance : ndarray of uint8, shape (frame, layer, y, x), or None
        Where the labels come from; None where nobody knows.
    """

    frames: tuple[int, ...]
    depth: int
    provenance: LabelArray | None = None


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
    painted : Painted or None
        Given where the labels, of one image, are in no file; they are then written to the run folder.
    resumes : bool
        Whether the run folder holds a run that is to go on.
    replays : Path or None
        Folder of a run that is to be repeated.
    targets : tuple of ndarray of float32, shape (frame, layer, y, x) each
        Values in the order of `images`, NaN where unknown; empty for a network that gives classes.
    """

    out: Path
    images: tuple[ImageStack, ...] = ()
    labels: tuple[LabelArray, ...] = ()
    classes: ClassTable | None = None
    preview: ImageStack | None = None
    warnings: tuple[str, ...] = ()
    painted: Painted | None = None
    resumes: bool = False
    replays: Path | None = None
    targets: tuple[FloatImage, ...] = ()

    @property
    def truths(self) -> tuple[AnyArray, ...]:
        """What should be recognised in each image: labels, or values."""
        return self.targets or self.labels


def check_inputs(inputs: TrainInputs, *, layers: int, table: ClassTable) -> None:
    """Check images, labels and that they belong together.

    Parameters
    ----------
    inputs : TrainInputs
        What to check.
    layers : int
        Crystal layers of the network.
    table : ClassTable
        What the codes mean.

    Raises
    ------
    ImageError
        If an image cannot be used.
    LabelsError
        If labels do not match an image or the model, or too few classes are painted in a layer.
    """
    checked = []
    for stack, labels in zip(inputs.images, inputs.labels, strict=True):
        frames, *sides = check_image(stack.data, stack.name).shape
        if labels.shape == (frames, labels.shape[1], *sides) and labels.shape[1] != layers:
            raise LabelsError(
                f"The labels of {stack.name} have {labels.shape[1]} layers, the model has {layers}.",
                remedy="Give the model as many layers as the labels have: unet for one, gombnet for more.",
            )
        checked.append(check_labels(labels, (frames, layers, *sides), table, name=f"The mask of {stack.name}"))
    masks = "the masks of " + ", ".join(stack.name for stack in inputs.images)
    for layer in range(layers):
        name = masks if layers == 1 else f"layer {layer} of {masks}"
        check_painted(*(codes[:, layer] for codes in checked), table=table, name=name)


def check_pairs(inputs: TrainInputs, *, layers: int) -> None:
    """Check images, targets and that they belong together.

    Parameters
    ----------
    inputs : TrainInputs
        What to check.
    layers : int
        Crystal layers of the network.

    Raises
    ------
    ImageError
        If an image cannot be used, or a target has another shape than its image, another number of layers than the
        network, no value that is known, or an infinite one.
    """
    for stack, values in zip(inputs.images, inputs.targets, strict=True):
        frames, *sides = check_image(stack.data, stack.name).shape
        if values.shape != (frames, layers, *sides):
            raise ImageError(
                f"The target of {stack.name} has the shape {values.shape}, its image {stack.data.shape}.",
                remedy=f"Give each pixel of the image {layers} value{'s' if layers > 1 else ''}: (frame, layer, "
                "y, x), where there is one layer also (frame, y, x).",
            )
        if np.isinf(values).any() or not np.isfinite(values).any():
            raise ImageError(
                f"The target of {stack.name} has infinite values, or none that is known.",
                remedy="Set what is not known to NaN, and leave out what is not known at all.",
            )
