"""Labelbox's export: a row of JSON per image (NDJSON), whose masks are files beside it.

Positions are (x, y) from the corner of the first pixel. A mask is named by an address, and nothing is fetched: its
file is looked for beside the export and in ``masks`` there, by the end of the address or the object's feature id.
Of several labels that a project has for an image, the first counts. Videos are passed over. The format:
https://docs.labelbox.com/reference/export-image-annotations, and the older one with "External ID" and "Label".
Own code: Labelbox's package is a client of its server, which fetches exports and masks with a key.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_strata.io.folders import files_in
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, classes_of
from napari_strata.io.labels.guard import (
    MOST_VALUES,
    check_list,
    check_mapping,
    check_name,
    check_number,
    check_size,
    check_vertices,
    parse_json,
    read_head,
    read_text,
    refuse,
)
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.labelbox_masks import LabelboxMasks
from napari_strata.io.labels.labelbox_writer import write_labelbox
from napari_strata.io.labels.passed_over import PassedOver
from napari_strata.io.labels.shapes import CORNER, Box, Points, Polygon, Polyline, Shape, Vertices, from_corner

_SUFFIXES = frozenset((".ndjson", ".jsonl", ".json"))
_TELLING = (b'"data_row"', b'"Labeled Data"')
_MOST_ROWS = 100_000
_LEAST_VERTICES = {"polygon": 3, "line": 2}


def read_labelbox(path: Path, sizes: ImageSizes) -> AnnotationSet:
    """Read an export, or those in a folder.

    Raises
    ------
    LabelsError
        If one cannot be read, is not of Labelbox, or states what cannot be.
    """
    files = _files(path) if path.is_dir() else [path]
    if not files:
        refuse(path, "there is no export of Labelbox in it", "Check the path.")
    passed_over = PassedOver()
    images = [image for file in files for image in _Export(file, passed_over).images()]
    return AnnotationSet(classes_of(images), tuple(images), FORMAT.name, passed_over.warnings)


def recognises_labelbox(path: Path) -> bool:
    """Tell whether a file, or one in a folder, is an export of Labelbox."""
    if path.is_dir():
        return bool(_files(path))
    head = read_head(path)
    return path.suffix.lower() in _SUFFIXES and any(word in head for word in _TELLING)


def _files(folder: Path) -> list[Path]:
    return [file for file in files_in(folder, *_SUFFIXES) if recognises_labelbox(file)]


@dataclass(slots=True)
class _Export:
    """One file while it is read."""

    path: Path
    passed_over: PassedOver
    masks: LabelboxMasks = field(init=False)

    def __post_init__(self) -> None:
        self.masks = LabelboxMasks(self.path, self.passed_over)

    def images(self) -> Iterator[AnnotatedImage]:
        """Yield the image of each row."""
        for place, row in enumerate(self._rows()):
            where = f"row {place + 1}"
            yield self._image(check_mapping(row, self.path, where=where), where)

    def _rows(self) -> list[Any]:
        text = read_text(self.path)
        if text.lstrip()[:1] == "[":
            return check_list(parse_json(text, self.path), self.path, where="the document")
        lines = text.split("\n")  # other line breaks may stand in names
        if len(lines) > _MOST_ROWS or text.count(",") > MOST_VALUES:
            refuse(
                self.path, f"it has more than {_MOST_ROWS:,} rows or {MOST_VALUES:,} values", "Export it in parts."
            )
        return [parse_json(line, self.path) for line in lines if line.strip()]

    def _inner(self, outer: dict[str, Any], name: str, where: str) -> dict[str, Any]:
        """Return a mapping within another; an empty one where it is not there."""
        value = outer.get(name)
        return {} if value is None else check_mapping(value, self.path, where=f"{name} of {where}")

    def _list(self, outer: dict[str, Any], name: str, where: str) -> list[Any]:
        value = outer.get(name)
        return [] if value is None else check_list(value, self.path, where=f"{name} of {where}")

    def _image(self, row: dict[str, Any], where: str) -> AnnotatedImage:
        media, about = self._inner(row, "media_attributes", where), self._inner(row, "data_row", where)
        names = (about.get("external_id"), about.get("global_key"), about.get("id"), row.get("External ID"))
        name = check_name(next((one for one in names if one), None), self.path, where=f"the image of {where}")
        height, width = media.get("height"), media.get("width")
        no_size = height is None and width is None
        size = None if no_size else check_size(height, width, self.path, where=where)
        found = [
            annotation
            for objects in self._labels(row, where, name)
            for one in objects
            if (
                annotation := self._annotation(
                    check_mapping(one, self.path, where=f"an object of {where}"), size, where
                )
            )
        ]
        return AnnotatedImage(name, size, tuple(found))

    def _labels(self, row: dict[str, Any], where: str, name: str) -> Iterator[list[Any]]:
        """Yield the objects that each project has for an image."""
        if "Label" in row:
            yield self._list(self._inner(row, "Label", where), "objects", where)
        for project in self._inner(row, "projects", where).values():
            labels = self._list(check_mapping(project, self.path, where=f"a project of {where}"), "labels", where)
            for further in range(len(labels)):
                label = check_mapping(labels[further], self.path, where=f"a label of {where}")
                drawn = self._inner(label, "annotations", where)
                if "frames" in drawn:
                    self.passed_over.add("videos", name[:60])
                elif further:
                    self.passed_over.add("further labels of an image", name[:60])
                else:
                    yield self._list(drawn, "objects", where)

    def _annotation(self, one: dict[str, Any], size: tuple[int, int] | None, where: str) -> Annotation | None:
        label = check_name(
            one.get("name", one.get("title")), self.path, where=f"the class of an object of {where}"
        )
        shape = self._shape(one, size, f"{label:.40} of {where}")
        if shape is None:
            return None
        said = dict(self._said(one, where))
        number = said.get("instance", "")
        instance = int(said.pop("instance")) if number.isdecimal() and len(number) < 10 else None
        occluded, source = said.pop("occluded", ""), said.pop("source", "")
        return Annotation(shape, label, 0, instance, occluded == "true", source, said)

    def _shape(self, one: dict[str, Any], size: tuple[int, int] | None, where: str) -> Shape | None:
        box = one.get("bounding_box", one.get("bbox"))
        if box is not None:
            return self._box(check_mapping(box, self.path, where=f"the box of {where}"), where)
        for name, least in _LEAST_VERTICES.items():
            if one.get(name) is not None:
                vertices = self._vertices(check_list(one[name], self.path, where=f"the {name} of {where}"), where)
                if len(vertices) >= least:
                    return Polygon((vertices,)) if name == "polygon" else Polyline(vertices)
                self.passed_over.add(f"{name}s of less than {least} vertices")
                return None
        if one.get("point") is not None:
            return Points(self._vertices([one["point"]], where))
        if any(one.get(name) is not None for name in ("mask", "composite_mask", "instanceURI")):
            return self.masks.find(one, size, where)
        self.passed_over.add("objects without a shape", str(one.get("annotation_kind", ""))[:40])
        return None

    def _box(self, box: dict[str, Any], where: str) -> Box:
        top, left, height, width = (
            check_number(box.get(name), self.path, where=f"{name} of {where}")
            for name in ("top", "left", "height", "width")
        )
        return Box(top - CORNER, left - CORNER, top + height - CORNER, left + width - CORNER)

    def _vertices(self, stated: list[Any], where: str) -> Vertices:
        pairs = [
            (one.get("x"), one.get("y"))
            for one in (check_mapping(one, self.path, where=f"a vertex of {where}") for one in stated)
        ]
        vertices = from_corner(check_vertices(pairs or [(0.0, 0.0)], self.path, where=where))
        is_closed = len(vertices) > 1 and (vertices[0] == vertices[-1]).all()
        return vertices[:-1] if is_closed else vertices

    def _said(self, one: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
        """Yield the answers to the questions that were asked of an object."""
        for question in self._list(one, "classifications", where):
            asked = check_mapping(question, self.path, where=f"a classification of {where}")
            name = check_name(asked.get("name", asked.get("title")), self.path, where=f"a question of {where}")
            answers = [
                *self._list(asked, "checklist_answers", where),
                asked.get("radio_answer"),
                asked.get("answer"),
            ]
            chosen = [said for answer in answers if isinstance(said := _name_of(answer), str)]
            content = self._inner(asked, "text_answer", where).get("content")
            yield name, content if isinstance(content, str) else ", ".join(chosen)


def _name_of(answer: Any) -> Any:
    return answer.get("name", answer.get("title")) if isinstance(answer, dict) else answer


FORMAT = LabelFormat(
    "labelbox", "Labelbox NDJSON", recognises_labelbox, read_labelbox, write_labelbox, keeps_shapes=False
)
