"""Show what a network will see: patches as they are drawn, and as they are varied, in a training."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_strata.config import TrainConfig, TrainingConfig
from napari_strata.control import JobControl
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.train import check, class_table
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.types import FloatImage, LabelArray

if TYPE_CHECKING:
    from napari_strata.training.patches.batches import Patch


@dataclass(frozen=True, slots=True, eq=False)
class SeenPatch:
    """One patch, before and after it is varied.

    Attributes
    ----------
    drawn, varied : ndarray of float32, shape (y, x)
        Normalised intensities.
    drawn_labels, varied_labels : ndarray of uint8, shape (layer, y, x)
        Mask codes.
    frame : int or None
        The slice that it was cut out of; None for what was simulated.
    box : (int, int, int, int)
        Its top, left, bottom and right edge there, on the image's own grid [px].
    """

    drawn: FloatImage
    varied: FloatImage
    drawn_labels: LabelArray
    varied_labels: LabelArray
    frame: int | None = None
    box: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class SeenPatches:
    """Patches, and what they are drawn from in words."""

    patches: tuple[SeenPatch, ...]
    description: str


@job
def show_patches(
    control: JobControl, config: TrainConfig, inputs: TrainInputs, *, first: int = 0, count: int = 12
) -> JobBody:
    """Draw the very patches that a training with these settings learns from, one batch after the other.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    config : TrainConfig
        Everything that is set.
    inputs : TrainInputs
        Arrays; nothing is written to the run folder.
    first : int
        Patches to leave out.
    count : int
        Patches to draw.

    Yields
    ------
    JobEvent
        `Progress` before each patch.

    Returns
    -------
    JobResult
        ``value`` is a `SeenPatches`.

    Raises
    ------
    ConfigError, ImageError, LabelsError, CalibrationError
        If a training could not begin.
    """
    from napari_strata.data.grid import scale_factor
    from napari_strata.models.registry import build_network
    from napari_strata.training.patches.sources import make_source

    classes = class_table(config, inputs)
    check(config, inputs, classes)
    control.run()
    yield StateChanged(control.state)
    yield Progress(0.0, "Preparing")
    network = build_network(config.model, len(classes.classes))
    source = make_source(config, inputs, classes, receptive_field=network.receptive_field)
    factor = scale_factor(inputs.images[0].pixel_size, config.model.pixel_size) if inputs.images else 1.0
    seen = []
    for number in range(count):
        control.checkpoint()
        yield Progress(number / count, f"Patch {number + 1} of {count}")
        step, item = divmod(first + number, config.training.batch_size)
        seen.append(_seen(source.patch(step, item), config.training, step, item, factor))
    control.checkpoint()
    return JobResult({"patches": count}, value=SeenPatches(tuple(seen), source.description))


def _seen(patch: "Patch", config: TrainingConfig, number: int, item: int, factor: float) -> SeenPatch:
    import torch

    from napari_strata.training.patches.augmented import augmented
    from napari_strata.training.patches.batches import Batch

    images, truth = augmented(Batch.of([patch]), number, [item], config, torch.device("cpu"))
    edge = (patch.image.shape[-1] - config.patch_size) // 2
    centre = (slice(edge, edge + config.patch_size),) * 2
    seen = SeenPatch(
        drawn=patch.image[centre],
        varied=images[0, 0].numpy(),
        drawn_labels=patch.labels[:, *centre],
        varied_labels=truth.labels[0].numpy(),
    )
    if patch.place is None:
        return seen
    y, x = patch.place.y, patch.place.x
    top, left, bottom, right = (
        round(end / factor) for end in (y, x, y + config.patch_size, x + config.patch_size)
    )
    return replace(seen, frame=patch.place.frame, box=(top, left, bottom, right))
