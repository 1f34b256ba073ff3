"""Shows located atoms, with what a person did to earlier ones of the same image done again."""

from typing import TYPE_CHECKING, Any

from napari_strata.widgets.layers.atom_layers import atom_layer, candidate_layer
from napari_strata.widgets.layers.atom_memory import edit_again, edits_of, memory_of
from napari_strata.widgets.layers.results import (
    find_results,
    let_be_replaced,
    remove_results,
    show_results,
)

if TYPE_CHECKING:
    from napari.layers import Points
    from napari.viewer import Viewer

    from napari_strata.config import AtomsConfig
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
        A sentence on the edits that were done again, with a blank before it; empty where there were none.
    """
    assert origin.pixel_size is not None, "atoms are found only where the pixel size is known"
    earlier = _edited(viewer, origin) if is_whole else None
    edited, words = None, ""
    if earlier is not None:
        tolerance = config.min_distance / 2 / origin.pixel_size
        edited = edit_again(earlier, found.table, origin.card.model.layers, tolerance=tolerance)
        if edited is not None:
            words = " Your edits are kept."
            if _is_plain(earlier):
                let_be_replaced(earlier)
    points = atom_layer(found.table, origin, edited=edited, located=found.origin)
    show_results(viewer, [points], keep_earlier=not is_whole)
    if found.candidates is None:
        remove_results(viewer, "candidates", origin.image)
    else:
        show_results(viewer, [candidate_layer(found.candidates, origin)], keep_earlier=not is_whole)
    return words


def _edited(viewer: "Viewer", origin: "Origin") -> "Points | None":
    """Return the atoms of an image that somebody edited: of the same model if there are, else the uppermost."""
    layers: list[Any] = [
        *find_results(viewer, "atoms", origin.image),
        *find_results(viewer, "atoms", origin.image, model=origin.model),
    ]
    edited = [one for one in layers if (edits := edits_of(one)) is not None and not edits.empty]
    return edited[-1] if edited else None


def _is_plain(points: "Points") -> bool:
    """Tell atoms with features of a person's own, which would be lost, from others."""
    memory = memory_of(points)
    assert memory is not None, "only atoms whose computation is known have edits"
    known = {*memory.computed.columns, "edited", "atom"}
    return set(points.features.columns) <= known
