"""What a heatmap will cost, before anybody asks for it."""

from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.events import JobResult, StateChanged
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.inquiry import take_frames
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.pass_time import TURNS, seconds_of_pass
from napari_strata.jobs.predict import check_calibration
from napari_strata.types import ImageStack


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a heatmap will cost, and what the network has to choose from.

    Attributes
    ----------
    passes : int
        How many times the network computes the window, a backward pass counted as one more.
    seconds : float
        About how long that takes here, with what goes before the first pass, but for a prediction [s].
    feature_maps, gates : tuple of str
        Names of the feature maps, and of those among them that are attention gates.
    """

    passes: int
    seconds: float
    feature_maps: tuple[str, ...]
    gates: tuple[str, ...]


@job
def estimate_explanation(
    control: JobControl,
    model: Path,
    image: ImageStack,
    *,
    config: ExplainConfig,
    mask: NDArray[np.bool_] | None = None,
) -> JobBody:
    """Count the passes of a method through the network, and time one of them.

    Parameters
    ----------
    control : JobControl
        Stop ends it with nothing.
    model : Path
        A bundle's folder, its card.yaml, or a run folder.
    image : ImageStack
        One frame.
    config : ExplainConfig
        Method and settings.
    mask : ndarray of bool, shape (y, x), optional
        The pixels of the target; without it, it is taken to be a pixel in the middle.

    Returns
    -------
    JobResult
        ``value`` is an `Outlook`.

    Raises
    ------
    ImageError, CalibrationError, BundleError, MethodError, DeviceError
        If an input cannot be used.
    """
    from napari_strata.explain.catalogue import passes_of
    from napari_strata.explain.prepare import prepare
    from napari_strata.explain.question import Question
    from napari_strata.explain.targets import PixelTarget, RegionTarget, check_target
    from napari_strata.models.device import resolve_device
    from napari_strata.models.registry import load_network

    shown = take_frames(image, 0, 0)
    loaded = abandonable(control, lambda: load_network(model, resolve_device(config.device)))
    check_calibration((shown,), loaded.card)
    control.run()
    yield StateChanged(control.state)
    height, width = shown.data.shape[1:]
    target = PixelTarget(height // 2, width // 2) if mask is None else RegionTarget(mask)
    check_target(target, (height, width))
    species = loaded.card.classes.names[0]  # any costs the same
    begun = monotonic()
    prepared = prepare(loaded, shown, Question(target, 0, species), config, atoms=None)
    preparing = monotonic() - begun
    control.checkpoint()
    passes = passes_of(config.method, prepared.scene)
    looks = TURNS if loaded.network.layers > 1 else 0
    seconds = preparing + (looks + passes) * seconds_of_pass(prepared)
    maps, gates = loaded.network.feature_maps(), loaded.network.attention_gates()
    return JobResult(value=Outlook(passes, seconds, tuple(maps), tuple(gates)))
