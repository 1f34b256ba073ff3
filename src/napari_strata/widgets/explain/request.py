"""A question on its way through a job."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_strata.control import JobControl
from napari_strata.explain.catalogue import METHODS
from napari_strata.jobs.job import Job
from napari_strata.widgets.layers.map_words import question_words, score_words
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
        chosen, details = self.found(heatmap), heatmap.metadata
        asked = question_words(details, self.asked.source.entry.card.model.layers).replace(
            " not ", " rather than "
        )
        at = f"of the {chosen.kind} at y {chosen.place.y:.1f}, x {chosen.place.x:.1f} px"
        where = "on this slice" if chosen.kind == "slice" else at
        said = f"{asked}: {METHODS[self.asked.config.method].title} {where}. {score_words(details)}"
        return said if details["done"] >= 1 else f"{said} Not finished: {details['done']:.0%} is done."


def make_job(request: Request, control: JobControl) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.explain import explain

    return explain(control, request.asked.inquiry())
