"""Where atoms come from, as text in their file; beside a CSV table without lines before its header, in a file.

What cannot be understood, as that of a later version, counts as not known: the atoms are read all the same.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.errors import ConfigError
from napari_strata.io.files import replacing

KEY = "strata_origin"
"""What the text is called in a file."""
_LARGEST = 2**24
"""Bytes of a file with an origin."""


def as_text(origin: AtomOrigin) -> str:
    """Write an origin as one line of ASCII."""
    return json.dumps(origin.model_dump(mode="json"), separators=(",", ":"))


def from_text(text: str) -> AtomOrigin | None:
    """Return the origin that `as_text` wrote; None of another text."""
    with suppress(ValueError, RecursionError):
        return from_plain(json.loads(text))
    return None


def from_plain(values: Any) -> AtomOrigin | None:
    """Return the origin that plain data describe, None if they do not."""
    with suppress(ConfigError):
        return AtomOrigin.parse(values)
    return None


def path_beside(table: Path) -> Path:
    """Return the file that holds the origin of a table beside it."""
    return table.with_name(f"{table.name}.origin.json")


def write_beside(origin: AtomOrigin, table: Path) -> Path:
    """Write the origin of a table that lies there already, with the table's checksum; return the file.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = path_beside(table)
    with replacing(path) as temporary:
        content = {"table_sha256": _checksum(table), KEY: origin.model_dump(mode="json")}
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def read_beside(table: Path) -> AtomOrigin | None:
    """Return what `write_beside` wrote; None if there is nothing, or the table was changed since."""
    try:
        path = path_beside(table)
        if path.stat().st_size > _LARGEST:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("table_sha256") != _checksum(table):
            return None
    except (OSError, ValueError, RecursionError):
        return None
    return from_plain(content.get(KEY))


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
