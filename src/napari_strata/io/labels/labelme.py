"""LabelMe: one JSON file per image (github.com/wkentaro/labelme: ``label_file.py``, ``utils/shape.py``).

Own code: labelme itself is GPL. Coordinates are (x, y) from the corner of the first pixel, as its canvas has
them. A ``mask`` is a PNG in base64 whose first pixel stands at the first of its two points, which are pixel
indices. ``group_id`` is the instance. ``imageData``, the picture itself, is neither read nor written. Circles
come back as ellipses of equal radii. LabelMe knows no other ellipse, no hole and no second part: these are
written as masks with the same pixels.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_strata.io.files import replacing
from napari_strata.io.folders import files_in
from napari_strata.io.labels import guard
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, classes_of
from napari_strata.io.labels.file_names import base_name, stems_to_write
from napari_strata.io.labels.joining import pixels_of
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.picture_claims import claimed_pixels
from napari_strata.io.labels.pictures import decode_mask, encode_mask
from napari_strata.io.labels.rle import MaskBudget
from napari_strata.io.labels.shapes import (
    CORNER,
    Box,
    Ellipse,
    PixelMask,
    Points,
    Polygon,
    Polyline,
    Shape,
    box_corners,
    from_corner,
    to_corner,
)

_POLYGONS = {"polygon", "rotation", "oriented_rectangle", "quadrilateral"}
_LINES = {"line", "linestrip"}
_POINTS = {"point", "points"}


def _recognises(path: Path) -> bool:
    if path.is_dir():
        files = files_in(path, ".json")
        return bool(files) and _recognises(files[0])
    head = guard.read_head(path) if path.suffix.lower() == ".json" else b""
    return b'"shapes"' in head and (b'"points"' in head or b'"imagePath"' in head)


def _read(path: Path, sizes: ImageSizes) -> AnnotationSet:
    """Read one file, or all of a folder; `sizes` are not needed."""
    files = files_in(path, ".json") if path.is_dir() else [path]
    if not files:
        guard.refuse(path, "it holds no .json file", "Name the folder that LabelMe saved to.")
    budget = MaskBudget(path)
    read = [_read_image(file, budget) for file in files]
    images = tuple(image for image, _ in read)
    warnings = tuple(warning for _, passed_over in read for warning in passed_over)
    return AnnotationSet(classes_of(images), images, FORMAT.name, warnings)


def _read_image(path: Path, budget: MaskBudget) -> tuple[AnnotatedImage, list[str]]:
    document = guard.check_mapping(guard.read_json(path), path, where="the file")
    size = None
    if document.get("imageHeight") is not None:
        where = "the image"
        size = guard.check_size(document["imageHeight"], document.get("imageWidth"), path, where=where)
    image_path = document.get("imagePath")
    name = base_name(image_path) if isinstance(image_path, str) else ""
    annotations, warnings = [], []
    shapes = guard.check_list(document.get("shapes"), path, where="shapes")
    masks = [entry["mask"] for entry in shapes if isinstance(entry, dict) and isinstance(entry.get("mask"), str)]
    if sum(map(claimed_pixels, masks)) > budget.pixels:
        guard.refuse(path, f"its masks have more than {budget.pixels:,} pixels", "Save it in parts.")
    for place, entry in enumerate(shapes):
        where = f"shape {place + 1}"
        one = _read_annotation(guard.check_mapping(entry, path, where=where), path, where, budget)
        if one is None:
            warnings.append(f"{path.name}: {where} is empty and left out.")
        else:
            annotations.append(one)
    return AnnotatedImage(name or path.stem, size, tuple(annotations)), warnings


def _read_annotation(entry: dict[str, Any], path: Path, where: str, budget: MaskBudget) -> Annotation | None:
    shape = _read_shape(entry, path, where, budget)
    if shape is None:
        return None
    label = guard.check_name(entry.get("label"), path, where=f"the label of {where}")
    group = entry.get("group_id")
    if group is not None and (isinstance(group, bool) or not isinstance(group, int) or not 0 <= group < 2**53):
        guard.refuse(path, f"{where} has a group_id that is no whole number", "Draw it again.")
    flags = entry.get("flags")
    attributes = {str(name): str(value) for name, value in flags.items()} if isinstance(flags, dict) else {}
    if isinstance(entry.get("description"), str) and entry["description"]:
        attributes["description"] = entry["description"]
    return Annotation(shape, label, instance=group, attributes=attributes)


def _read_shape(entry: dict[str, Any], path: Path, where: str, budget: MaskBudget) -> Shape | None:
    kind = str(entry.get("shape_type") or "polygon")
    points = guard.check_vertices(entry.get("points"), path, where=where)
    if kind == "mask":
        return _read_mask(entry.get("mask"), points[0], path, where, budget)
    vertices = from_corner(points)
    if kind in _POINTS:
        return Points(vertices)
    if kind in _LINES:
        return Polyline(vertices) if len(vertices) > 1 else Points(vertices)
    if kind == "rectangle" and len(vertices) == 2:
        (top, left), (bottom, right) = vertices.min(axis=0), vertices.max(axis=0)
        return Box(float(top), float(left), float(bottom), float(right))
    if kind == "circle" and len(vertices) == 2:
        radius = float(np.hypot(*(vertices[1] - vertices[0])))
        return Ellipse(float(vertices[0, 0]), float(vertices[0, 1]), radius, radius)
    if kind == "rectangle" or kind in _POLYGONS:
        return Polygon((vertices,)) if len(vertices) > 2 else None
    guard.refuse(path, f"{where} is a {kind!r:.30} with {len(vertices)} points", "Draw it again.")


def _read_mask(
    encoded: Any, corner: Sequence[float], path: Path, where: str, budget: MaskBudget
) -> PixelMask | None:
    if not isinstance(encoded, str):
        guard.refuse(path, f"{where} is a mask without pixels", "Draw it again.")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        guard.refuse(path, f"{where} is a mask that is no base64", "Draw it again.")
    pixels = decode_mask(data, path, where=where, budget=budget)
    return PixelMask(int(corner[1]), int(corner[0]), pixels) if pixels.any() else None


def _write(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write one JSON file per image, named after it; folders in image names are dropped."""
    stems = stems_to_write(annotations.images, title=FORMAT.title)
    documents = [_document(image) for image in annotations.images]
    files = []
    for stem, document in zip(stems, documents, strict=True):
        file = folder / f"{stem}.json"
        with replacing(file) as temporary:
            temporary.write_text(json.dumps(document, indent=2, ensure_ascii=False), "utf-8")
        files.append(file)
    return files


def _document(image: AnnotatedImage) -> dict[str, Any]:
    below_first = sorted(image.annotations, key=lambda one: one.z_order)
    return {
        "version": "5.5.0",
        "flags": {},
        "shapes": [entry for one in below_first if (entry := _entry(one, image.size)) is not None],
        "imagePath": base_name(image.name),
        "imageData": None,
        "imageHeight": image.size[0] if image.size else None,
        "imageWidth": image.size[1] if image.size else None,
    }


def _entry(annotation: Annotation, size: tuple[int, int] | None) -> dict[str, Any] | None:
    """Return one shape as LabelMe has it; None where no pixel of the image belongs to it."""
    kind, points, mask = _drawn(annotation.shape, size)
    if kind == "nothing":
        return None
    attributes = dict(annotation.attributes)
    return {
        "label": annotation.label,
        "points": points,
        "group_id": annotation.instance,
        "description": attributes.pop("description", ""),
        "shape_type": kind,
        "flags": {name: value == "True" for name, value in attributes.items() if value in ("True", "False")},
        "mask": mask,
    }


def _drawn(shape: Shape, size: tuple[int, int] | None) -> tuple[str, list[list[float]], str | None]:
    match shape:
        case Polygon(rings=(ring,), holes=()):
            return "polygon", to_corner(ring).tolist(), None
        case Box(angle=0):
            corners = np.array([(shape.top, shape.left), (shape.bottom, shape.right)])
            return "rectangle", to_corner(corners).tolist(), None
        case Box():
            return "polygon", to_corner(box_corners(shape)).tolist(), None
        case Ellipse(y=y, x=x, radius_y=radius) if radius == shape.radius_x:
            return "circle", [[x + CORNER, y + CORNER], [x + CORNER + radius, y + CORNER]], None
        case Polyline(vertices=vertices):
            return "line" if len(vertices) == 2 else "linestrip", to_corner(vertices).tolist(), None
        case Points(vertices=vertices):
            return "point" if len(vertices) == 1 else "points", to_corner(vertices).tolist(), None
    mask = pixels_of(shape, size)
    if mask is None:
        return "nothing", [], None
    height, width = mask.pixels.shape
    points = [[float(mask.left), float(mask.top)], [float(mask.left + width - 1), float(mask.top + height - 1)]]
    return "mask", points, base64.b64encode(encode_mask(mask.pixels)).decode()


FORMAT = LabelFormat("labelme", "LabelMe JSON", _recognises, _read, _write)
