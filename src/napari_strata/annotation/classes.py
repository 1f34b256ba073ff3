"""Changes to a class table, each of which gives a new table; codes never change their meaning."""

from itertools import count

import numpy as np

from napari_strata.config import ClassTable, LabelClass
from napari_strata.config.labels import PALETTE
from napari_strata.errors import LabelsError
from napari_strata.types import BACKGROUND, LabelArray

BACKGROUND_COLOR = "#00c8d7"
"""Colour of labelled background: one that no grey image has, and no class by default."""
UNKNOWN_COLOR = "#ff00ff"
"""Colour of codes that are not in the table."""
FIRST_CLASS = BACKGROUND + 1
"""Mask code of the first class."""
LAST_CLASS = 254
"""Largest mask code of a class."""


def add_class(table: ClassTable, name: str = "") -> ClassTable:
    """Append a class with the next code and a colour of its own.

    Parameters
    ----------
    table : ClassTable
        The present classes.
    name : str
        Name of the new class; empty takes "class N" with a number that is free.

    Raises
    ------
    ConfigError
        If the name is taken, or there is no code left.
    """
    free = (f"class {n}" for n in count(len(table.classes) + 1) if f"class {n}" not in table.names)
    color = PALETTE[len(table.classes) % len(PALETTE)]
    return _table((*table.classes, LabelClass(name=name or next(free), color=color)))


def rename_class(table: ClassTable, code: int, name: str) -> ClassTable:
    """Rename the class with a mask code.

    Raises
    ------
    ConfigError
        If the name is empty or taken.
    """
    return _changed(table, code, name=name.strip())


def recolor_class(table: ClassTable, code: int, color: str) -> ClassTable:
    """Give the class with a mask code another colour, as #rrggbb.

    Raises
    ------
    ConfigError
        If it is no such colour.
    """
    return _changed(table, code, color=color)


def table_for_codes(largest: int, *, name: str = "The labels") -> ClassTable:
    """Make a table with neutral names for labels from elsewhere.

    Parameters
    ----------
    largest : int
        Their largest code.
    name : str
        Name of the labels, for messages.

    Raises
    ------
    LabelsError
        If there are more codes than a table has, as where every object has a number of its own.
    """
    if largest > LAST_CLASS:
        raise LabelsError(
            f"{name} holds codes up to {largest}; a class table ends at {LAST_CLASS}.",
            remedy="These look like numbered objects, or a mask of 0 and 255: convert them to 1 = background, "
            "2, 3, ... = classes.",
        )
    return ClassTable.from_names(tuple(f"class {n}" for n in range(1, max(largest - BACKGROUND, 1) + 1)))


def join_tables(own: ClassTable, other: ClassTable) -> tuple[ClassTable, LabelArray]:
    """Append to a table the classes of another one that it does not have; classes go by their names.

    Returns
    -------
    ClassTable
        The classes of both.
    ndarray of uint8, shape (256,)
        For each code of the other table its code in this one.

    Raises
    ------
    ConfigError
        If they are more than there are codes.
    """
    joint = _table((*own.classes, *(one for one in other.classes if one.name not in own.names)))
    lookup = np.arange(256, dtype=np.uint8)
    for code, name in enumerate(other.names, start=FIRST_CLASS):
        lookup[code] = joint.code(name)
    return joint, lookup


def restore_table(present: ClassTable, stored: ClassTable) -> tuple[ClassTable, LabelArray]:
    """Bring the classes of an earlier time back into a table that may have been edited since.

    Where no class has got another code since, names and colours are again as they were. Otherwise classes go by
    their names, and those that are no more come back behind the others. Thus the present codes keep their meaning,
    also when the pixels that come back are taken away again by undo.

    Returns
    -------
    ClassTable
        The classes; those that were added since stay.
    ndarray of uint8, shape (256,)
        For each code of the earlier time its code now.
    """
    later = present.classes[len(stored.classes) :]
    places = [present.names.index(name) for name in stored.names if name in present.names]
    stays = places == [place for place, name in enumerate(stored.names) if name in present.names]
    if stays and len(present.classes) >= len(stored.classes):
        return _table((*stored.classes, *later)), np.arange(256, dtype=np.uint8)
    return join_tables(present, stored)


def colors_by_code(table: ClassTable) -> dict[int | None, str]:
    """Return the colour of each mask code, 0 transparent, and under None that of codes not in the table."""
    classes: dict[int | None, str] = {code: c.color for code, c in enumerate(table.classes, start=FIRST_CLASS)}
    return {None: UNKNOWN_COLOR, 0: "#00000000", BACKGROUND: BACKGROUND_COLOR, **classes}


def _changed(table: ClassTable, code: int, **values: str) -> ClassTable:
    classes = [c.model_dump() for c in table.classes]
    classes[code - FIRST_CLASS] |= values
    return _table(classes)


def _table(classes: object) -> ClassTable:
    return ClassTable.parse({"classes": classes}, source="The class table")
