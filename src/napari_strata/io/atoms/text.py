"""Text files of atoms: read whole but never larger than honest ones, and names that keep to one word."""

import re
from pathlib import Path
from urllib.parse import quote, unquote

from napari_strata.errors import TableError
from napari_strata.io.atoms.columns import refuse

LARGEST_FILE = 2**30
"""Bytes of a text file of atoms: some five million of them with all that is known of each."""
_NOTHING = "-"
"""What stands for no text among words that are separated by blanks."""
_UNSAFE = re.compile(r"[\s%\"'\\=,;#\x00-\x1f\x7f]")


def read_text(path: Path) -> str:
    """Read a UTF-8 text file whole, with or without a byte order mark.

    Raises
    ------
    TableError
        If it cannot be read, is too large, or is no text.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise TableError(f"{path} cannot be read ({error.strerror}).", remedy="Check the path.") from error
    if len(data) > LARGEST_FILE:
        refuse(path, f"it is larger than {LARGEST_FILE / 2**30:.0f} GB", "Export it in parts, or as Parquet.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(path, f"it is no UTF-8 text (byte {error.start})", "Export it again.")


def as_word(text: str) -> str:
    """Write a text as one word: what would end it becomes %20 and the like; no text becomes a hyphen."""
    word = _UNSAFE.sub(lambda found: quote(found[0], safe=""), text)
    return {"": _NOTHING, _NOTHING: "%2D"}.get(word, word)


def from_word(word: str) -> str:
    """Return the text that `as_word` wrote as a word."""
    return "" if word == _NOTHING else unquote(word)
