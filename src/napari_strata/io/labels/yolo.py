"""YOLO: one text file per image, as Ultralytics reads it and Roboflow exports it (docs.ultralytics.com/datasets).

A row is a class number and, as parts of the image's width and height from the corner of its first pixel, a box
(centre x and y, width, height) or the vertices of a polygon; a last number too many is a confidence.
``data.yaml`` names the classes, in a flat folder ``classes.txt``. Rows say nothing of pixels: the size of the
image is that of the image at hand, else of the image in the export.

Boxes are written as detection rows if nothing but upright boxes is drawn, else all is written as polygons: what
is none becomes one closed line round the same pixels, cut off at the border of the image, and what has no pixel
in the image is left out. Own code: supervision, which reads it, brings OpenCV and matplotlib along.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.files import replacing
from napari_strata.io.labels import guard
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, FileClass, classes_of
from napari_strata.io.labels.file_names import stems_to_write
from napari_strata.io.labels.joining import closed_line, pixels_of
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.passed_over import PassedOver
from napari_strata.io.labels.shapes import CORNER, Box, Polygon, Shape, from_corner, to_corner
from napari_strata.io.labels.yolo_folder import (
    class_names,
    image_sizes,
    images_without_rows,
    is_row_file,
    row_files,
)

_FARTHEST = 2.0
"""Part of the image's width or height: what is farther out is no part of it."""
_MOST_CLASSES = 100_000
_MOST_NUMBERS = 16_000_000
_MOST_OBJECTS = 1_000_000
"""Of all files that are read together; in memory they take less than a gigabyte."""


def _recognises(path: Path) -> bool:
    files = row_files(path)
    return any(is_row_file(file) for file in files[:50])


def _read(path: Path, sizes: ImageSizes) -> AnnotationSet:
    """Read an export, its data.yaml, a folder of text files, or one of them."""
    files = row_files(path)
    if not files:
        guard.refuse(path, "it holds no label file", "Name the folder that holds data.yaml, or the labels folder.")
    names = class_names(path)
    known = image_sizes(path, files, sizes)
    passed_over = PassedOver()
    images: list[AnnotatedImage] = []
    objects = numbers = 0
    for file in files:
        text = guard.read_text(file)
        objects, numbers = objects + text.count("\n"), numbers + text.count(" ") + text.count("\t")
        if objects > _MOST_OBJECTS or numbers > _MOST_NUMBERS:
            what = f"its files hold more than {_MOST_OBJECTS:,} objects or {_MOST_NUMBERS:,} numbers"
            guard.refuse(path, what, "Export it in parts.")
        images.append(_read_image(file, text, known, names, passed_over))
    empty = [AnnotatedImage(stem, known.get(stem), ()) for stem in images_without_rows(path, files)]
    declared = [FileClass(names[number]) for number in sorted(names)]
    return AnnotationSet(classes_of(images, declared), (*images, *empty), FORMAT.name, passed_over.warnings)


def _read_image(
    file: Path, text: str, sizes: ImageSizes, names: Mapping[int, str], passed_over: PassedOver
) -> AnnotatedImage:
    rows = [(number, row) for number, row in enumerate(text.splitlines(), 1) if row.strip()]
    size = sizes.get(file.stem)
    if rows and size is None:
        raise LabelsError(
            f"{file} places its objects by parts of an image whose size nobody knows.",
            remedy=f"Give the folder of the images, with {file.stem} in it.",
        )
    annotations = []
    for number, row in rows:
        one = _read_row(row.split(), size or (1, 1), names, file, f"row {number}")
        if one is None:
            passed_over.add("outlines of less than three vertices", file.name)
        else:
            annotations.append(one)
    return AnnotatedImage(file.stem, size, tuple(annotations))


def _read_row(
    row: Sequence[str], size: tuple[int, int], names: Mapping[int, str], file: Path, where: str
) -> Annotation | None:
    if not 5 <= len(row) <= 2 * guard.MOST_VERTICES:
        guard.refuse(file, f"{where} has {len(row):,} numbers", "A box has 5, a polygon 7 or more.")
    try:
        numbers = np.array(row, np.float64)
    except ValueError as error:
        guard.refuse(file, f"{where} holds what is no number: {error}", "Export it again.")
    if not np.isfinite(numbers).all():
        guard.refuse(file, f"{where} holds what is no finite number", "Export it again.")
    index = int(numbers[0])
    if index != numbers[0] or not 0 <= index < _MOST_CLASSES:
        guard.refuse(
            file, f"{where} has the class {row[0][:20]}, which is no number of a class", "Export it again."
        )
    has_confidence = len(numbers) % 2 == 0
    places = numbers[1 : len(numbers) - has_confidence]
    if np.abs(places).max() > _FARTHEST:
        farthest = places[np.abs(places).argmax()]
        guard.refuse(file, f"{where} says {farthest:g}, not a part from 0 to 1", "Export normalised coordinates.")
    shape = _shape(places, size)
    label = names.get(index, f"class {index}")
    attributes = {"confidence": row[-1]} if has_confidence else {}
    return None if shape is None else Annotation(shape, label, attributes=attributes)


def _shape(places: "np.ndarray[tuple[int], np.dtype[np.float64]]", size: tuple[int, int]) -> Shape | None:
    height, width = size
    if len(places) == 4:
        centre, extent = places[:2] * (width, height) - CORNER, places[2:] * (width, height)
        if extent.min() <= 0:
            return None
        (left, top), (right, bottom) = centre - extent / 2, centre + extent / 2
        return Box(float(top), float(left), float(bottom), float(right))
    vertices = from_corner(places.reshape(-1, 2) * (width, height))
    return Polygon((vertices,)) if len(vertices) > 2 else None


def _write(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write ``data.yaml`` and ``labels``; training wants the images beside the latter in ``images``."""
    import yaml

    stems = stems_to_write(annotations.images, title=FORMAT.title)
    nameless = next((one.name for one in annotations.images if one.annotations and one.size is None), None)
    if nameless is not None:
        raise LabelsError(
            f"{nameless} has objects, but nobody knows its size, which {FORMAT.title} needs.",
            remedy="Give the folder of the images.",
        )
    names = [one.name for one in annotations.classes]
    numbers = {name: number for number, name in enumerate(names)}
    shapes = [one.shape for image in annotations.images for one in image.annotations]
    only_boxes = all(isinstance(shape, Box) and not shape.angle for shape in shapes)
    texts = [_rows(image, numbers, only_boxes) for image in annotations.images]
    head = {"train": "images", "val": "images", "nc": len(names), "names": names}
    contents = {"data.yaml": yaml.safe_dump(head, allow_unicode=True, sort_keys=False)}
    contents |= {f"labels/{stem}.txt": text for stem, text in zip(stems, texts, strict=True)}
    for name, text in contents.items():
        with replacing(folder / name) as temporary:
            temporary.write_text(text, "utf-8")
    return [folder / name for name in contents]


def _rows(image: AnnotatedImage, numbers: Mapping[str, int], only_boxes: bool) -> str:
    lines = []
    for one in sorted(image.annotations, key=lambda one: one.z_order):
        assert image.size is not None, "checked before anything is written"
        places = _box_places(one.shape, image.size) if only_boxes else _line_places(one.shape, image.size)
        if places is not None:
            lines.append(" ".join([str(numbers[one.label]), *(repr(float(place)) for place in places)]) + "\n")
    return "".join(lines)


def _box_places(shape: Shape, size: tuple[int, int]) -> Sequence[float] | None:
    assert isinstance(shape, Box), "only boxes are written as detections"
    height, width = size
    top, bottom = np.clip((shape.top + CORNER, shape.bottom + CORNER), 0, height)
    left, right = np.clip((shape.left + CORNER, shape.right + CORNER), 0, width)
    if bottom <= top or right <= left:
        return None
    return (left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width, (bottom - top) / height


def _line_places(shape: Shape, size: tuple[int, int]) -> Sequence[float] | None:
    height, width = size
    line = closed_line(shape, size)
    places = None if line is None else to_corner(line) / (width, height)
    if places is not None and (places.min() < 0 or places.max() > 1):
        mask = pixels_of(shape, size)
        line = None if mask is None else closed_line(mask, size)
        places = None if line is None else to_corner(line) / (width, height)
    return None if places is None else places.ravel().tolist()


FORMAT = LabelFormat("yolo", "YOLO", _recognises, _read, _write, needs_sizes=True)
