"""What a user should know about the data of a training before it begins."""

from collections.abc import Iterator

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.config.training import LabelledData
from napari_strata.data.grid import scale_factor
from napari_strata.events import Warned
from napari_strata.losses.channels import Channels
from napari_strata.training.engine.validation import classes_not_in, missing_classes
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.training.patches.sources import Source

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
    config: TrainConfig, source: Source, classes: ClassTable, channels: Channels
) -> Iterator[Warned]:
    """Say that nothing is held out, or which classes no label, or no held-out label, shows.

    Parameters
    ----------
    config : TrainConfig
        What is learned from; crystals are simulated, and hold every class.
    source : Source
        What is learned from, and what is held out.
    classes : ClassTable
        The classes that the network gives.
    channels : Channels
        What its channels mean.
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
        remedy = {
            "labels": "Label a second slice, or strokes farther from the others.",
            "images": "Give a second image and its target, or a larger one.",
        }
        yield Warned(
            "There is no held-out data: the averaged weights are kept, and no score can be trusted.",
            remedy.get(config.data.source, "Hold out some crystals."),
        )
    elif isinstance(config.data, LabelledData):
        missing = missing_classes(source.held_out(), classes, channels)
        yield from _unscored(tuple(name for name in missing if name not in unpainted))


def _unscored(missing: tuple[str, ...]) -> Iterator[Warned]:
    if missing:
        yield Warned(
            f"No held-out label shows {' or '.join(missing)}: the score tells nothing about {_them(missing)}.",
            f"Label {' and '.join(missing)} in one more slice, or in strokes farther from the others.",
        )


def _them(names: tuple[str, ...]) -> str:
    return "it" if len(names) == 1 else "them"
