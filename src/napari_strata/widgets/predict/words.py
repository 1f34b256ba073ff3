"""What a prediction found, in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.jobs.locate_atoms import AtomsFound
    from napari_strata.types import Prediction

_FLAGS = {
    "border": "cut by the border",
    "failed": "not fitted",
    "crowded": "crowded (they overlap: fitted all the same, sigma says how well)",
    "unsure": "of unsure species",
}
"""What flags mean, after a number of atoms."""


def in_words(prediction: "Prediction", atoms: "AtomsFound | None", seconds: float) -> str:
    """Say what was found, but for candidates.

    Parameters
    ----------
    prediction : Prediction
        The maps.
    atoms : AtomsFound or None
        The atoms, where they were sought.
    seconds : float
        How long it took.
    """
    layers = range(prediction.probabilities.shape[1])
    took = f"({seconds:.1f}\N{NO-BREAK SPACE}s)"
    if atoms is None:
        names = ", ".join(prediction.classes)
        return f"Masks of {names} {took}." if len(layers) == 1 else f"Masks of {len(layers)} layers {took}."
    counts = [f"{int((atoms.table['layer'] == layer).sum())}" for layer in layers]
    if (slices := len(prediction.probabilities)) > 1:
        took = f"in {slices} slices {took}"
    sentences = [_counted(counts, took), _species(atoms.table), _flagged(atoms.table)]
    return " ".join(sentence for sentence in sentences if sentence)


def _counted(counts: list[str], took: str) -> str:
    if len(counts) == 1:
        return f"{counts[0]} atoms {took}."
    first, *rest = (f"{count} in layer {layer}" for layer, count in enumerate(counts))
    return ", ".join([first.replace(" in", " atoms in", 1), *rest]) + f" {took}."


def _species(table: "DataFrame") -> str:
    counts = table["species"].value_counts()
    return ", ".join(f"{count} {name}" for name, count in counts.items()) + "." if len(counts) > 1 else ""


def _flagged(table: "DataFrame") -> str:
    from napari_strata.jobs.locate_atoms import flag_counts

    said = [f"{count} {_FLAGS[flag]}" for flag, count in flag_counts(table).items()]
    return f"Flagged: {', '.join(said)}." if said else ""


def proposed_in_words(candidates: "DataFrame", *, is_all: bool = True) -> str:
    """Say what is proposed.

    Parameters
    ----------
    candidates : DataFrame
        Column kind.
    is_all : bool
        Whether none was left out because the person has decided of it.
    """
    from napari_strata.atoms.candidates import KINDS
    from napari_strata.jobs.propose_atoms import in_a_sentence

    if candidates.empty:
        return "No atom seems to be missing or extra." if is_all else "No candidates but those you decided on."
    counts = {kind: int((candidates["kind"] == kind).sum()) for kind in KINDS}
    said = f"Candidates: {', '.join(f'{count} {kind}' for kind, count in counts.items() if count)}."
    return f"{said} {in_a_sentence(counts['empty'])}" if counts["empty"] else said
