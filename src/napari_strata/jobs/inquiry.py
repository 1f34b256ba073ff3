"""What is asked of a model about an image, for every job that explains, and what can be checked of it at once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.config import AtomsConfig, ExplainConfig, InferenceConfig, ModelCard
from napari_strata.errors import TargetError
from napari_strata.explain.question import AgainstCorrection, AgainstLayer, Question
from napari_strata.explain.targets import check_target
from napari_strata.jobs.predict import check_calibration, check_stacks
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.models.registry import LoadedModel


@dataclass(frozen=True, slots=True, eq=False)
class Inquiry:
    """A question, whom it is asked, and how it is answered.

    Attributes
    ----------
    model : Path
        A bundle's folder, its card.yaml, or a run folder.
    image : ImageStack
        The stack.
    question : Question
        Positions in px of the image. An atom target snaps to the nearest predicted atom of the layer, and its
        species is the class that is explained where none is named; elsewhere it is the class that is most probable
        in the target.
    config : ExplainConfig
        Method and its settings, tolerance of the snap, and radius of an atom's footprint.
    frame : int
        Frame of the stack, from 0.
    atoms : DataFrame or None
        Predicted atoms of this image, all frames and layers. They spare a prediction, which atom targets need
        to snap, and networks of several layers to tell which decoder drew the layer. Such networks predict all
        frames up to this one, so that a layer is the same crystal as in `predict` and `locate_atoms`.
    any_layer : bool
        Whether an atom target may be of any layer: the nearest atom of all of them is explained, in its own layer.
    inference, locating : InferenceConfig and AtomsConfig
        How to predict and to locate atoms where none are given, on the device of `config`; by default as by
        default in `locate_atoms`.
    """

    model: Path
    image: ImageStack
    question: Question
    config: ExplainConfig
    frame: int = 0
    atoms: "DataFrame | None" = None
    any_layer: bool = False
    inference: InferenceConfig = field(default_factory=InferenceConfig)
    locating: AtomsConfig = field(default_factory=AtomsConfig)

    def shown(self) -> ImageStack:
        """Return the checked frame.

        Raises
        ------
        TargetError, ImageError
            If there is no such frame, or it is no image.
        """
        return take_frames(self.image, self.frame, self.frame)


def load_checked(inquiry: Inquiry) -> tuple["LoadedModel", ImageStack]:
    """Return the network and the frame, after all that can be checked at once.

    Raises
    ------
    TargetError, ImageError, CalibrationError, BundleError, DeviceError
        If model, image and question do not fit each other.
    MethodError
        If the network cannot be explained.
    """
    from napari_strata.explain.fitness import check_network
    from napari_strata.models.device import resolve_device
    from napari_strata.models.registry import load_network

    shown = inquiry.shown()
    loaded = load_network(inquiry.model, resolve_device(inquiry.config.device))
    check_network(loaded.network)
    check_calibration((shown,), loaded.card)
    check_question(inquiry.question, loaded, (shown.data.shape[1], shown.data.shape[2]))
    return loaded, shown


def check_kind(card: ModelCard) -> None:
    """Check that a model tells classes apart, of which one can ask why.

    Raises
    ------
    TargetError
        If it gives values.
    """
    if card.model.output == "values":
        raise TargetError(
            f"The model {card.name} gives values, and heatmaps explain classes.",
            remedy="Choose another model; what this one has learned is seen in its feature maps.",
        )


def check_question(question: Question, loaded: "LoadedModel", shape: tuple[int, int]) -> None:
    """Check that a question can be asked of a model and an image of shape (y, x).

    Raises
    ------
    TargetError
        If a layer or the target does not exist, or the corrected codes have another shape.
    """
    check_kind(loaded.card)
    _check_layer(question.layer, loaded)
    check_target(question.target, shape)
    match question.against:
        case AgainstLayer(layer):
            _check_layer(layer, loaded)
            if layer == question.layer:
                raise TargetError(
                    f"Layer {layer} is compared with itself.", remedy="Choose two different layers of this model."
                )
        case AgainstCorrection(codes) if codes.shape != shape:
            raise TargetError(
                f"The corrected labels have the shape {codes.shape}, the image {shape}.",
                remedy="Choose labels of this image.",
            )


def take_frames(image: ImageStack, first: int, last: int) -> ImageStack:
    """Return checked frames, from `first` to `last` inclusive."""
    frames = 1 if image.data.ndim == 2 else len(image.data)
    if not 0 <= last < frames:
        raise TargetError(f"{image.name} has no frame {last}.", remedy=f"Choose a frame from 0 to {frames - 1}.")
    data = image.data if image.data.ndim == 2 else image.data[first : last + 1]
    (shown,) = check_stacks((ImageStack(data, image.pixel_size, image.name),))
    return shown


def _check_layer(layer: int, loaded: "LoadedModel") -> None:
    layers = loaded.network.layers
    if not 0 <= layer < layers:
        raise TargetError(
            f"The model {loaded.card.name} has no layer {layer}.",
            remedy="It has layer 0 only." if layers == 1 else f"Choose a layer from 0 to {layers - 1}.",
        )
