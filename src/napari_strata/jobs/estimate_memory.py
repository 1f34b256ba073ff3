"""Estimate before a training how much memory it will take."""

from napari_strata.config import ModelConfig, TrainingConfig
from napari_strata.control import JobControl
from napari_strata.events import JobResult, StateChanged
from napari_strata.jobs.job import JobBody, job


@job
def estimate_memory(
    control: JobControl, model: ModelConfig, training: TrainingConfig, *, classes: int, seen: int = 0
) -> JobBody:
    """Measure on small patches what a training takes at its peak; takes some tenths of a second.

    Parameters
    ----------
    control : JobControl
        A stop leaves nothing.
    model : ModelConfig
        The network.
    training : TrainingConfig
        How it is to be trained.
    classes : int
        Foreground classes.
    seen : int
        Pixels, on the network's grid, of the largest image that is predicted at once.

    Returns
    -------
    JobResult
        ``value`` is the `MemoryNeed`; figures ``peak`` and ``free`` [bytes], ``fitting_batch``.

    Raises
    ------
    DeviceError
        If this machine lacks the device.
    """
    from napari_strata.training.machine.memory import memory_need

    control.run()  # after the import, which takes seconds the first time
    yield StateChanged(control.state)
    need = memory_need(model, training, classes, seen=seen)
    return JobResult({"peak": need.peak, "free": need.free, "fitting_batch": need.fitting_batch}, value=need)
