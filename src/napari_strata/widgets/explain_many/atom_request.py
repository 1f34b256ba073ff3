"""What was asked for when atoms were to be scored, and the job that answers it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_strata.config import ExplainConfig
from napari_strata.config.atom_scores import AtomScoresConfig
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job
from napari_strata.widgets.maps.asked import Asked

if TYPE_CHECKING:
    from napari.layers import Image, Points
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class ScoreRequest:
    """What was asked for when the job was started: which points, how, and the table of all of them."""

    asked: Asked
    map_layer: "Image"
    points: "Points"
    table: "DataFrame"
    chosen: tuple[int, ...]
    config: ExplainConfig
    scoring: AtomScoresConfig

    @property
    def how(self) -> dict[str, Any]:
        """How the scores are made; scores that were made alike can stand beside each other."""
        card = self.asked.source.entry.card
        return {
            "model": card.name,
            "weights_sha256": card.weights_sha256,
            "disk_A": self.scoring.disk,
            **self.config.model_dump(mode="json"),
        }


def score_job(request: ScoreRequest, control: JobControl) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.score_atoms import score_atoms

    source = request.asked.source
    return score_atoms(
        control,
        source.entry.path,
        source.stack,
        request.table,
        config=request.config,
        scoring=request.scoring,
        chosen=request.chosen,
    )
