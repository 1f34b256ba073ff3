"""What a user should know about the data of a training before it begins."""

import math
from collections.abc import Iterator

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.config.paired import PairedData
from napari_strata.config.training import LabelledData, SimulatedData
from napari_strata.data.grid import scale_factor
from napari_strata.events import Warned
from napari_strata.losses.channels import Channels
from napari_strata.training.engine.validation import classes_not_in, missing_classes
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.training.patches.sources import Source
from napari_strata.types import BACKGROUND

GRADATION = 16
"""Between the sides of patches that may be proposed [px]."""


def doubts_of_size(config: TrainConfig, inputs: TrainInputs) -> Iterator[Warned]:
    """Say that an image is smaller than a patch, and which patches fit.

    Parameters
    ----------
    config : TrainConfig
        The side of a patch, and the network's pixel size.
    inputs : TrainInputs
        The images.
    """
    patch = config.training.patch_size
    factors = [scale_factor(image.pixel_size, config.model.pixel_size) for image in inputs.images]
    sides = [round(min(one.data.shape[-2:]) * factor) for one, factor in zip(inputs.images, factors, strict=True)]
    least = min(sides, default=patch)
    if least >= patch:
        return
    step = max(GRADATION, 2 ** (len(config.model.filters) - 1))
    fits = least // step * step
    what = "The image" if len(sides) == 1 else "An image"
    grid = "" if config.model.pixel_size is None else " at the network's pixel size"
    yield Warned(
        f"{what} is smaller than a patch, {least} px of {patch} px{grid}: it is padded by its mirror image.",
        f"Set the patch size to {fits} px." if fits else "Give larger images.",
    )


def doubts_of_validation(
    config: TrainConfig,
    inputs: TrainInputs,
    source: Source,
    classes: ClassTable,
    channels: Channels,
    *,
    receptive_field: int,
) -> Iterator[Warned]:
    """Say that nothing is held out, or which classes no label, or no held-out label, shows.

    Parameters
    ----------
    config : TrainConfig
        What is learned from; crystals are simulated, and hold every class.
    inputs : TrainInputs
        The images.
    source : Source
        What is learned from, and what is held out.
    classes : ClassTable
        The classes that the network gives.
    channels : Channels
        What its channels mean.
    receptive_field : int
        Radius of the network's receptive field [px].
    """
    unpainted: tuple[str, ...] = ()
    if isinstance(config.data, LabelledData):
        unpainted = classes_not_in((frame.codes for frame in source.frames), classes, channels)
    if unpainted:
        yield Warned(
            f"Nothing is labelled {' or '.join(unpainted)}: the network cannot learn {_them(unpainted)}.",
            f"Label {' and '.join(unpainted)}, best in two slices or more, or remove the class.",
        )
    if not source.holds_out:
        yield Warned(
            "There is no held-out data: the averaged weights are kept, and no score can be trusted.",
            how_to_hold_out(config, inputs, receptive_field=receptive_field),
        )
    elif isinstance(config.data, LabelledData):
        missing = missing_classes(source.held_out(), classes, channels)
        unscored = tuple(name for name in missing if name not in unpainted)
        if unscored:
            names = " or ".join(unscored)
            yield Warned(
                f"No held-out label shows {names}: the score tells nothing about {_them(unscored)}.",
                _how_to_label(" and ".join(unscored), config, inputs, receptive_field),
            )


def how_to_hold_out(config: TrainConfig, inputs: TrainInputs, *, receptive_field: int) -> str:
    """Say what to do so that something can be held out.

    Parameters
    ----------
    config : TrainConfig
        What is learned from, and the network's pixel size.
    inputs : TrainInputs
        The images.
    receptive_field : int
        Radius of the network's receptive field, on its own grid [px].
    """
    if isinstance(config.data, SimulatedData):
        return "Hold out some crystals."
    if isinstance(config.data, PairedData):
        return "Give a second image and its target, or a larger one."
    return _how_to_label("every class", config, inputs, receptive_field)


def _how_to_label(what: str, config: TrainConfig, inputs: TrainInputs, receptive_field: int) -> str:
    """Say where to label so that no training pixel sees what is held out, in pixels of the image.

    Strokes that are one pixel of the network's grid farther apart than it sees are separate; another one is lost
    where labels are resampled to that grid.
    """
    image = inputs.images[0]
    frames = sum(len(one.data) for one in inputs.images) if inputs.painted is None else inputs.painted.depth
    labelled = sum(bool((frame >= BACKGROUND).any()) for codes in inputs.labels for frame in codes)
    reach = math.ceil((receptive_field + 2) / scale_factor(image.pixel_size, config.model.pixel_size))
    ways = [f"label {what} in one more slice"] if frames > 1 else []
    if labelled == 1 and max(image.data.shape[-2:]) > reach + 1:
        ways.append(f"label {what} at two places more than {reach} px apart")
    if not ways:
        ways.append(f"take a network that sees less far than {reach} px (fewer filters), or a larger image")
    words = ", or ".join(ways)
    return f"{words[0].upper()}{words[1:]}."


def _them(names: tuple[str, ...]) -> str:
    return "it" if len(names) == 1 else "them"
