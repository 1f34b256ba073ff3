"""The shapes in CVAT's XML."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.io.labels.annotations import Annotation
from napari_strata.io.labels.guard import MOST_VERTICES, check_number, check_size, check_vertices, refuse
from napari_strata.io.labels.passed_over import PassedOver
from napari_strata.io.labels.rle import MaskBudget, check_counts, unfold_rows
from napari_strata.io.labels.shapes import (
    CORNER,
    Box,
    Ellipse,
    PixelMask,
    Points,
    Polygon,
    Polyline,
    Shape,
    Vertices,
    from_corner,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST_WHOLE = 2**31
"""Largest frame, group or z-order."""
_NO_SEPARATORS = bytes(set(range(256)) - set(b",;"))
_LEAST_VERTICES = {"polygon": 3, "polyline": 2, "points": 1}


@dataclass(slots=True)
class CvatShapes:
    """Turns elements of one file into annotations.

    Attributes
    ----------
    path : Path
        The file, for messages.
    passed_over : PassedOver
        Collects what is no shape that is known here.
    budget : MaskBudget
        What its masks may take.
    """

    path: Path
    passed_over: PassedOver
    budget: MaskBudget = field(init=False)

    def __post_init__(self) -> None:
        self.budget = MaskBudget(self.path)

    def annotation(
        self, element: "Element", label: str | None, source: str | None, where: str, track: "Element | None" = None
    ) -> Annotation | None:
        """Return the annotation that an element states; None where it is no shape that is known here.

        Raises
        ------
        LabelsError
            If it has no class, or states what cannot be.
        """
        shape = self._shape(element, f"{element.tag:.20} of {where:.80}")
        if shape is None:
            return None
        if not label:
            refuse(self.path, f"{element.tag} of {where:.80} has no label", "Export it again.")
        group = whole(element if track is None else track, "group_id", self.path, default=0)
        return Annotation(
            shape,
            label,
            whole(element, "z_order", self.path, default=0),
            group or None,
            element.get("occluded") == "1",
            element.get("source") or source or "",
            {one.get("name", ""): one.text or "" for one in element.iterfind("attribute")},
        )

    @staticmethod
    def with_attribute(annotation: Annotation, name: str, value: str) -> Annotation:
        """Return an annotation with one attribute more."""
        return replace(annotation, attributes={**annotation.attributes, name: value})

    def _shape(self, element: "Element", where: str) -> Shape | None:
        match element.tag:
            case "polygon" | "polyline" | "points":
                return self._drawn(element, where)
            case "box":
                return self._box(element, where)
            case "ellipse":
                return self._ellipse(element, where)
            case "mask":
                return self._mask(element, where)
            case "tag":
                self.passed_over.add("tags: tags mark no pixels", element.get("label", "")[:40])
            case "cuboid" | "skeleton":
                self.passed_over.add(f"{element.tag}s", element.get("label", "")[:40])
            case "attribute":
                pass
            case _:
                self.passed_over.add("unknown elements", f"<{element.tag:.20}>")
        return None

    def _drawn(self, element: "Element", where: str) -> Shape | None:
        vertices = self._vertices(element, where)
        least = _LEAST_VERTICES[element.tag]
        if len(vertices) < least:
            self.passed_over.add(f"{element.tag}s of less than {least} vertices")
            return None
        if element.tag == "polygon":
            return Polygon((vertices,))
        return Polyline(vertices) if element.tag == "polyline" else Points(vertices)

    def _vertices(self, element: "Element", where: str) -> Vertices:
        """Read ``x,y;x,y;...``."""
        text = element.get("points", "").rstrip(";")
        pairs = text.count(",")
        if max(pairs, text.count(";")) > MOST_VERTICES:
            refuse(self.path, f"{where} has more than {MOST_VERTICES:,} vertices", "Draw it again.")
        separators = text.encode("ascii", "replace").translate(None, _NO_SEPARATORS)
        try:
            numbers = [float(number) for number in text.replace(";", ",").split(",")] if text else []
        except ValueError:
            numbers = [0.0]
        if len(numbers) != 2 * pairs or separators != (b",;" * pairs)[:-1]:
            refuse(self.path, f"{where} has vertices that are no pairs of numbers", "Draw it again.")
        vertices = np.array(numbers).reshape(-1, 2)
        return from_corner(check_vertices(vertices, self.path, where=where, least=0))

    def _numbers(self, element: "Element", names: str, where: str) -> list[float]:
        return [check_number(element.get(name), self.path, where=f"{name} of {where}") for name in names.split()]

    def _angle(self, element: "Element", where: str) -> float:
        return check_number(element.get("rotation", 0), self.path, where=f"rotation of {where}")

    def _box(self, element: "Element", where: str) -> Box:
        left, top, right, bottom = (value - CORNER for value in self._numbers(element, "xtl ytl xbr ybr", where))
        return Box(
            min(top, bottom), min(left, right), max(top, bottom), max(left, right), self._angle(element, where)
        )

    def _ellipse(self, element: "Element", where: str) -> Ellipse:
        x, y, radius_x, radius_y = self._numbers(element, "cx cy rx ry", where)
        return Ellipse(y - CORNER, x - CORNER, abs(radius_y), abs(radius_x), self._angle(element, where))

    def _mask(self, element: "Element", where: str) -> PixelMask | None:
        size = check_size(element.get("height"), element.get("width"), self.path, where=where)
        text = element.get("rle", "")
        self.budget.spend(runs=text.count(","))  # before they take memory
        try:
            runs = [int(run) for run in text.split(",")]
        except ValueError:
            refuse(self.path, f"{where} has run lengths that are no whole numbers", "Export it again.")
        mask = unfold_rows(check_counts(runs, size, self.budget, where=where), size, self.budget)
        if mask is None:
            self.passed_over.add("empty masks")
            return None
        top, left = (whole(element, name, self.path) for name in ("top", "left"))
        return PixelMask(mask.top + top, mask.left + left, mask.pixels)


def whole(
    element: "Element", name: str, path: Path, *, default: int | None = None, least: int = -LARGEST_WHOLE
) -> int:
    """Read an attribute that is a whole number.

    Raises
    ------
    LabelsError
        If it is none, is out of range, or is not there and has no default.
    """
    text = element.get(name)
    if text is None and default is not None:
        return default
    try:
        number = int(text or "")
    except ValueError:
        number = LARGEST_WHOLE + 1
    if not least <= number <= LARGEST_WHOLE:
        refuse(path, f"{name} of <{element.tag:.20}> is {text!r:.40}", "Export it again.")
    return number
