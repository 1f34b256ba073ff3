"""What the values or colours of mask files mean, as a file beside them says.

Read are ``classes.json`` and ``classes.yaml`` (names by value, values or colours by name, a list of names, a
list of classes with name and value or colour, or what an import of labels wrote), ``classes.txt`` and
``labels.txt`` (one name per line), ``labelmap.txt`` of CVAT and Pascal VOC (``name:r,g,b::``) and
``label_colors.txt`` of CamVid (``r g b name``). A list of names counts from 0 if background is among them, else
from 1.

Of other programs' tables, "unlabelled", "void" and "ignore" are not labelled, the last two with a warning. A table
that names both "background" and "not labelled", as all do that are written here, means each name as it stands.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from napari_strata.io.labels import guard
from napari_strata.io.labels.annotations import BACKGROUND_NAME, NOT_LABELLED_NAME

_FILES = (
    "classes.json",
    "classes.yaml",
    "classes.yml",
    "labelmap.txt",
    "label_colors.txt",
    "classes.txt",
    "labels.txt",
)
_NOT_LABELLED = {"not labelled", "not labeled", "unlabelled", "unlabeled"}
_VOID = {"void", "ignore"}
_NAME_COLOR = re.compile(r"(.+?):(\d{1,3}),(\d{1,3}),(\d{1,3}):[^:]*:[^:]*")
_COLOR_NAME = re.compile(r"(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})[\s,]+(.+)")
_NAME_KEYS, _VALUE_KEYS = ("name", "label", "title", "class"), ("value", "id", "index", "code")


@dataclass(slots=True)
class ClassTable:
    """What mask values or colours mean.

    Attributes
    ----------
    path : Path or None
        The file that says so.
    values : dict of int to str
        Class names by value.
    colors : dict of str to str
        Class names by colour, #rrggbb.
    objects : dict of str to dict of int to str, or None
        Class names by number of the object, by file name, where values are numbers of objects.
    is_literal : bool
        Whether names mean what they say, whatever other programs mean by them.
    warnings : tuple of str
        What was guessed of names, in words.
    """

    path: Path | None = None
    values: dict[int, str] = field(default_factory=dict)
    colors: dict[str, str] = field(default_factory=dict)
    objects: dict[str, dict[int, str]] | None = None
    is_literal: bool = False
    warnings: tuple[str, ...] = ()


def read_class_table(folder: Path) -> ClassTable:
    """Read the class table of a folder of masks, beside them or one folder up; empty where there is none.

    Raises
    ------
    LabelsError
        If it is refused.
    """
    for path in (place / name for place in (folder, folder.parent) for name in _FILES):
        if path.is_file():
            table = ClassTable(path)
            if path.suffix == ".txt":
                _read_lines(table, path)
            else:
                _read_document(
                    table, guard.read_json(path) if path.suffix == ".json" else guard.read_yaml(path), path
                )
            return table if table.is_literal else _understood(table)
    return ClassTable()


def _understood(table: ClassTable) -> ClassTable:
    """Return a table with one spelling of background and of what is not labelled, unless it names both itself."""
    names = {*table.values.values(), *table.colors.values()}
    if {BACKGROUND_NAME, NOT_LABELLED_NAME} <= names:
        return table
    void = sorted(name for name in names if _bare(name) in _VOID)
    told = f"The class {', '.join(void)} is taken as {NOT_LABELLED_NAME}: if it is a class of yours, rename it."
    return replace(
        table,
        values={value: _plain_name(name) for value, name in table.values.items()},
        colors={color: _plain_name(name) for color, name in table.colors.items()},
        warnings=(told,) if void else (),
    )


def _plain_name(name: str) -> str:
    bare = _bare(name)
    if bare == BACKGROUND_NAME:
        return BACKGROUND_NAME
    return NOT_LABELLED_NAME if bare in _NOT_LABELLED | _VOID else name


def _bare(name: str) -> str:
    return name.strip().strip("_").casefold().replace("_", " ").replace("-", " ")


def _read_lines(table: ClassTable, path: Path) -> None:
    lines = [line.strip() for line in guard.read_text(path).splitlines() if line.strip()]
    colored = [found for line in lines if (found := _NAME_COLOR.fullmatch(line))]
    for name, *samples in (found.groups() for found in colored):
        table.colors[_hex(samples, path)] = name.strip()
    if not colored:
        for *samples, name in (found.groups() for line in lines if (found := _COLOR_NAME.fullmatch(line))):
            table.colors[_hex(samples, path)] = name.strip()
    if not table.colors:
        _number(table, [line for line in lines if not line.startswith("#")])


def _number(table: ClassTable, names: Sequence[str]) -> None:
    if names and names[0] == "__ignore__":  # LabelMe counts it as -1
        names = names[1:]
    first = 0 if BACKGROUND_NAME in map(_bare, names) else 1
    table.values |= dict(enumerate(names, first))


def _read_document(table: ClassTable, document: Any, path: Path) -> None:
    named = isinstance(document, dict)
    inner = (
        next((document[key] for key in ("classes", "names", "labels") if key in document), None) if named else None
    )
    if isinstance(inner, dict | list):
        _read_document(table, inner, path)
        if isinstance(document.get("kind"), str):
            _read_import(table, document, path)
    elif named:
        _read_mapping(table, document, path)
    elif not isinstance(document, list):
        _refuse(path)
    elif all(isinstance(entry, dict) for entry in document):
        for entry in document:
            _read_entry(table, entry, path)
    else:
        _number(table, [guard.check_name(name, path, where="a class") for name in document])


def _read_import(table: ClassTable, document: Mapping[str, Any], path: Path) -> None:
    """Read what an import of labels wrote: masks of our codes, or of numbered objects (`class_file`)."""
    table.is_literal = True
    if document.get("one_hot") is True:
        guard.refuse(path, "its files hold one plane per class", "Import index masks or instances.")
    if document["kind"] != "instance":
        table.values |= {0: NOT_LABELLED_NAME, 1: BACKGROUND_NAME}
        return
    table.values = {0: NOT_LABELLED_NAME if document.get("outside") == NOT_LABELLED_NAME else BACKGROUND_NAME}
    table.objects = {}
    for image in guard.check_list(document.get("images", []), path, where="images"):
        file = guard.check_mapping(image, path, where="an image").get("file")
        numbers = table.objects.setdefault(str(file), {})
        for one in guard.check_list(image.get("objects", []), path, where="objects"):
            number, said = (
                guard.check_mapping(one, path, where="an object").get(key) for key in ("number", "class")
            )
            if number is None or not _is_value(number):
                _refuse(path)
            numbers[int(number)] = guard.check_name(said, path, where=f"the class of object {number}")


def _read_mapping(table: ClassTable, document: Mapping[Any, Any], path: Path) -> None:
    by_value = all(_is_value(key) for key in document)
    for key, said in document.items():
        if by_value:
            table.values[int(key)] = guard.check_name(said, path, where=f"class {key[:20]}")
        elif _is_value(said):
            table.values[int(said)] = str(key).strip()
        else:
            table.colors[_color(said, path)] = str(key).strip()


def _read_entry(table: ClassTable, entry: Mapping[Any, Any], path: Path) -> None:
    said = next((entry[key] for key in _NAME_KEYS if key in entry), None)
    name = guard.check_name(said, path, where="the name of a class")
    value = next((entry[key] for key in _VALUE_KEYS if key in entry), None)
    if value is not None:
        if not _is_value(value):
            _refuse(path)
        table.values[int(value)] = name
    color = entry.get("color", entry.get("colour"))
    if color is not None:
        table.colors[_color(color, path)] = name
    if value is None and color is None:
        table.values[len(table.values) + 1] = name


def _is_value(said: Any) -> bool:
    if isinstance(said, str):
        return said.isascii() and said.isdigit() and len(said) < 10
    return isinstance(said, int) and not isinstance(said, bool) and 0 <= said < 2**32


def _color(said: Any, path: Path) -> str:
    if isinstance(said, str) and re.fullmatch("#[0-9a-fA-F]{6}", said.strip()):
        return said.strip().lower()
    if isinstance(said, list) and len(said) in (3, 4) and all(_is_value(sample) for sample in said):
        return _hex(said[:3], path)
    _refuse(path)


def _hex(samples: Sequence[Any], path: Path) -> str:
    red, green, blue = (int(sample) for sample in samples)
    if max(red, green, blue) > 255:
        guard.refuse(path, f"it has the colour {red}, {green}, {blue}", "Colours have samples from 0 to 255.")
    return f"#{red:02x}{green:02x}{blue:02x}"


def _refuse(path: Path) -> NoReturn:
    guard.refuse(path, "it tells neither values nor colours of classes", 'Write it as {"cell": 1, "hole": 2}.')
