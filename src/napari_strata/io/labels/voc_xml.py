"""The XML of Pascal VOC: the objects of one image, each with its box."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.io.labels.guard import check_number, check_size, read_xml, refuse
from napari_strata.io.labels.passed_over import PassedOver
from napari_strata.io.labels.shapes import CORNER, Box

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SIDES = ("ymin", "xmin", "ymax", "xmax")
SAYS_NOTHING = {"pose": "Unspecified", "truncated": "0", "difficult": "0"}
"""Elements of an object that are kept as attributes, and what they say when they say nothing."""


@dataclass(frozen=True, slots=True)
class VocObject:
    """An object of an image.

    Attributes
    ----------
    name : str
        Its class.
    box : Box or None
        Where it is; None where the file does not say.
    occluded : bool
        Whether something hides a part of it.
    source : str
        Who drew it.
    attributes : dict of str to str
        What else is said of it.
    """

    name: str
    box: Box | None
    occluded: bool
    source: str
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class VocXml:
    """What is said of an image.

    Attributes
    ----------
    name : str
        Its file name.
    size : (int, int) or None
        Its height and width [px].
    objects : tuple of VocObject
        In the order of the file.
    counts_pixels : bool
        Whether its boxes were read as pixels counted from 1.
    """

    name: str
    size: tuple[int, int] | None
    objects: tuple[VocObject, ...]
    counts_pixels: bool


def read_voc_xml(path: Path, passed_over: PassedOver, *, counts_pixels: bool | None) -> VocXml:
    """Read the XML file of one image.

    Parameters
    ----------
    path : Path
        The file.
    passed_over : PassedOver
        Collects what is passed over.
    counts_pixels : bool or None
        Whether boxes are the first and the last pixel, counted from 1; by default, whether the file is one of the
        PASCAL VOC challenges.

    Raises
    ------
    LabelsError
        If it is not of VOC, or states what cannot be.
    """
    root = read_xml(path)
    if root.tag != "annotation":
        refuse(path, "it is no file of Pascal VOC, which begin with <annotation>", "Check the path.")
    if counts_pixels is None:
        counts_pixels = any("VOC" in text.upper() for text in _source(root))
    objects = []
    for place, element in enumerate(root.iterfind("object")):
        where = f"object {place + 1}"
        name = (element.findtext("name") or "").strip()
        if not name:
            refuse(path, f"{where} has no name", "Name it, and export it again.")
        box = _box(element, path, where, counts_pixels=counts_pixels)
        attributes = _attributes(element)
        source = attributes.pop("source", "")
        objects.append(VocObject(name, box, element.findtext("occluded", "").strip() == "1", source, attributes))
        for other in element:
            if other.tag in {"part", "robndbox", "polygon"}:
                passed_over.add(f"<{other.tag}>s of objects")
    name = (root.findtext("filename") or "").strip() or path.stem
    return VocXml(name, _size(root, path), tuple(objects), counts_pixels)


def _source(root: "Element") -> list[str]:
    """Return what names the data set, in the challenges ``The VOC2007 Database`` and ``PASCAL VOC2007``."""
    return [root.findtext(f"source/{name}") or "" for name in ("database", "annotation")]


def _size(root: "Element", path: Path) -> tuple[int, int] | None:
    height, width = (root.findtext(f"size/{name}", "").strip() for name in ("height", "width"))
    return None if {height, width} <= {"", "0"} else check_size(height, width, path, where="the image")


def _box(element: "Element", path: Path, where: str, *, counts_pixels: bool) -> Box | None:
    stated = element.find("bndbox")
    if stated is None:
        return None
    top, left, bottom, right = (
        check_number(stated.findtext(side), path, where=f"{side} of {where}") - CORNER for side in _SIDES
    )
    first = 1 if counts_pixels else 0  # pixel n from 1 reaches from n - 1 to n from the corner
    return Box(min(top, bottom) - first, min(left, right) - first, max(top, bottom), max(left, right))


def _attributes(element: "Element") -> dict[str, str]:
    said = {name: element.findtext(name, "").strip() for name in SAYS_NOTHING}
    kept = {name: text for name, text in said.items() if text not in {"", SAYS_NOTHING[name]}}
    named = {
        one.findtext("name", ""): one.findtext("value", "") for one in element.iterfind("attributes/attribute")
    }
    return kept | {name: value for name, value in named.items() if name}
