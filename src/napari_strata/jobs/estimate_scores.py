"""What it will cost to score atoms, before anybody asks for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.atom_scores import AtomScoresConfig
from napari_strata.control import JobControl
from napari_strata.events import JobResult, StateChanged
from napari_strata.explain.many.atom_scores import Disks
from napari_strata.explain.quick import QUICK
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.inquiry import Inquiry, load_checked
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.pass_time import seconds_of_pass
from napari_strata.jobs.score_atoms import MANY
from napari_strata.jobs.stoppable import stoppable
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from napari_strata.models.registry import LoadedModel


@dataclass(frozen=True, slots=True)
class ScoresOutlook:
    """What it costs to score atoms.

    Attributes
    ----------
    first : float
        Time that a frame takes before its first atom [s].
    each : float
        Time of the map of every atom [s].
    few : float
        Time of looking at what is near an atom, where a frame has fewer than `MANY` to score [s].
    square : float
        Time of looking at all atoms of a wide square, where it has more [s].
    side : float
        Side of such a square [px of the image].
    """

    first: float
    each: float
    few: float = 0.0
    square: float = 0.0
    side: float = 1.0

    def seconds(self, places: NDArray[Any]) -> float:
        """Return how long atoms take [s] that are at some places, (n, 2) as (y, x) or (n, 3) as (frame, y, x)."""
        frames = np.rint(places[:, 0]) if places.shape[1] > 2 else np.zeros(len(places))
        return sum(self._seconds(places[frames == frame, -2:]) for frame in np.unique(frames))

    def _seconds(self, places: NDArray[Any]) -> float:
        count, squares = len(places), len(np.unique(np.floor(places / self.side), axis=0))
        looking = self.few * count if count < MANY else self.square * squares
        return self.first + looking + self.each * count


@job
def estimate_scores(control: JobControl, inquiry: Inquiry) -> JobBody:
    """Time what scoring atoms takes, and reckon slow methods from their passes and the time of one.

    Parameters
    ----------
    control : JobControl
        Stop ends it with nothing.
    inquiry : Inquiry
        The settings, all atoms of the frame, and a pixel that stands for an atom.

    Returns
    -------
    JobResult
        ``value`` is a `ScoresOutlook`.

    Raises
    ------
    TargetError, ImageError, CalibrationError, BundleError, MethodError, DeviceError
        If an input cannot be used.
    """
    loaded, shown = abandonable(control, lambda: load_checked(inquiry))
    control.run()
    yield StateChanged(control.state)
    with stoppable(loaded.network, control):
        first, few, each = (_quickly if inquiry.config.method in QUICK else _slowly)(loaded, shown, inquiry)
        square, side = _square(loaded, shown)
    disks, _ = _timed(lambda: _disks(loaded, shown, inquiry))
    return JobResult(value=ScoresOutlook(first + disks, each, few, square, side))


def _quickly(loaded: "LoadedModel", shown: ImageStack, inquiry: Inquiry) -> tuple[float, float, float]:
    """Time what makes answers ready, and by how much the first one takes longer than the next."""
    from napari_strata.explain.probe import Prober

    Prober(loaded, shown, inquiry.config, atoms=None).answer(inquiry.question)  # what libraries need only once
    begin, prober = _timed(lambda: Prober(loaded, shown, inquiry.config, atoms=inquiry.atoms))
    first, _ = _timed(lambda: prober.answer(inquiry.question))
    again, _ = _timed(lambda: prober.answer(inquiry.question))
    return begin, max(first - again, 0.0), again


def _slowly(loaded: "LoadedModel", shown: ImageStack, inquiry: Inquiry) -> tuple[float, float, float]:
    """Time how atoms are prepared, the first one and the next, and a pass of the method."""
    from napari_strata.explain.catalogue import passes_of
    from napari_strata.explain.prepare import prepare, share_sightings

    question, config = inquiry.question, inquiry.config
    prepare(loaded, shown, question, config, atoms=None)  # what libraries need only once
    begin, seen = _timed(lambda: share_sightings(loaded, shown, inquiry.atoms))

    def make_ready() -> Any:
        return prepare(loaded, shown, question, config, atoms=inquiry.atoms, sightings=seen)

    first, _ = _timed(make_ready)
    again, prepared = _timed(make_ready)
    mapping = passes_of(config.method, prepared.scene) * seconds_of_pass(prepared)
    return begin, max(first - again, 0.0), again + mapping


def _square(loaded: "LoadedModel", shown: ImageStack) -> tuple[float, float]:
    """Time one look at all atoms of a wide square, and return its side in the image [px]."""
    from napari_strata.data.grid import to_network_grid
    from napari_strata.data.turns import padded
    from napari_strata.explain.sightings import WIDE_BLOCK, Sightings
    from napari_strata.explain.undisturbed import undisturbed
    from napari_strata.models.cropped import can_be_cropped

    network, frame = loaded.network, shown.data[0]
    grid = to_network_grid(frame, shown.pixel_size, loaded.card.model.pixel_size)
    side = WIDE_BLOCK * frame.shape[0] / grid.shape[0]
    if network.layers == 1 or not can_be_cropped(network):
        return 0.0, side
    last = np.minimum(grid.shape, WIDE_BLOCK) - 1
    weights = np.zeros_like(padded(grid, network.stride))
    weights[tuple(last // 2)] = 1
    corners = [np.array([[0, 0], last // 2, last], np.float64)] * network.layers
    sightings = Sightings(network, padded(grid, network.stride), corners, for_many=True)
    with undisturbed(network):
        looking, _ = _timed(lambda: sightings.see(weights))
    return looking, side


def _disks(loaded: "LoadedModel", shown: ImageStack, inquiry: Inquiry) -> Disks | None:
    if inquiry.atoms is None or shown.pixel_size is None:
        return None
    height, width = shown.data.shape[1:]
    radius, layers = AtomScoresConfig().disk, loaded.network.layers
    return Disks(inquiry.atoms, (height, width), layers=layers, pixel_size=shown.pixel_size, radius=radius)


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long a call takes [s], and what it returns."""
    begun = time.monotonic()
    found = call()
    return time.monotonic() - begun, found
