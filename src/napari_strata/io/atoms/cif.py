"""Atoms as CIF through ase: a data block per image, frame and crystal layer, each a box around its atoms.

A layer of an image has no unit cell: its box is as large as the atoms are spread, with 5 Å of nothing around them,
and without symmetry. What an atom table has beyond species and position stands in columns whose names begin with
``strata_``, which the format allows and other programs pass over.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import numpy as np

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.errors import StrataError, TableError
from napari_strata.io.atoms.blocks import blocks, check_angstrom
from napari_strata.io.atoms.columns import COUNTS, TEXT, TRUTH_COLUMNS, refuse, table_of
from napari_strata.io.atoms.origin import KEY, as_text, from_text
from napari_strata.io.atoms.text import read_text
from napari_strata.io.calibration import require
from napari_strata.types import ATOM_COLUMNS, ATOM_DETAILS

if TYPE_CHECKING:
    from ase import Atoms
    from pandas import DataFrame

_MARGIN = 5.0
"""Width of the empty space around the atoms [Å]."""
_NO_ATOMS = "# no atoms\n"
_OURS = "strata_"
MARK = f"_{_OURS}y_px"
"""A column that all files that were written here have, and no others."""
_ORIGIN = f"# {KEY}: "
"""Begins the comment, in the first line, that tells where the atoms come from."""
_LAYER = ("image", "frame", "layer")


def write_cif(table: "DataFrame", path: Path, origin: AtomOrigin | None = None) -> None:
    """Write a table, its origin as a comment; numbers exactly, species that are no chemical elements as X.

    Raises
    ------
    CalibrationError
        If positions in Å are not known.
    """
    from ase.io.cif import write_cif as write

    check_angstrom(table, "CIF")
    parts = list(blocks(table, _LAYER))
    keys = {f"{_OURS}{name}".lower(): [_words(part[name], name) for part in parts] for name in table}
    with path.open("wb") as file:
        if origin is not None:
            file.write(f"{_ORIGIN}{as_text(origin)}\n".encode())
        if parts:
            write(file, [_boxed(part) for part in parts], wrap=False, loop_keys=keys)
        else:
            file.write(_NO_ATOMS.encode())


def read_cif(path: Path, pixel_size: float | None = None) -> "DataFrame":
    """Read atoms that were written here, or the structures of any CIF file as layers seen along c.

    Parameters
    ----------
    path : Path
        The file. Of a structure from elsewhere y points up, and a data block is a frame.
    pixel_size : float, optional
        Pixel size [Å/px], needed for structures from elsewhere.

    Raises
    ------
    TableError
        If the file cannot be read, or holds a value that cannot be.
    CalibrationError
        If the pixel size is needed and not given.
    """
    from ase.io.cif import parse_cif

    if _without_origin(read_text(path)).startswith(_NO_ATOMS.strip()):
        return table_of({name: [] for name in TRUTH_COLUMNS}, path)
    columns: dict[str, list[Any]] = {}
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # ase warns of what another program may have meant
            for index, block in enumerate(parse_cif(file)):
                _extend(columns, _ours(block) or _theirs(block.get_atoms(), index, path, pixel_size), path)
    except StrataError:
        raise
    except Exception as error:  # ase raises nearly anything on a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TableError(f"{path} is no CIF ({reason[:200]}).", remedy="Export it again.") from error
    if not columns:
        refuse(path, "it holds no structure", "Export it again.")
    return table_of(columns, path)


def read_cif_origin(path: Path) -> AtomOrigin | None:
    """Return where the atoms of a file come from; None where it does not say."""
    first = read_text(path).partition("\n")[0]
    return from_text(first.removeprefix(_ORIGIN)) if first.startswith(_ORIGIN) else None


def _without_origin(text: str) -> str:
    return text.partition("\n")[2] if text.startswith(_ORIGIN) else text


def _words(column: Any, name: str) -> list[str]:
    if name in TEXT:  # a colon before it, so that 007 is not taken for a number
        return [":" + quote(text, safe="").replace("~", "%7E") for text in column]
    return [str(int(value)) if name in COUNTS else repr(float(value)) for value in column]


def _boxed(part: "DataFrame") -> "Atoms":
    """Return the atoms of one layer in a box, y pointing up, as the image is seen."""
    from ase import Atoms
    from ase.data import chemical_symbols

    x, y = part["x_A"].to_numpy(), -part["y_A"].to_numpy()
    places = np.column_stack([x - x.min(), y - y.min(), np.zeros(len(part))]) + _MARGIN
    sides = [*(np.ptp(axis) + 2 * _MARGIN for axis in (x, y)), 2 * _MARGIN]
    symbols = [name if name in chemical_symbols else "X" for name in part["species"]]
    return Atoms(symbols, positions=places, cell=sides, pbc=True)


def _ours(block: Any) -> dict[str, list[Any]]:
    """Return the columns of a block that was written here; nothing of another one."""
    names = {f"_{_OURS}{name}".lower(): name for name in (*ATOM_COLUMNS, *ATOM_DETAILS)}
    found = {names[tag]: _values(block[tag]) for tag in names if tag in block}
    return {
        name: [unquote(str(value)[1:]) for value in values] if name in TEXT else values
        for name, values in found.items()
    }


def _theirs(atoms: "Atoms", index: int, path: Path, pixel_size: float | None) -> dict[str, list[Any]]:
    size = require(pixel_size, name=path.name)
    x, y, _z = atoms.positions.T
    return {
        "image": [path.stem] * len(atoms),
        "frame": [index] * len(atoms),
        "layer": [0] * len(atoms),
        "species": atoms.get_chemical_symbols(),
        "y_px": (-y / size).tolist(),
        "x_px": (x / size).tolist(),
        "y_A": (-y).tolist(),
        "x_A": x.tolist(),
    }


def _extend(columns: dict[str, list[Any]], block: dict[str, list[Any]], path: Path) -> None:
    if columns and set(block) != set(columns):
        refuse(path, "its data blocks have different columns", "Convert them one by one.")
    for name, values in block.items():
        columns.setdefault(name, []).extend(values)


def _values(tag: Any) -> list[Any]:
    return tag if isinstance(tag, list) else [tag]
