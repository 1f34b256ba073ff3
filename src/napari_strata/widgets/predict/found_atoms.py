"""Shows located atoms, with what a person did to earlier ones of the same image done again."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from napari_strata.atoms.undecided import undecided
from napari_strata.numbers import counted, listed
from napari_strata.widgets.layers.atom_layers import atom_layer, candidate_layer
from napari_strata.widgets.layers.atom_memory import edit_again, edits_of, memory_of, names_lost_species
from napari_strata.widgets.layers.last_made import tell_made
from napari_strata.widgets.layers.results import (
    find_results,
    hide_earlier,
    is_as_shown,
    let_be_replaced,
    show_results,
)
from napari_strata.widgets.predict.words import proposed_in_words

if TYPE_CHECKING:
    from napari.layers import Points
    from napari.viewer import Viewer
    from pandas import DataFrame

    from napari_strata.config import AtomsConfig, ModelCard
    from napari_strata.jobs.locate_atoms import AtomsFound
    from napari_strata.widgets.layers.napari_layers import Origin


def show_atoms(
    viewer: "Viewer", origin: "Origin", found: "AtomsFound", config: "AtomsConfig", *, is_whole: bool
) -> str:
    """Show atoms and candidates in place of earlier ones, or beside them where some slices are missing.

    Parameters
    ----------
    viewer : Viewer
        Where to show them.
    origin : Origin
        Image and model.
    found : AtomsFound
        What was found.
    config : AtomsConfig
        With what; half of its smallest distance is how far from each other two atoms are the same.
    is_whole : bool
        Whether all slices were done; else no edits are carried over.

    Returns
    -------
    str
        What is proposed, and what became of earlier edits and atoms, with a blank before it; empty where there is
        nothing to say.
    """
    assert origin.pixel_size is not None, "atoms are found only where the pixel size is known"
    earlier = _edited(viewer, origin) if is_whole else None
    edited, lost, candidates = None, "", found.candidates
    if earlier is not None:
        tolerance, card = config.min_distance / 2 / origin.pixel_size, origin.card
        edited = edit_again(earlier, found.table, card.model.layers, card.classes.names, tolerance=tolerance)
        lost = _lost(earlier, card)
        if edited is not None and not lost and _is_plain(earlier):
            let_be_replaced(earlier)
        if edited is not None and candidates is not None:
            candidates = undecided(candidates, *edited, tolerance=tolerance)
    made = atom_layer(found.table, origin, edited=edited, located=found.origin)
    (points,) = show_results(viewer, [made], keep_earlier=not is_whole)
    tell_made(viewer, points)
    hidden = ""
    if is_whole and hide_earlier(viewer, "atoms", origin.image, [points]):
        points.visible = True  # it may have been hidden for those that were shown since
        hidden = " Earlier atoms of this image are hidden: switch them on with the eye in the layer list."
    proposed = _show_candidates(viewer, origin, found, candidates, is_whole=is_whole)
    if earlier is None:
        return proposed + hidden
    kept = "" if edited is None else " Your other edits are done again." if lost else " Your edits are kept."
    return proposed + (f"{lost} Kept in '{earlier.name}'.{kept}{hidden}" if lost else kept + hidden)


def _show_candidates(
    viewer: "Viewer", origin: "Origin", found: "AtomsFound", candidates: "DataFrame | None", *, is_whole: bool
) -> str:
    """Show the candidates of which nobody has decided; return what they are, with a blank before it."""
    if candidates is None or (candidates.empty and is_whole):
        for earlier in find_results(viewer, "candidates", origin.image):
            if is_as_shown(earlier):
                viewer.layers.remove(earlier)
    elif not candidates.empty:
        show_results(viewer, [candidate_layer(candidates, origin)], keep_earlier=not is_whole)
    if candidates is None or found.candidates is None:
        return ""
    return f" {proposed_in_words(candidates, is_all=len(candidates) == len(found.candidates))}"


def _lost(earlier: "Points", card: "ModelCard") -> str:
    """Say which edits of earlier atoms mean nothing to a model, with a blank before it; empty where all do."""
    memory, edits = memory_of(earlier), edits_of(earlier)
    assert memory is not None and edits is not None, "only atoms whose computation is known have edits"
    if memory.layers != card.model.layers:
        one, other = (counted(count, "layer") for count in (memory.layers, card.model.layers))
        return f" Your edits are not in these atoms: they are of {one}, and this model finds {other}."
    is_lost = names_lost_species(edits, memory.species, card.classes.names)
    if not is_lost.any():
        return ""
    names = listed([str(name) for name in edits["species"][is_lost].unique()])
    kinds = edits["edited"][is_lost].value_counts()
    said = listed([f"{count} {kind}" for kind, count in kinds.items()])
    edit = "edit" if is_lost.sum() == 1 else "edits"
    return f" Not done again: the {edit} with {names} ({said}), as this model does not know {names}."


def _edited(viewer: "Viewer", origin: "Origin") -> "Points | None":
    """Return the atoms of an image that somebody edited: of the same model if there are, else the uppermost."""
    own = find_results(viewer, "atoms", origin.image, model=origin.model)
    others = [one for one in find_results(viewer, "atoms", origin.image) if one not in own]
    wanted: Iterator[Any] = reversed([*others, *own])
    return next((one for one in wanted if (edits := edits_of(one)) is not None and not edits.empty), None)


def _is_plain(points: "Points") -> bool:
    """Tell atoms with features of a person's own, which would be lost, from others."""
    memory = memory_of(points)
    assert memory is not None, "only atoms whose computation is known have edits"
    known = {*memory.computed.columns, "edited", "atom"}
    return set(points.features.columns) <= known
