"""Located and corrected atoms become labels that a network learns from."""

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points

from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.widgets.layers.atom_memory import marked_table, memory_of
from napari_strata.widgets.layers.atom_points import SPECIES, new_atoms, show_species
from napari_strata.widgets.layers.label_layers import set_class_table
from napari_strata.widgets.layers.label_memory import class_table_of, crystal_layer_of, new_group
from napari_strata.widgets.layers.results import ORIGIN

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

MADE_OF = "napari_strata_made_of"
"""Key in the metadata of labels of what they were made of, and of what was written into them."""


def use_as_labels(viewer: "Viewer", points: Points, image: "Image") -> tuple[list[Points], list[Points]]:
    """Make atoms to learn from, one Points layer per crystal layer, of located ones.

    Made once, they are brought up to date the next time, also from atoms of the same image and model that were
    located anew. Where a person changed one meanwhile all of them stay, and new ones are made.

    Parameters
    ----------
    viewer : Viewer
        Where to add them.
    points : Points
        Located atoms.
    image : Image
        Their image.

    Returns
    -------
    made : list of Points
        In the order of the crystal layers.
    kept : list of Points
        Those made earlier that a person changed, and their mates; they are called edited.

    Raises
    ------
    LabelsError
        If there are no atoms, or one has no species.
    """
    memory, table = memory_of(points), marked_table(points)
    assert memory is not None, "only located atoms are offered"
    if table.empty:
        raise LabelsError("There are no atoms.", remedy="Predict with a smaller 'Min probability', or add some.")
    if (table["species"].str.strip() == "").any():
        raise LabelsError("Some atoms have no species.", remedy="Select them and type one.")
    names = [*memory.species, *(name for name in table["species"].unique() if name not in memory.species)]
    layers = max(memory.layers, int(table["layer"].max()) + 1)
    made, kept = _made_before(viewer, points), []
    if len(made) != layers or any(_content(one) != one.metadata[MADE_OF]["content"] for one in made):
        kept = made
        _let_go(kept)
        made = new_atoms(
            viewer, image, layers=layers, table=ClassTable.from_names(tuple(names)), group=new_group()
        )
    _name_species(made, names, viewer)
    for labels in made:
        rows = table[table["layer"] == crystal_layer_of(labels)]
        labels.selected_data = set()
        labels.data = rows[list(("frame", "y_px", "x_px")[-points.ndim :])].to_numpy(np.float64)
        labels.features = {SPECIES: rows["species"].to_numpy(object)}
        note = {"source": _source(points), "layer": labels.unique_id, "content": _content(labels)}
        labels.metadata = {**labels.metadata, MADE_OF: note}
    return made, kept


def _source(points: Points) -> dict[str, Any]:
    """Return of which image and model located atoms are."""
    key = points.metadata[ORIGIN]["key"]
    return {name: key[name] for name in ("image", "model")}


def _made_before(viewer: "Viewer", points: Points) -> list[Any]:
    """Return the labels that were made of such atoms; copies of them belong to whoever made them."""
    wanted = _source(points)
    notes = [(one, one.metadata.get(MADE_OF)) for one in viewer.layers]
    found = [one for one, note in notes if note and note["source"] == wanted and note["layer"] == one.unique_id]
    return sorted(found, key=crystal_layer_of)


def _let_go(labels: list[Any]) -> None:
    """Leave labels to the person who changed them."""
    for one in labels:
        one.metadata = {key: value for key, value in one.metadata.items() if key != MADE_OF}
        one.name = f"{one.name} (edited)"


def _content(labels: Points) -> int:
    """Return what changes when a person edits labels."""
    species = "\n".join(map(str, labels.features[SPECIES]))
    return zlib.crc32(species.encode(), zlib.crc32(np.asarray(labels.data).tobytes()))


def _name_species(made: list[Any], names: list[str], viewer: "Viewer") -> None:
    """Add species to the class table that it lacks."""
    known = class_table_of(made[0])
    lacking = tuple(name for name in names if name not in known.names)
    if lacking:
        added = ClassTable.from_names((*known.names, *lacking)).classes[len(known.classes) :]
        set_class_table(made[0], ClassTable(classes=(*known.classes, *added)), viewer.layers)
    for labels in made:
        table = class_table_of(labels)
        show_species(labels, table, table)
