"""XML files, written whole or not at all."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.errors import LabelsError
from napari_strata.io.files import replacing

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_xml(root: "Element", path: Path) -> None:
    """Write an XML document as UTF-8, indented.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    from xml.etree.ElementTree import ElementTree, indent

    indent(root)
    with replacing(path) as temporary:
        ElementTree(root).write(temporary, encoding="utf-8", xml_declaration=True)


def check_text(text: str) -> str:
    """Return a text that XML can hold.

    Raises
    ------
    LabelsError
        If it has a control character in it.
    """
    if _FORBIDDEN.search(text):
        raise LabelsError(
            f"XML cannot hold the name {text!r:.60}.", remedy="Rename it without control characters."
        )
    return text
