"""COCO's JSON of object instances: polygons, compressed and uncompressed run lengths, boxes.

Positions are (x, y) from the corner of the first pixel. The polygons of an annotation are one object: what lies
within any of them. Keypoints and captions are passed over. The format: https://cocodataset.org/#format-data.

pycocotools packs the run lengths that are written, its C code being COCO's own. The JSON is read by own code, for
pycocotools.coco trusts what it reads and prints to the terminal; for run lengths that are read see `rle`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_strata.io.folders import files_in
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, FileClass, classes_of
from napari_strata.io.labels.class_file import FILE_NAME as CLASS_FILE
from napari_strata.io.labels.coco_writer import write_coco
from napari_strata.io.labels.guard import (
    check_list,
    check_mapping,
    check_name,
    check_number,
    check_size,
    check_vertices,
    read_head,
    read_json,
    refuse,
)
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.passed_over import PassedOver
from napari_strata.io.labels.rle import MaskBudget, check_counts, counts_of_string, unfold_columns
from napari_strata.io.labels.shapes import CORNER, Box, PixelMask, Polygon, Shape, Vertices, from_corner

_TELLING = re.compile(rb'"(images|annotations|categories)"\s*:\s*\[')
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_NUMBERS = int, float


def read_coco(path: Path, sizes: ImageSizes) -> AnnotationSet:
    """Read a JSON file, or those in a folder or its ``annotations`` folder.

    Raises
    ------
    LabelsError
        If one cannot be read, is not of COCO, or states what cannot be.
    """
    files = _files(path) if path.is_dir() else [path]
    if not files:
        refuse(path, "there is no COCO file in it", "Check the path.")
    read = [_CocoFile(file).read() for file in files]
    images = tuple(image for _, found, _ in read for image in found)
    declared = [one for classes, _, _ in read for one in classes]
    return AnnotationSet(
        classes_of(images, declared), images, FORMAT.name, tuple(t for *_, told in read for t in told)
    )


def recognises_coco(path: Path) -> bool:
    """Tell whether a file, or one in a folder, is of COCO."""
    if path.is_dir():
        return bool(_files(path))
    head = read_head(path)
    return (
        path.suffix.lower() == ".json"
        and path.name != CLASS_FILE  # which has images, too
        and head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{"
        and bool(_TELLING.search(head))
    )


def _files(folder: Path) -> list[Path]:
    found = [*files_in(folder, ".json"), *files_in(folder / "annotations", ".json")]
    return [file for file in found if recognises_coco(file)]


@dataclass(slots=True)
class _CocoFile:
    """One file while it is read."""

    path: Path
    passed_over: PassedOver = field(default_factory=PassedOver)
    budget: MaskBudget = field(init=False)

    def __post_init__(self) -> None:
        self.budget = MaskBudget(self.path)

    def read(self) -> tuple[list[FileClass], list[AnnotatedImage], tuple[str, ...]]:
        """Return its classes, images and warnings."""
        document = check_mapping(read_json(self.path), self.path, where="the document")
        if "images" not in document:
            refuse(self.path, "it is no file of COCO, it has no images", "Check the path.")
        classes = self._classes(self._objects(document, "categories"))
        images = self._images(self._objects(document, "images"))
        drawn: dict[Any, list[Annotation]] = {number: [] for number in images}
        for place, one in enumerate(self._objects(document, "annotations")):
            where = f"annotation {place + 1}"
            number = self._id(one.get("image_id"), f"the image of {where}")
            if number not in images:
                self.passed_over.add("annotations of images that are not listed", str(number)[:40])
                continue
            annotation = self._annotation(one, classes, images[number].size, where)
            if annotation is not None:
                drawn[number].append(annotation)
        found = [AnnotatedImage(one.name, one.size, tuple(drawn[number])) for number, one in images.items()]
        return list(classes.values()), found, self.passed_over.warnings

    def _objects(self, document: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
        listed = document.get(name)
        for place, one in enumerate(check_list([] if listed is None else listed, self.path, where=name)):
            yield check_mapping(one, self.path, where=f"{name} {place + 1}")

    def _id(self, value: Any, where: str) -> Any:
        if not isinstance(value, str | int | float):
            refuse(self.path, f"the id of {where} is no number or name", "Export it again.")
        return value

    def _classes(self, categories: Iterable[dict[str, Any]]) -> dict[Any, FileClass]:
        classes = {}
        for place, one in enumerate(categories):
            where = f"category {place + 1}"
            name = check_name(one.get("name"), self.path, where=f"the name of {where}")
            classes[self._id(one.get("id"), where)] = FileClass(name, _color(one.get("color")))
        return classes

    def _images(self, listed: Iterable[dict[str, Any]]) -> dict[Any, AnnotatedImage]:
        images = {}
        for place, one in enumerate(listed):
            where = f"image {place + 1}"
            number, height, width = self._id(one.get("id"), where), one.get("height"), one.get("width")
            name = check_name(one.get("file_name"), self.path, where=f"the file_name of {where}")
            if number in images:
                refuse(self.path, f"two images have the id {number!s:.40}", "Export it again.")
            no_size = height is None and width is None
            size = None if no_size else check_size(height, width, self.path, where=where)
            images[number] = AnnotatedImage(name, size, ())
        return images

    def _annotation(
        self, one: dict[str, Any], classes: dict[Any, FileClass], size: tuple[int, int] | None, where: str
    ) -> Annotation | None:
        shape = self._shape(one, size, where)
        if shape is None:
            return None
        number = self._id(one.get("category_id"), f"the category of {where}")
        label = classes[number].name if number in classes else f"class {number!s:.40}"
        attributes = _attributes(one)
        occluded, source = attributes.pop("occluded", ""), attributes.pop("source", "")
        return Annotation(
            shape, label, occluded=occluded.lower() in {"true", "1"}, source=source, attributes=attributes
        )

    def _shape(self, one: dict[str, Any], size: tuple[int, int] | None, where: str) -> Shape | None:
        stated, box = one.get("segmentation"), one.get("bbox")
        if isinstance(stated, dict):
            return self._mask(stated, size, where)
        if stated:
            return self._polygon(check_list(stated, self.path, where=f"the segmentation of {where}"), where)
        if box:
            return self._box(check_list(box, self.path, where=f"the bbox of {where}"), where)
        self.passed_over.add("annotations without a segmentation or a bbox")
        return None

    def _polygon(self, stated: list[Any], where: str) -> Polygon | None:
        lists = [stated] if isinstance(stated[0], _NUMBERS) else stated
        rings = [self._ring(check_list(one, self.path, where=f"a polygon of {where}"), where) for one in lists]
        kept = tuple(ring for ring in rings if len(ring) >= 3)
        if len(kept) < len(rings):
            self.passed_over.add("polygons of less than 3 vertices")
        return Polygon(kept) if kept else None

    def _ring(self, stated: list[Any], where: str) -> Vertices:
        if len(stated) % 2:
            refuse(self.path, f"a polygon of {where} has an odd count of numbers", "Draw it again.")
        pairs = list(zip(stated[::2], stated[1::2], strict=True)) or [(0.0, 0.0)]
        return from_corner(check_vertices(pairs, self.path, where=f"a polygon of {where}"))

    def _box(self, stated: list[Any], where: str) -> Box:
        if len(stated) != 4:
            refuse(self.path, f"the bbox of {where} has {len(stated)} numbers, not 4", "Draw it again.")
        left, top, width, height = (check_number(one, self.path, where=f"the bbox of {where}") for one in stated)
        return Box(top - CORNER, left - CORNER, top + height - CORNER, left + width - CORNER)

    def _mask(self, stated: dict[str, Any], image_size: tuple[int, int] | None, where: str) -> PixelMask | None:
        lengths, counts = stated.get("size"), stated.get("counts")
        if not isinstance(lengths, list) or len(lengths) != 2:
            refuse(self.path, f"the mask of {where} states no size", "Export it again.")
        size = check_size(lengths[0], lengths[1], self.path, where=f"the mask of {where}")
        if image_size not in {None, size}:
            refuse(self.path, f"the mask of {where} has another size than its image", "Export it again.")
        if isinstance(counts, str):
            counts = counts_of_string(counts, self.budget, where=where)
        mask = unfold_columns(check_counts(counts, size, self.budget, where=where), size, self.budget)
        if mask is None:
            self.passed_over.add("empty masks")
        return mask


def _color(value: Any) -> str | None:
    if isinstance(value, str) and _COLOR.fullmatch(value):
        return value.lower()
    if isinstance(value, list) and len(value) == 3 and all(isinstance(v, int) and 0 <= v < 256 for v in value):
        return "#{:02x}{:02x}{:02x}".format(*value)
    return None


def _attributes(one: dict[str, Any]) -> dict[str, str]:
    """Return what is said of an annotation besides: CVAT's attributes, a score, and that it is a crowd."""
    stated = one.get("attributes")
    found = dict(stated) if isinstance(stated, dict) else {}
    if one.get("iscrowd"):
        found["iscrowd"] = 1
    if one.get("score") is not None:
        found["score"] = one["score"]
    return {name: str(value) for name, value in found.items() if isinstance(value, str | int | float)}


FORMAT = LabelFormat("coco", "COCO JSON", recognises_coco, read_coco, write_coco, keeps_shapes=False)
