"""What a user should know about the held-out data of a training before it begins."""

from collections.abc import Iterator

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.config.training import LabelledData
from napari_strata.events import Warned
from napari_strata.losses.channels import Channels
from napari_strata.training.sources import Source
from napari_strata.training.validation import missing_classes


def doubts_of_validation(
    config: TrainConfig, source: Source, classes: ClassTable, channels: Channels
) -> Iterator[Warned]:
    """Say that nothing is held out, or which classes no held-out label shows.

    Parameters
    ----------
    config : TrainConfig
        What is learned from; crystals are simulated, and hold every class.
    source : Source
        What is held out.
    classes : ClassTable
        The classes that the network gives.
    channels : Channels
        What its channels mean.
    """
    if not source.holds_out:
        remedy = {
            "labels": "Label a second slice, or strokes farther from the others.",
            "images": "Give a second image and its target, or a larger one.",
        }
        yield Warned(
            "There is no held-out data: the averaged weights are kept, and no score can be trusted.",
            remedy.get(config.data.source, "Hold out some crystals."),
        )
    elif isinstance(config.data, LabelledData) and (
        missing := missing_classes(source.held_out(), classes, channels)
    ):
        yield Warned(
            f"No held-out label shows {' or '.join(missing)}: the score tells nothing about "
            f"{'it' if len(missing) == 1 else 'them'}.",
            f"Label {' and '.join(missing)} in one more slice, or in strokes farther from the others.",
        )
