"""Find a learning rate for a training by a short one whose rate rises; nothing is kept of it."""

from napari_strata.config import TrainConfig
from napari_strata.control import JobControl
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.train import check, class_table
from napari_strata.training.patches.inputs import TrainInputs


@job
def find_learning_rate(control: JobControl, config: TrainConfig, inputs: TrainInputs) -> JobBody:
    """Propose a learning rate; no file is written, and no weights are kept.

    Parameters
    ----------
    control : JobControl
        A stop leaves nothing.
    config : TrainConfig
        The training that is meant; its devices count as one.
    inputs : TrainInputs
        Arrays; the run folder is left alone.

    Yields
    ------
    JobEvent
        `Progress` after every step.

    Returns
    -------
    JobResult
        ``value`` is the `RateSweep`; the figure ``learning_rate`` is what it proposes.

    Raises
    ------
    ImageError, LabelsError, BundleError, DeviceError
        If the training could not begin either.
    TrainingError
        If the loss falls nowhere.
    """
    from napari_strata.training.engine.rate_finder import sweep_rates
    from napari_strata.training.engine.transfer import starting_network
    from napari_strata.training.machine.fabric import make_fabric
    from napari_strata.training.patches.overlaps import output_classes
    from napari_strata.training.patches.sources import make_source

    classes = class_table(config, inputs)
    check(config, inputs, classes)
    yield Progress(0.0, "Preparing the network and the training data")
    training = config.training.model_copy(update={"devices": 1, "nodes": 1})
    outputs, channels = output_classes(config, classes)
    network, _transfer = starting_network(config, outputs)
    source = make_source(config, inputs, classes, receptive_field=network.receptive_field)
    fabric = make_fabric(training)
    control.run()
    yield StateChanged(control.state)
    sweep = yield from sweep_rates(network, source, training, fabric=fabric, control=control, channels=channels)
    return JobResult({"learning_rate": sweep.proposed, "steps": len(sweep.rates)}, value=sweep)
