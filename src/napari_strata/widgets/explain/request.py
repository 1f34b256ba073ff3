"""A question on its way through a job."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.explain.catalogue import METHODS
from napari_strata.jobs.job import Job
from napari_strata.widgets.layers.map_words import question_words, score_words
from napari_strata.widgets.layers.source import Source
from napari_strata.widgets.layers.targets import Chosen

if TYPE_CHECKING:
    from napari.layers import Image
    from pandas import DataFrame

    from napari_strata.explain.heatmap import Heatmap
    from napari_strata.explain.question import Question


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What was asked for when a job was started.

    Attributes
    ----------
    source : Source
        Copy of the image, and the model.
    chosen : Chosen
        Where, as it is marked in the image.
    question : Question
        What is asked.
    config : ExplainConfig
        Method and settings.
    atoms : DataFrame or None
        Atoms that the model found in this image.
    before : Image or None
        The map that asked this before.
    """

    source: Source
    chosen: Chosen
    question: "Question"
    config: ExplainConfig
    atoms: "DataFrame | None"
    before: "Image | None" = None

    def found(self, heatmap: "Heatmap") -> Chosen:
        """Return where it is that a map explains: an atom is found by the job."""
        y, x = heatmap.metadata["position"]
        place = dataclasses.replace(self.chosen.place, y=y, x=x)
        return dataclasses.replace(self.chosen, place=place, layer=int(heatmap.metadata["layer"]))

    def words(self, heatmap: "Heatmap") -> str:
        """Say what a map is, and how exact."""
        chosen, details = self.found(heatmap), heatmap.metadata
        asked = question_words(details, self.source.entry.card.model.layers).replace(" not ", " rather than ")
        at = f"of the {chosen.kind} at y {chosen.place.y:.1f}, x {chosen.place.x:.1f} px"
        where = "on this slice" if chosen.kind == "slice" else at
        said = f"{asked}: {METHODS[self.config.method].title} {where}. {score_words(details)}"
        return said if details["done"] >= 1 else f"{said} Not finished: {details['done']:.0%} is done."


def make_job(request: Request, control: JobControl) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.explain import explain
    from napari_strata.jobs.inquiry import Inquiry

    path, stack, frame = request.source.entry.path, request.source.stack, request.chosen.place.frame
    return explain(control, Inquiry(path, stack, request.question, request.config, frame, request.atoms))
