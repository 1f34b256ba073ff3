"""Located and corrected atoms become labels that a network learns from."""

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points

from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.widgets.layers.atom_memory import marked_table, memory_of
from napari_strata.widgets.layers.atom_points import SPECIES, new_atoms, show_species
from napari_strata.widgets.layers.label_layers import set_class_table
from napari_strata.widgets.layers.label_memory import class_table_of, crystal_layer_of, group_of, new_group

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

LABELS = "napari_strata_labels"
"""Key in the metadata of located atoms of the group of labels that was made of them."""


def use_as_labels(viewer: "Viewer", points: Points, image: "Image") -> list[Points]:
    """Make atoms to learn from, one Points layer per crystal layer, of located ones.

    Made once, they are brought up to date the next time; what was changed in them meanwhile gives way.

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
    list of Points
        In the order of the crystal layers.

    Raises
    ------
    LabelsError
        If there are no atoms, or one has no species.
    """
    memory, table = memory_of(points), marked_table(points)
    assert memory is not None, "only located atoms are offered"
    if table.empty:
        raise LabelsError("There are no atoms.", remedy="Predict with a lower least probability, or add some.")
    if (table["species"].str.strip() == "").any():
        raise LabelsError("Some atoms have no species.", remedy="Select them and type one.")
    names = [*memory.species, *(name for name in table["species"].unique() if name not in memory.species)]
    made = _made_before(viewer, points)
    if len(made) <= table["layer"].max():
        layers = max(memory.layers, int(table["layer"].max()) + 1)
        classes = ClassTable.from_names(tuple(names))
        made = new_atoms(viewer, image, layers=layers, table=classes, group=new_group())
        points.metadata = {**points.metadata, LABELS: group_of(made[0])}
    _name_species(made, names, viewer)
    for labels in made:
        rows = table[table["layer"] == crystal_layer_of(labels)]
        labels.selected_data = set()
        labels.data = rows[list(("frame", "y_px", "x_px")[-points.ndim :])].to_numpy(np.float64)
        labels.features = {SPECIES: rows["species"].to_numpy(object)}
    return made


def _made_before(viewer: "Viewer", points: Points) -> list[Any]:
    group = points.metadata.get(LABELS)
    found = [one for one in viewer.layers if isinstance(one, Points) and group and group_of(one) == group]
    return sorted(found, key=crystal_layer_of)


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
