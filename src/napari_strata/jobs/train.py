"""Train a U-Net or a Gomb-Net, on simulated crystals or on labels."""

import functools
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.config import ClassTable, TrainConfig, TrainingConfig
from napari_strata.config.paired import PairedData
from napari_strata.config.training import SimulatedData
from napari_strata.control import JobCanceled, JobControl
from napari_strata.data.grid import scale_factor
from napari_strata.data.images import check_image
from napari_strata.events import JobResult, Progress, StateChanged, Warned
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.recorded import MODEL, recorded
from napari_strata.jobs.train_process import train_apart, trains_apart
from napari_strata.simulate.classes import class_names
from napari_strata.training.machine.ranks import is_first
from napari_strata.training.patches.inputs import TrainInputs, check_inputs, check_pairs
from napari_strata.training.run.scratch import in_scratch_run
from napari_strata.training.run.start import START, keep_start, starting_at

if TYPE_CHECKING:
    from napari_strata.losses.channels import Channels
    from napari_strata.models.network import Network
    from napari_strata.training.engine.ensemble import Training
    from napari_strata.training.engine.preview import Preview
    from napari_strata.training.patches.sources import Source
    from napari_strata.training.run.keeper import BestKeeper
    from napari_strata.training.run.session import Session


@job
def train(control: JobControl, config: TrainConfig, inputs: TrainInputs) -> JobBody:
    """Train a network and keep its best weights.

    Parameters
    ----------
    control : JobControl
        Stop keeps the best weights so far.
    config : TrainConfig
        Everything that is set.
    inputs : TrainInputs
        Arrays and the run folder, which gets config.yaml, run.json, events.jsonl, history.csv, model/, checkpoint/
        and, where labels were painted in the viewer, labels.tif and inputs/. `napari_strata.jobs.resume` makes
        them of a run that is to go on or to be repeated.

    Yields
    ------
    JobEvent
        `BatchEnded` after every step, `EpochEnded`, `PreviewReady` now and then.

    Returns
    -------
    JobResult
        ``value`` is the bundle's Path; figures of the best epoch.
    """
    if trains_apart(config.training):
        return (yield from train_apart(control, config, inputs))
    return (yield from train_here(control, config, inputs))


def train_here(control: JobControl, config: TrainConfig, inputs: TrainInputs) -> JobBody:
    """Train in this process; `train` decides where, and tells the rest."""
    if is_first():
        return (yield from _train_in_folder(control, config, inputs))
    with in_scratch_run(inputs) as own, suppress(JobCanceled):  # it has nothing of its own to keep
        for _event in _train_in_folder(control, config, own):
            pass  # the first process tells what happens
    return JobResult()


def _train_in_folder(control: JobControl, config: TrainConfig, inputs: TrainInputs) -> JobBody:
    from napari_strata.training.machine.determinism import deterministic
    from napari_strata.training.run.data import config_in_run
    from napari_strata.training.run.record import RunRecord
    from napari_strata.training.run.session import Session
    from napari_strata.training.run.tensorboard import with_board

    with deterministic(config.training.deterministic):
        classes = class_table(config, inputs)
        check(config, inputs, classes)
        in_run = starting_at(config_in_run(config, inputs), START)
        with RunRecord(inputs.out, in_run, resumes=inputs.resumes) as record:
            session = Session(record, config, inputs)
            body = _train(control, config, inputs, classes, session)
            if config.training.tensorboard and is_first():
                body = with_board(body, inputs.out)
            return (yield from recorded(body, control, record, inputs.out))


def with_absolute_paths(config: TrainConfig, base: Path) -> TrainConfig:
    """Resolve the paths in a configuration against the folder of its file, so that it holds anywhere."""
    config = starting_at(config, (base / config.training.start.model).resolve())
    data = config.data
    if isinstance(data, SimulatedData):
        beside = data.model_copy(update={"simulation": data.simulation.beside(base)})
        return config.model_copy(update={"data": beside})
    absolute = {name: tuple((base / path).resolve() for path in paths) for name, paths in data.files.items()}
    return config.model_copy(update={"data": data.model_copy(update=absolute)})


def class_table(config: TrainConfig, inputs: TrainInputs) -> ClassTable:
    """Return what the codes of labels mean; a network that gives values has one class that names them."""
    if isinstance(config.data, SimulatedData):
        return ClassTable.from_names(class_names(config.data.simulation))
    if isinstance(config.data, PairedData):
        return ClassTable.from_names(("value",))
    return inputs.classes or ClassTable.from_names(config.data.classes)


def read_inputs(config: TrainConfig, *, out: Path) -> TrainInputs:
    """Read the files that a configuration names.

    Parameters
    ----------
    config : TrainConfig
        The configuration, its paths absolute or relative to the working folder.
    out : Path
        The run folder.

    Raises
    ------
    ImageError, LabelsError, TableError, CalibrationError, ConfigError
        If a file cannot be read or used.
    """
    if isinstance(config.data, SimulatedData):
        return TrainInputs(out)
    from napari_strata.io.images import read_image
    from napari_strata.io.values import read_values
    from napari_strata.training.patches.learned import doubts_of, read_labels

    data = config.data
    doubts = () if isinstance(data, PairedData) else doubts_of(data)
    files = [read_image(path, pixel_size=data.image_pixel_size) for path in data.images]
    stacks = tuple(file.stack for file in files)
    warnings = (*doubts, *(warning for file in files for warning in file.warnings))
    if isinstance(data, PairedData):
        return TrainInputs(out, stacks, targets=tuple(map(read_values, data.targets)), warnings=warnings)
    return TrainInputs(out, stacks, read_labels(data, stacks, layers=config.model.layers), warnings=warnings)


def check(config: TrainConfig, inputs: TrainInputs, classes: ClassTable) -> None:
    """Check that a training can begin.

    Raises
    ------
    ConfigError, ImageError, LabelsError, CalibrationError
        Saying what cannot be used, and why.
    """
    from napari_strata.training.patches.overlaps import output_classes

    output_classes(config, classes)
    if isinstance(config.data, PairedData):
        check_pairs(inputs, layers=config.model.layers)
    elif not isinstance(config.data, SimulatedData):
        check_inputs(inputs, layers=config.model.layers, table=classes)
    if inputs.preview is not None:
        check_image(inputs.preview.data, inputs.preview.name)
    for image in (*inputs.images, *([inputs.preview] if inputs.preview else [])):
        scale_factor(image.pixel_size, config.model.pixel_size)


def _train(
    control: JobControl, config: TrainConfig, inputs: TrainInputs, classes: ClassTable, session: "Session"
) -> JobBody:
    from napari_strata.training.engine.preview import make_preview
    from napari_strata.training.engine.transfer import origin, starting_network, tell
    from napari_strata.training.machine.memory import memory_need, memory_warnings
    from napari_strata.training.patches.overlaps import output_classes
    from napari_strata.training.patches.sources import make_source
    from napari_strata.training.run.data import keep_painted
    from napari_strata.training.run.doubts import doubts_of_size, doubts_of_validation

    if not inputs.resumes:
        keep_painted(inputs)
    for warning in (*inputs.warnings, *config.training.augmentation.doubts(config.model.pixel_size)):
        yield Warned(warning)
    yield Progress(0.0, "Preparing the network and the training data")
    config = keep_start(config, inputs.out)
    outputs, channels = output_classes(config, classes)
    network, transfer = starting_network(config, outputs)
    yield from tell(transfer)
    source = make_source(config, inputs, classes, receptive_field=network.receptive_field)
    yield from doubts_of_size(config, inputs)
    yield from doubts_of_validation(
        config, inputs, source, outputs, channels, receptive_field=network.receptive_field
    )
    yield from memory_warnings(
        memory_need(config.model, config.training, network.classes, seen=_seen(inputs, config))
    )
    preview = make_preview(config, inputs, receptive_field=network.receptive_field)
    trainer = _trainer(config, network, (outputs, channels), source, session, preview)
    trained_on = source.description + origin(transfer)
    keeper = _keeper(config, inputs, outputs, trained_on, source)
    session.begin(trainer, keeper, source)
    for doubt in session.doubts():
        yield Warned(f"The weights may differ in their last bits: {doubt}.")
    control.run()
    yield StateChanged(control.state)
    ending = yield from trainer.run(control, keeper, session.save)
    if not keeper.figures:
        raise JobCanceled
    figures = {**keeper.figures, "steps": ending.steps, "seconds": round(ending.seconds, 1), "ended_by": ending.by}
    figures |= session.comparison()
    if preview is not None:
        figures["preview_share"] = round(preview.share, 3)
    paths = {"run": str(inputs.out), "model": str(inputs.out / MODEL)}
    return JobResult({**figures, "trained_on": trained_on}, paths, inputs.out / MODEL)


def _keeper(
    config: TrainConfig, inputs: TrainInputs, classes: ClassTable, trained_on: str, source: "Source"
) -> "BestKeeper":
    """Keep the best weights, and with them the looks of simulated images: each is new, those of labels are few."""
    from napari_strata.training.patches.seen import seen_in
    from napari_strata.training.patches.sources import value_scale_of
    from napari_strata.training.run.keeper import BestKeeper

    is_new = isinstance(config.data, SimulatedData)
    seen = functools.partial(seen_in, source) if is_new else None
    return BestKeeper(inputs.out / MODEL, config, classes, trained_on, value_scale_of(source), seen)


def _seen(inputs: TrainInputs, config: TrainConfig) -> int:
    """Return how many pixels of the network's grid a preview predicts at once."""
    if inputs.preview is None:
        return 0
    factor = scale_factor(inputs.preview.pixel_size, config.model.pixel_size)
    height, width = inputs.preview.data.shape[-2:]
    pixels: int = round(height * width * factor**2)
    return pixels


def _trainer(
    config: TrainConfig,
    network: "Network",
    outputs: "tuple[ClassTable, Channels]",
    source: "Source",
    session: "Session",
    preview: "Preview | None",
) -> "Training":
    from napari_strata.training.engine.ensemble import make_training
    from napari_strata.training.engine.loop import Trainer
    from napari_strata.training.engine.pins import PinBoard
    from napari_strata.training.engine.transfer import starting_network
    from napari_strata.training.machine.fabric import make_fabric

    training, (classes, channels) = session.training, outputs
    pins = PinBoard(source.frames, receptive_field=network.receptive_field, channels=channels)
    fabric = make_fabric(training)

    def make_trainer(member: TrainingConfig, first_batch: int) -> Trainer:
        own = network
        if first_batch:
            own, _transfer = starting_network(config.model_copy(update={"training": member}), classes)
        return Trainer(
            own,
            source,
            member,
            fabric=fabric,
            preview=preview,
            clock=session.clock(member, first_batch),
            log=session.log,
            pins=pins,
            channels=channels,
        )

    return make_training(training, make_trainer)
