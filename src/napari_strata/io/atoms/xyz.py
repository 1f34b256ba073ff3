"""Atoms as XYZ and extended XYZ, for programs of atomistic simulation.

The files are written and read here and not by ase, which writes positions to eight decimals, lets no name hold a
blank, and takes no class that is no chemical element. Where species are elements, ase reads what is written here.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.io.atoms.blocks import blocks, check_angstrom, pixel_size_of
from napari_strata.io.atoms.columns import COUNTS, TEXT, known_columns, refuse, table_of
from napari_strata.io.atoms.origin import KEY, as_text, from_text
from napari_strata.io.atoms.text import as_word, from_word, read_text
from napari_strata.io.calibration import require

if TYPE_CHECKING:
    from pandas import DataFrame

_SHARED = ("image", "frame")
"""Columns that stand once for all atoms of a block."""
_PLACES = ("species", "y_A", "x_A")
"""Columns that every XYZ file has in its own way."""
_PAIR = re.compile(r'([^\s="]+)=(?:"([^"]*)"|([^\s"]*))')
_COLUMN_KINDS = "SRIL"
_AXES = 'axes="x to the right, y up, in Angstrom: the image as it is seen" pbc="F F F"'


def write_extxyz(table: "DataFrame", path: Path, origin: AtomOrigin | None = None) -> None:
    """Write all columns of a table, a block of atoms per image and frame; numbers exactly.

    Raises
    ------
    CalibrationError
        If positions in Å are not known.
    """
    check_angstrom(table, "XYZ")
    own = [name for name in table if name not in (*_SHARED, *_PLACES)]
    properties = ":".join(("species:S:1:pos:R:3", *(f"{name}:{_kind(name)}:1" for name in own)))
    stated = _stated(origin)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for block in blocks(table, _SHARED) if len(table) else (table,):
            shared = _pairs(block, _SHARED)
            file.write(f"{len(block)}\nProperties={properties} {shared}{stated}{_AXES}\n")
            stated = ""
            _write_rows(file, block, own)


def write_xyz(table: "DataFrame", path: Path, origin: AtomOrigin | None = None) -> None:
    """Write species and positions, a block of atoms per image, frame and layer; what else is known is left out.

    Raises
    ------
    CalibrationError
        If positions in Å are not known.
    """
    check_angstrom(table, "XYZ")
    size = pixel_size_of(table)
    pixels, stated = "" if size is None else f"pixel_size={size!r} ", _stated(origin)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for block in blocks(table, (*_SHARED, "layer")) if len(table) else (table,):
            shared = _pairs(block, (*_SHARED, "layer"))
            file.write(f"{len(block)}\n{shared}{pixels}{stated}{_AXES}\n")
            stated = ""
            _write_rows(file, block, ())


def read_xyz(path: Path, pixel_size: float | None = None) -> "DataFrame":
    """Read XYZ or extended XYZ, written here or elsewhere.

    Parameters
    ----------
    path : Path
        The file. What another program wrote has no layers but 0, its blocks are frames, and y points up.
    pixel_size : float, optional
        Pixel size [Å/px], needed where the file states no positions in px.

    Raises
    ------
    TableError
        If the file cannot be read, or holds a value that cannot be.
    CalibrationError
        If the pixel size is needed and not given.
    """
    columns: dict[str, list[Any]] = {}
    for index, (comment, rows) in enumerate(_read_blocks(path)):
        pairs = {key: quoted or plain for key, quoted, plain in _PAIR.findall(comment)}
        block = _block(pairs, rows, path)
        count = len(rows)
        for name, fallback in (("image", path.stem), ("frame", index), ("layer", 0)):
            if name not in block:
                stated = pairs.get(name)
                block[name] = [fallback if stated is None else _parse(stated, name)] * count
        if "y_px" not in block:
            known = _size(pairs, path) if pixel_size is None else pixel_size
            size = require(known, name=path.name) if rows else 1.0
            block |= {"y_px": [y / size for y in block["y_A"]], "x_px": [x / size for x in block["x_A"]]}
        if columns and set(block) != set(columns):
            refuse(path, "its blocks have different columns", "Convert them one by one.")
        for name, values in block.items():
            columns.setdefault(name, []).extend(values)
    return table_of(columns, path)


def read_xyz_origin(path: Path) -> AtomOrigin | None:
    """Return where the atoms of a file come from, as its first comment says; None where it does not."""
    comment = "".join(read_text(path).splitlines()[1:2])
    stated = {key: quoted or plain for key, quoted, plain in _PAIR.findall(comment)}.get(KEY, "")
    return from_text(unquote(stated))


def _stated(origin: AtomOrigin | None) -> str:
    """Write an origin as one word, for the first comment only."""
    return "" if origin is None else f"{KEY}={quote(as_text(origin), safe='')} "


def _kind(name: str) -> str:
    return "S" if name in TEXT else "I" if name in COUNTS else "R"


def _pairs(block: "DataFrame", names: Sequence[str]) -> str:
    if block.empty:
        return ""
    first = block.iloc[0]
    return "".join(f"{name}={_word(first[name], name)} " for name in names)


def _word(value: Any, name: str) -> str:
    if name in TEXT:
        return as_word(value)
    return str(int(value)) if name in COUNTS else repr(float(value))


def _write_rows(file: Any, block: "DataFrame", own: Sequence[str]) -> None:
    columns = [block[name].tolist() for name in (*_PLACES, *own)]
    for species, y, x, *others in zip(*columns, strict=True):
        words = [_word(value, name) for value, name in zip(others, own, strict=True)]
        file.write(" ".join([as_word(species), repr(x), repr(-y), "0.0", *words]) + "\n")


def _read_blocks(path: Path) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield the comment of each block, and the words of each of its atoms."""
    lines = read_text(path).splitlines()
    place = 0
    while place < len(lines) and any(line.strip() for line in lines[place:]):
        try:
            count = int(lines[place])
        except ValueError:
            refuse(path, f"line {place + 1} states no number of atoms", "Export it again.")
        block = lines[place + 1 : place + 2 + count]
        if count < 0 or len(block) < count + 1:
            refuse(path, f"line {place + 1} announces {count} atoms, and fewer follow", "Copy it again.")
        yield block[0], [line.split() for line in block[1:]]
        place += count + 2


def _block(pairs: dict[str, str], rows: list[list[str]], path: Path) -> dict[str, list[Any]]:
    """Return the columns of one block: species, positions in Å, and what else is known here."""
    layout = _layout(pairs.get("Properties", "species:S:1:pos:R:3"), path)
    width = max(stop for _, stop in layout.values())
    short = next((row for row in rows if len(row) < width), None)
    if short is not None:
        refuse(path, f"an atom has {len(short)} columns and not {width}", "Export it again.")
    at = {name: start for name, (start, _) in layout.items()}
    block: dict[str, list[Any]] = {
        "species": [from_word(row[at["species"]]) for row in rows],
        "x_A": [_number(row[at["pos"]], path) for row in rows],
        "y_A": [-_number(row[at["pos"] + 1], path) for row in rows],
    }
    for name in known_columns([*at]):
        if name not in block:
            block[name] = [_parse(row[at[name]], name) for row in rows]
    return block


def _layout(properties: str, path: Path) -> dict[str, tuple[int, int]]:
    """Return the first column of each property and that behind its last."""
    words = properties.split(":")
    layout, start = {}, 0
    for name, kind, width in zip(words[::3], words[1::3], words[2::3], strict=False):
        if kind not in _COLUMN_KINDS or not width.isdigit() or len(width) > 3:
            refuse(path, f"it describes its columns as {properties!r}", "Export it again.")
        layout[name] = (start, start + int(width))
        start += int(width)
    if "species" not in layout or layout.get("pos", (0, 0))[1] - layout.get("pos", (0, 0))[0] != 3:
        refuse(path, "it has no column species, or no three of pos", "Export it again.")
    return layout


def _parse(word: str, name: str) -> Any:
    return from_word(word) if name in TEXT else word


def _size(pairs: dict[str, str], path: Path) -> float | None:
    size = _number(pairs["pixel_size"], path) if "pixel_size" in pairs else 0.0
    return size if size > 0 else None


def _number(word: str, path: Path) -> float:
    try:
        return float(word)
    except ValueError:
        refuse(path, f"{word[:40]!r} stands where a number should", "Export it again.")
