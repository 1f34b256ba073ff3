"""The classes that an option names, or a file that it names."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.config import ClassTable, Config
from napari_strata.config.labels import PALETTE
from napari_strata.errors import ConfigError

if TYPE_CHECKING:
    from napari_strata.io.labels.class_file import ClassFile

_FILES = (".yaml", ".yml", ".json")


def read_classes(text: str) -> ClassTable:
    """Return the classes that an option names.

    Parameters
    ----------
    text : str
        Names with commas between them, or a json or yaml file: a ``classes.json`` of ``labels import``, or
        ``classes`` with names, or with entries of name and color, in the order of the codes 2, 3, ...

    Raises
    ------
    ConfigError
        If there is no class table in it.
    """
    from napari_strata.io.labels.class_file import FILE_NAME, read_class_file

    path = Path(text)
    if path.suffix.lower() not in _FILES:
        return _table_of([name.strip() for name in text.split(",")], source="--classes")
    if path.name == FILE_NAME and (known := read_class_file(path.parent)) is not None:
        return class_table(known)
    try:
        return _table_of(_Names.read(path).classes, source=text)
    except ConfigError:
        return ClassTable.read(path)


def class_table(known: "ClassFile") -> ClassTable:
    """Return the classes of a ``classes.json``, in the order of their codes.

    Raises
    ------
    ConfigError
        If two have the same name.
    """
    entries = sorted(known.classes, key=lambda one: one.code)
    values = {"classes": [{"name": one.name, "color": one.color} for one in entries]}
    return ClassTable.parse(values, source="classes.json")


class _Names(Config):
    """Classes by name only."""

    classes: tuple[str, ...]


def _table_of(names: Sequence[str], *, source: str) -> ClassTable:
    entries = [{"name": name, "color": color} for name, color in zip(names, cycle(PALETTE), strict=False)]
    return ClassTable.parse({"classes": entries}, source=source)
