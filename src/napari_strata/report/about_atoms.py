"""What a methods text says of how atoms were located, how many there are, and what is doubtful about them."""

import numpy as np

from napari_strata.atoms.spacing import PART
from napari_strata.config import AtomsConfig
from napari_strata.numbers import counted, listed, plain
from napari_strata.report.about_model import software_words
from napari_strata.report.passage import Passage, joined
from napari_strata.report.subject import Subject, is_fitted
from napari_strata.types import ATOM_FLAGS

FLAGS = {
    "border": ("is cut by the border of the image", "are cut by the border of the image"),
    "failed": ("could not be fitted and keeps its centroid", "could not be fitted and keep their centroids"),
    "crowded": (
        "overlaps others so much that its uncertainty is more than doubled",
        "overlap others so much that their uncertainty is more than doubled",
    ),
    "unsure": ("may be of another species", "may be of another species"),
}
"""What flags mean, after the number one and after others."""
REFINED = {
    "centroid": "",
    "probability": (
        "Positions were then refined by a least-squares fit of Gaussian peaks on a slowly varying background to"
        " the probability map of each layer; what is called their uncertainty is that of the map's shape, not of"
        " the image's noise."
    ),
    "image": (
        "Positions were then refined by a fit to the image, of all atoms of all layers together: Gaussian peaks,"
        " of one width for each layer and class, on a slowly varying background, weighted as counting noise asks."
        " Atoms that overlap too much to be told apart were held near their centroids."
    ),
}
"""How positions were refined."""
SHAPED = {"round": "Gaussian", "elliptical": "elliptical Gaussian"}
"""What peaks that were fitted look like."""
SPECIES = {
    "intensity": (
        "Species were told apart by the intensities of the columns, layer by layer, as a mixture of normal"
        " distributions."
    ),
    "both": (
        "Species were told apart by the network's class probabilities and the intensities of the columns together."
    ),
}
"""How species were told, where the class of the network does not decide alone."""


def about_atoms(subject: Subject) -> Passage:
    """Tell how atoms were located, count them, and name flags, edits and uncertainties."""
    return joined(
        (_located(subject), _counted(subject), _doubtful(subject), _edited(subject), _uncertain(subject))
    )


def _located(subject: Subject) -> Passage:
    settings, origin = subject.known.how, subject.known.origin
    unknown = [] if origin else ["Which version of the software located the atoms: their table does not tell."]
    if settings is None:
        unknown.insert(
            0, "With which settings the atoms were located: least probability, smallest distance, refinement."
        )
        if is_fitted(subject.atoms):
            unknown.insert(1, "Whether positions were fitted to the image or to the probability maps.")
        return Passage(unknown=tuple(unknown))
    refined = REFINED[settings.refine].replace("Gaussian", SHAPED[settings.peaks])
    sentences = [_peaks(settings), refined, SPECIES.get(settings.species, "")]
    if origin:
        sentences.append(f"This was done with {software_words(dict(origin.software))}.")
    return Passage(tuple(filter(None, sentences)), tuple(unknown))


def _peaks(settings: AtomsConfig) -> str:
    return (
        f"Separate peaks of the probability of an atom, of at least {settings.min_probability:g} and no closer"
        f" than {settings.min_distance:g} Å, or than {PART:g} of the usual distance of atoms of their species"
        " where the image shows one, were taken for atoms and placed on the centroid of the probability"
        f" within {settings.refinement_radius:g} Å."
    )


def _counted(subject: Subject) -> Passage:
    atoms = subject.atoms
    counts = []
    for number in subject.layers:
        species = atoms.loc[atoms["layer"] == number, "species"].value_counts()
        each = [f"{count:,} {name}" for name, count in species.items()]
        kinds = listed(each) if len(each) != 1 else f"all {species.index[0]}"
        counts.append(
            f"{counted(int(species.sum()), 'atom')} in layer {number}" + (f" ({kinds})" if kinds else "")
        )
    sentences = [
        f"There are {listed(counts)}." if len(counts) > 1 or len(atoms) != 1 else f"There is {counts[0]}."
    ]
    unknown = []
    if len(subject.layers) > 1:
        unknown.append("Which of the layers is nearer to the beam: their numbers are names.")
    return Passage(tuple(sentences), tuple(unknown))


def flag_counts(subject: Subject) -> dict[str, int]:
    """Count the atoms that bear each flag; flags that none bears are left out."""
    if "flag" not in subject.atoms:
        return {}
    borne = [word for words in subject.atoms["flag"].fillna("") for word in str(words).split()]
    return {flag: borne.count(flag) for flag in ATOM_FLAGS if flag in borne}


def _doubtful(subject: Subject) -> Passage:
    if "flag" not in subject.atoms:
        return Passage(unknown=("Which atoms are doubtful: the table has no flags.",))
    counts = flag_counts(subject)
    if not counts:
        return Passage(("No atom is flagged as doubtful.",))
    said = listed([f"{count:,} {FLAGS[flag][count > 1]}" for flag, count in counts.items()])
    out = "only those at the border are" if "border" in counts else "none is"
    return Passage((f"Of these, {said}; {out} left out of what follows for that.",))


def _edited(subject: Subject) -> Passage:
    if "edited" not in subject.atoms:
        return Passage()
    counts = subject.atoms["edited"].fillna("").replace("", np.nan).dropna().value_counts()
    if counts.empty:
        return Passage()
    said = listed([f"{count:,} {kind}" for kind, count in counts.items()])
    return Passage(
        (f"By hand, atoms were edited: {said}.",),
        ("How many atoms were deleted by hand: the table does not tell.",),
    )


def _uncertain(subject: Subject) -> Passage:
    if not is_fitted(subject.atoms):
        return Passage(unknown=("How uncertain each position is: the positions were not fitted.",))
    sigma = subject.atoms[["sigma_y", "sigma_x"]]
    known = int(sigma.notna().all(axis=1).sum())
    median = plain(float(sigma.median(axis=None)))
    return Passage(
        (
            f"The median standard uncertainty of a position is {median} Å along each axis, as the fits of"
            f" {known:,} of {len(sigma):,} atoms give it.",
        )
    )
