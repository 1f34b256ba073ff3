"""What the probe looks at, and the job that looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job
from napari_strata.widgets.layers.map_words import answer_words
from napari_strata.widgets.layers.source import Source

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.explain.question import Against


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is probed, as it was when the key was pressed first.

    Attributes
    ----------
    source : Source
        Copy of the image, and the model.
    kind : str
        ``pixel`` or ``atom``.
    layer : int or None
        Crystal layer; None takes that of the nearest atom.
    species : str or None
        Class; None takes that of the atom, or the most probable one.
    against : tuple of Against or None
        By crystal layer, rather than what; None means background.
    config : ExplainConfig
        Method and settings.
    atoms : DataFrame or None
        Atoms that the model found in this image.
    """

    source: Source
    kind: Any
    layer: int | None
    species: str | None
    against: "tuple[Against | None, ...]"
    config: ExplainConfig
    atoms: "DataFrame | None"

    def answer(self, details: Mapping[str, Any]) -> str:
        """Say what a map answers whose metadata say the details, and where its layer may be another one's."""
        layers = self.source.entry.card.model.layers
        said = answer_words(details, self.kind, layers)
        if layers == 1 or self.atoms is not None:
            return said
        decoder = details["decoder"]
        return f"{said} (by decoder {decoder}; find the atoms in the Predict dock to know whose layer it is)"


def make_job(control: JobControl, subject: Subject) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.probe import probe

    return probe(
        control,
        subject.source.entry.path,
        subject.source.stack,
        kind=subject.kind,
        layer=subject.layer,
        species=subject.species,
        against=subject.against,
        config=subject.config,
        atoms=subject.atoms,
    )
