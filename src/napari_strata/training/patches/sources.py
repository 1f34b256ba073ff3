"""The source of patches that a configuration asks for, ready to be corrected while the network trains."""

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.config.paired import PairedData
from napari_strata.config.training import SimulatedData
from napari_strata.data.augmentation import margin
from napari_strata.training.patches.corrections import LearnedFrames
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.training.patches.labelled import LabelledSource
from napari_strata.training.patches.mixed import MixedSource
from napari_strata.training.patches.overlaps import joined_codes
from napari_strata.training.patches.paired import PairedSource
from napari_strata.training.patches.recent import RecentCorrections
from napari_strata.training.patches.simulated import SimulatedSource

Source = LabelledSource | MixedSource | PairedSource


def value_scale_of(source: Source) -> tuple[float, float] | None:
    """Return offset and spread of values in units of their own, where a source has such."""
    scale = source.scale if isinstance(source, PairedSource) else None
    return None if scale is None else (scale.offset, scale.spread)


def make_source(config: TrainConfig, inputs: TrainInputs, classes: ClassTable, *, receptive_field: int) -> Source:
    """Make the source of patches.

    Parameters
    ----------
    config : TrainConfig
        Everything that is set.
    inputs : TrainInputs
        Checked images and labels.
    classes : ClassTable
        What the codes of labels mean.
    receptive_field : int
        Radius of the network's receptive field [px].

    Raises
    ------
    LabelsError
        If fewer than two codes are left on the network's grid.
    """
    training, pixel_size = config.training, config.model.pixel_size
    edge = margin(training.augmentation, training.patch_size)
    recent = RecentCorrections(training.corrections, training.steps_per_epoch)
    if isinstance(config.data, SimulatedData):
        return _mixed(config, config.data, classes, recent, receptive_field=receptive_field)
    if isinstance(config.data, PairedData):
        return PairedSource(
            inputs.images,
            inputs.targets,
            units=config.data.units,
            patch_size=training.patch_size,
            margin=edge,
            pixel_size=pixel_size,
            receptive_field=receptive_field,
            validation_fraction=training.validation_fraction,
            seed=training.seed,
        )
    return LabelledSource(
        inputs.images,
        inputs.labels,
        table=classes,
        patch_size=training.patch_size,
        margin=edge,
        pixel_size=pixel_size,
        receptive_field=receptive_field,
        validation_fraction=training.validation_fraction,
        seed=training.seed,
        recent=recent,
        loss=training.loss,
        joined=joined_codes(config, classes),
        frames=None if inputs.painted is None else inputs.painted.frames,
    )


def _mixed(
    config: TrainConfig,
    data: SimulatedData,
    classes: ClassTable,
    recent: RecentCorrections,
    *,
    receptive_field: int,
) -> MixedSource:
    """Make the source of simulated crystals, and of what is corrected meanwhile."""
    training, pixel_size = config.training, config.model.pixel_size
    assert pixel_size is not None, "TrainConfig demands it"
    edge = margin(training.augmentation, training.patch_size)
    crystals = SimulatedSource(
        data,
        patch_size=training.patch_size,
        margin=edge,
        pixel_size=pixel_size,
        held_out=training.validation_crops,
        seed=training.seed,
        loss=training.loss,
    )
    frames = LearnedFrames(
        layers=config.model.layers,
        classes=len(classes.classes),
        patch_size=training.patch_size,
        margin=edge,
        pixel_size=pixel_size,
        receptive_field=receptive_field,
        recent=recent,
        loss=training.loss,
    )
    return MixedSource(crystals, frames, seed=training.seed)
