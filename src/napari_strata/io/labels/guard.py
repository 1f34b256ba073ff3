"""Reading what strangers wrote: sizes, depths and numbers are checked before memory is spent on them."""

import csv
import io
import json
import math
import re
import reprlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.labels.shapes import Vertices

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_HALF_LETTER = re.compile(
    r"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F])"
)
LARGEST_FILE = 96 * 2**20
"""Bytes of a text file; its numbers take up to eight times as much memory."""
MOST_VALUES = 4_000_000
"""Numbers or names in a text file; as JSON objects they take 0.6 GB."""
MOST_COLUMNS = 1000
"""Columns of a table."""
MOST_TAGS = 1_000_000
"""Opening and closing tags in an XML file."""
MOST_VERTICES = 1_000_000
"""Vertices of one shape."""
LARGEST_COORDINATE = 1e6
"""Distance of a vertex from the first pixel [px]."""
LARGEST_IMAGE = 2**28
"""Pixels of an image that a file claims: 16384 x 16384."""
LARGEST_YAML = 256 * 2**10
"""Bytes of a YAML file: a list of 10,000 classes; more would take seconds to parse."""


def read_bytes(path: Path) -> bytes:
    """Read a text file whole.

    Raises
    ------
    LabelsError
        If it cannot be read, or is larger than any honest annotation file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(
                LARGEST_FILE + 1
            )  # what a device or a growing file says of its size counts for nothing
    except OSError as error:
        raise LabelsError(f"{path} cannot be read ({error.strerror}).", remedy="Check the path.") from error
    if len(data) > LARGEST_FILE:
        refuse(path, f"it is larger than {LARGEST_FILE / 2**20:.0f} MB", "Export it in parts.")
    return data


def read_head(path: Path) -> bytes:
    """Read the first 64 kB of a file, to tell what it may be; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(2**16)
    except (OSError, ValueError):
        return b""


def read_text(path: Path) -> str:
    """Read a UTF-8 text file whole, with or without a byte order mark.

    Raises
    ------
    LabelsError
        If it cannot be read, is too large, or is no text.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(path, f"it is no UTF-8 text (byte {error.start})", "Export it again.")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    LabelsError
        If it cannot be read, is too large, is no JSON, is nested too deep, or holds a number that is not finite.
    """
    return parse_json(read_text(path), path)


def parse_json(text: str, path: Path) -> Any:
    """Parse JSON that came out of a file; see `read_json`."""
    if any(_is_escape(text, found.start()) for found in _HALF_LETTER.finditer(text)):
        refuse(path, "it holds half a letter (a lone surrogate), which no file can be named after", "Rename it.")
    if text.count(",") > MOST_VALUES:
        refuse(path, f"it holds more than {MOST_VALUES:,} values", "Export it in parts.")
    try:
        return json.loads(text, parse_constant=lambda word: _raise(f"it holds the number {word}"))
    except RecursionError:
        refuse(path, "it is nested too deep", "Export it again.")
    except ValueError as error:
        refuse(path, f"it is no JSON: {error}", "Export it again.")


def _is_escape(text: str, place: int) -> bool:
    """Tell whether the backslash at a place is none that a backslash before it stands for."""
    before = text[max(place - 1000, 0) : place]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 0


def read_yaml(path: Path) -> Any:
    """Read a YAML file as mappings, lists and strings; class names such as `yes` and `1` stay what they are.

    Raises
    ------
    LabelsError
        If it cannot be read, is too large, is no YAML, is nested too deep, or uses aliases.
    """
    import yaml

    class PlainLoader(yaml.BaseLoader):  # type: ignore[misc]  # builds text, lists and mappings, and nothing else
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise ValueError("it uses aliases, which can unfold without end")
            return super().compose_node(parent, index)

    text = read_text(path)
    if len(text) > LARGEST_YAML:
        refuse(path, f"it is larger than {LARGEST_YAML / 2**10:.0f} kB", "Export it again.")
    try:
        return PlainLoader(text).get_single_data()
    except RecursionError:
        refuse(path, "it is nested too deep", "Export it again.")
    except (yaml.YAMLError, ValueError) as error:
        refuse(path, f"it is no plain YAML: {' '.join(str(error).split())}", "Export it again.")


def read_rows(path: Path) -> list[list[str]]:
    """Read the rows of a CSV file; the first is its header, and each has as many fields as that.

    Raises
    ------
    LabelsError
        If it cannot be read, is too large, is no CSV, is empty, or a row has more or fewer fields than the header.
    """
    data = read_bytes(path)
    if data.count(b",") + data.count(b"\n") + data.count(b"\r") > MOST_VALUES:
        refuse(path, f"it holds more than {MOST_VALUES:,} values", "Export it in parts.")
    if data.split(b"\n", 1)[0].count(b",") > MOST_COLUMNS:
        refuse(path, f"it has more than {MOST_COLUMNS:,} columns", "Export it again.")
    lines = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")
    field_limit = csv.field_size_limit(LARGEST_FILE)  # a polygon of VIA fills one field
    try:
        rows = [row for row in csv.reader(lines, strict=True) if row]
    except (csv.Error, ValueError) as error:
        refuse(path, f"it is no CSV: {error}", "Export it again.")
    finally:
        csv.field_size_limit(field_limit)
    if not rows:
        refuse(path, "it is empty", "Export it again.")
    uneven = next((place for place, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if uneven is not None:
        reason = f"row {uneven + 1} has {len(rows[uneven])} fields and the header has {len(rows[0])}"
        refuse(path, reason, "Export it again.")
    return rows


def read_xml(path: Path) -> "Element":
    """Read an XML file without a document type, hence without entities.

    Raises
    ------
    LabelsError
        If it cannot be read, is too large, is no XML, or declares a document type or entities.
    """
    return parse_xml(read_bytes(path), path)


def parse_xml(data: bytes, path: Path) -> "Element":
    """Parse XML that came out of a file; see `read_xml`."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if data.count(b"<") > MOST_TAGS or data.count(b";") + data.count(b"=") > MOST_VALUES:
        refuse(path, f"it holds more than {MOST_TAGS:,} tags or {MOST_VALUES:,} values", "Export it in parts.")
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        refuse(path, "it declares a document type or entities", "Export it again.")
    except (ParseError, ValueError, LookupError) as error:
        refuse(path, f"it is no XML: {error}", "Export it again.")
    return root


def check_vertices(points: Any, path: Path, *, where: str, least: int = 1) -> Vertices:
    """Check positions that a file states.

    Parameters
    ----------
    points : array_like of numbers, shape (n, 2)
        Positions in any order of axes.
    path : Path
        The file, for messages.
    where : str
        Which shape, for messages.
    least : int
        How many positions the shape needs.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        The same positions.

    Raises
    ------
    LabelsError
        If they are no numbers, not finite, absurdly large, too few or too many.
    """
    try:
        vertices = np.asarray(points, np.float64)
    except (ValueError, TypeError, OverflowError):
        refuse(path, f"{where} has vertices that are no pairs of numbers", "Draw it again.")
    if vertices.ndim != 2 or vertices.shape[1] != 2:
        refuse(path, f"{where} has vertices that are no pairs of numbers", "Draw it again.")
    if not least <= len(vertices) <= MOST_VERTICES:
        refuse(path, f"{where} has {len(vertices):,} vertices, not {least} to {MOST_VERTICES:,}", "Draw it again.")
    if not np.all(np.abs(vertices) <= LARGEST_COORDINATE):  # also false for NaN
        refuse(path, f"{where} has a vertex that is no place in an image", "Draw it again.")
    return vertices


def check_number(value: Any, path: Path, *, where: str) -> float:
    """Check one length or position [px] that a file states; see `check_vertices`."""
    try:
        number = float(value)
    except (ValueError, TypeError, OverflowError):
        refuse(path, f"{where} is {reprlib.repr(value)} and no number", "Draw it again.")
    if not math.isfinite(number) or abs(number) > LARGEST_COORDINATE:
        refuse(path, f"{where} is {number:g}, which is no place in an image", "Draw it again.")
    return number


def check_mapping(value: Any, path: Path, *, where: str) -> dict[Any, Any]:
    """Check that what a file says there is a mapping of names to values."""
    if not isinstance(value, dict):
        refuse(path, f"{where} is {reprlib.repr(value)} and no object with named values", "Export it again.")
    return value


def check_list(value: Any, path: Path, *, where: str) -> list[Any]:
    """Check that what a file says there is a list."""
    if not isinstance(value, list):
        refuse(path, f"{where} is {reprlib.repr(value)} and no list", "Export it again.")
    return value


def check_name(value: Any, path: Path, *, where: str) -> str:
    """Check that what a file says there is a name, and return it without spaces around it."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        refuse(path, f"{where} is {reprlib.repr(value)} and no name", "Name it, and export it again.")
    return str(value).strip()


def check_size(height: Any, width: Any, path: Path, *, where: str) -> tuple[int, int]:
    """Check the height and width [px] that a file claims for an image, before anything of that size is made.

    Raises
    ------
    LabelsError
        If they are no whole positive numbers, or larger than any image that is handled here.
    """
    try:
        size = int(height), int(width)
    except (ValueError, TypeError, OverflowError):
        refuse(path, f"{where} has the size {reprlib.repr(height)} x {reprlib.repr(width)}", "Export it again.")
    if min(size) < 1 or size[0] * size[1] > LARGEST_IMAGE:
        refuse(path, f"{where} claims {size[0]} x {size[1]} px", f"Images have 1 to {LARGEST_IMAGE:,} pixels.")
    if float(height) != size[0] or float(width) != size[1]:
        refuse(path, f"{where} claims {height} x {width} px", "Sizes are whole numbers.")
    return size


def refuse(path: Path, reason: str, remedy: str) -> NoReturn:
    """Refuse a file.

    Raises
    ------
    LabelsError
        Always.
    """
    raise LabelsError(f"{path} is refused: {reason}.", remedy=remedy)


def _raise(reason: str) -> NoReturn:
    raise ValueError(reason)
