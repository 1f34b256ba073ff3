"""Explain one place after another, wherever the cursor is."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.errors import StrataError
from napari_strata.events import Glimpsed, JobResult, StateChanged
from napari_strata.explain.question import Against
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.predict import check_calibration, check_stacks
from napari_strata.requests import ProbeAt
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.explain.probe import Prober
    from napari_strata.models.registry import LoadedModel

_DRAWING = 0.1
"""For how long nothing is worked ahead after an answer, which is being drawn on the same cores [s]."""


@job
def probe(
    control: JobControl,
    model: Path,
    image: ImageStack,
    *,
    kind: Literal["pixel", "atom"],
    layer: int | None,
    species: str | None = None,
    against: Sequence[Against | None] | None = None,
    config: ExplainConfig,
    atoms: "DataFrame | None" = None,
) -> JobBody:
    """Answer `napari_strata.requests.ProbeAt` until stopped; of those that wait only the last.

    What it learns of a frame it keeps until another frame is asked for. While nothing is asked it works ahead.

    Parameters
    ----------
    control : JobControl
        Where the requests come from; those that come before the job runs are lost.
    model : Path
        A bundle's folder, its card.yaml, or a run folder.
    image : ImageStack
        The stack.
    kind : {"pixel", "atom"}
        What is explained.
    layer : int or None
        Crystal layer; None takes that of the nearest atom, and for a pixel layer 0.
    species : str, optional
        Class; without it that of the atom, or the most probable one.
    against : sequence of Against or None, optional
        By crystal layer, rather than what; without it, background.
    config : ExplainConfig
        Method, one of `napari_strata.explain.quick.QUICK`, tolerance of the snap, radius of an atom's footprint.
    atoms : DataFrame, optional
        Predicted atoms of this image, all frames and layers; needed for atoms.

    Yields
    ------
    JobEvent
        `Glimpsed` with every answer, or with the reason why there is none.
    """
    from napari_strata.models.device import resolve_device
    from napari_strata.models.registry import load_network

    loaded = abandonable(control, lambda: load_network(model, resolve_device(config.device)))
    check_calibration((image,), loaded.card)
    control.run()
    yield StateChanged(control.state)
    prober: Prober | None = None

    def rather(layer: int) -> Against | None:
        return None if against is None else against[layer]

    at: ProbeAt | None = None
    while not control.stop_requested:
        asked = [request for request in control.take_requests() if isinstance(request, ProbeAt)]
        if asked:
            before, at = at, asked[-1]
            try:
                if prober is None or before is None or before.frame != at.frame:
                    prober = _make_prober(loaded, image, at.frame, config, atoms)
                found = prober.at(at.y, at.x, kind, layer=layer, species=species, against=rather)
                yield Glimpsed(at, found)
            except StrataError as error:
                yield Glimpsed(at, None, error)
            control.wait_for_requests(_DRAWING)
        elif at is not None and prober is not None and not prober.is_ready:
            prober.look_ahead(
                at.y, at.x, is_wanted=lambda: not control.has_requests and not control.stop_requested
            )
        else:
            control.wait_for_requests()
    return JobResult()


def _make_prober(
    loaded: "LoadedModel", image: ImageStack, frame: int, config: ExplainConfig, atoms: "DataFrame | None"
) -> "Prober":
    from napari_strata.explain.probe import Prober

    data = image.data if image.data.ndim == 2 else image.data[frame : frame + 1]
    (shown,) = check_stacks((ImageStack(data, image.pixel_size, image.name),))
    return Prober(loaded, shown, config, atoms=None if atoms is None else atoms[atoms["frame"] == frame])
