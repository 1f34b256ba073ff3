"""A question on its way through a job."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_strata.control import JobControl
from napari_strata.jobs.job import Job
from napari_strata.widgets.layers.map_words import answer_words, score_words
from napari_strata.widgets.layers.targets import Chosen
from napari_strata.widgets.maps.asked import Asked

if TYPE_CHECKING:
    from napari.layers import Image, Layer

    from napari_strata.explain.heatmap import Heatmap


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What was asked for when a job was started.

    Attributes
    ----------
    asked : Asked
        What is asked.
    chosen : Chosen
        Where, as it is marked in the image.
    before : Image or None
        The map that asked this before.
    drawn : Layer or None
        The layer in which the region is drawn.
    """

    asked: Asked
    chosen: Chosen
    before: "Image | None" = None
    drawn: "Layer | None" = None

    def found(self, heatmap: "Heatmap") -> Chosen:
        """Return where it is that a map explains: an atom is found by the job."""
        y, x = heatmap.metadata["position"]
        place = dataclasses.replace(self.chosen.place, y=y, x=x)
        return dataclasses.replace(self.chosen, place=place, layer=int(heatmap.metadata["layer"]))

    def words(self, heatmap: "Heatmap") -> str:
        """Say what a map is, and how exact."""
        details, layers = heatmap.metadata, self.asked.source.entry.card.model.layers
        said = f"{answer_words(details, self.chosen.kind, layers)}. {score_words(details)}"
        return said if details["done"] >= 1 else f"{said} Not finished: {details['done']:.0%} is done."


def make_job(request: Request, control: JobControl) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.explain import explain

    return explain(control, request.asked.inquiry())
