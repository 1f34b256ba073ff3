"""List the models that come with the package."""

from pathlib import Path
from typing import Any

from napari_strata.config import ModelCard
from napari_strata.control import JobControl
from napari_strata.events import JobResult, StateChanged
from napari_strata.io.bundle import read_card
from napari_strata.io.bundled import bundled_models
from napari_strata.jobs.job import JobBody, job


@job
def list_models(control: JobControl) -> JobBody:
    """Say of every model that comes with the package what it finds, and in which images.

    Returns
    -------
    JobResult
        ``figures`` by the names of the models; ``value`` is the tuple of their folders.

    Raises
    ------
    BundleError
        If a card cannot be read.
    """
    control.run()
    yield StateChanged(control.state)
    folders = bundled_models()
    return JobResult({folder.name: describe(read_card(folder), folder) for folder in folders}, {}, folders)


def describe(card: ModelCard, folder: Path) -> dict[str, Any]:
    """Return in plain data what a model is and the range in which it was trained.

    Parameters
    ----------
    card : ModelCard
        Its card.
    folder : Path
        Its folder.
    """
    grid = card.model.pixel_size
    described: dict[str, Any] = {
        "architecture": card.model.architecture,
        "layers": card.model.layers,
        "species": list(card.classes.names),
        "pixel_size_A": grid,
        "coarsest_pixel_size_A": card.coarsest,
        "trained_on": card.learned_from,
        "size_MB": round((folder / card.weights_file).stat().st_size / 1e6, 2),
        "figures": dict(card.figures),
    }
    if card.seen is not None:
        spacing = [round(period, 3) for period in card.spacings or card.seen.spacing]
        described["seen"] = {
            ("clearest_spacing_A" if grid else "clearest_spacing_px"): spacing,
            "order": list(card.seen.order),
            "noise": list(card.seen.noise),
            "skewness": list(card.seen.skewness),
        }
    return described
