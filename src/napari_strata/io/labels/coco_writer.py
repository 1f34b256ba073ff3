"""Writing COCO's JSON: polygons without holes and boxes as polygons, all else as compressed run lengths."""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LabelsError
from napari_strata.io.files import replacing
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, classes_of
from napari_strata.io.labels.file_names import check_once
from napari_strata.io.labels.joining import pixels_of
from napari_strata.io.labels.rle import string_of_mask
from napari_strata.io.labels.shapes import Box, PixelMask, Polygon, Shape, Vertices, box_corners, to_corner

FILE_NAME = "instances_default.json"


def write_coco(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write ``instances_default.json``, lowest annotations first.

    The parts of an object are one annotation; what has no pixel within its image is left out.

    Raises
    ------
    LabelsError
        If an image occurs twice or is a frame of a stack, or a mask's image has no known size.
    OutputError
        If the file cannot be written.
    """
    check_once(annotations.images)
    stack = next((one.name for one in annotations.images if one.frame), None)
    if stack is not None:
        raise LabelsError(f"{stack} is a stack, and COCO knows single pictures only.", remedy="Export it to CVAT.")
    classes = classes_of(annotations.images, annotations.classes)
    numbers = {one.name: number for number, one in enumerate(classes, start=1)}
    listed: list[dict[str, Any]] = []
    for number, image in enumerate(annotations.images, start=1):
        for one in _objects(image, numbers):
            listed.append({"id": len(listed) + 1, "image_id": number} | one)
    document = {
        "info": {"description": "napari-strata"},
        "licenses": [],
        "categories": [
            {"id": numbers[one.name], "name": one.name, "supercategory": ""}
            | ({"color": one.color} if one.color else {})
            for one in classes
        ],
        "images": [_image(number, image) for number, image in enumerate(annotations.images, start=1)],
        "annotations": listed,
    }
    path = folder / FILE_NAME
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return [path]


def _image(number: int, image: AnnotatedImage) -> dict[str, Any]:
    size = {} if image.size is None else {"height": image.size[0], "width": image.size[1]}
    return {"id": number, "file_name": image.name} | size


def _objects(image: AnnotatedImage, numbers: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield an annotation of COCO for each object of an image, the lowest first."""
    objects: dict[tuple[int | None, str], list[Annotation]] = {}
    for place, one in enumerate(sorted(image.annotations, key=lambda one: one.z_order)):
        key = (one.instance, one.label) if one.instance is not None else (None, str(place))
        objects.setdefault(key, []).append(one)
    for parts in objects.values():
        masks = [mask for one in parts if (mask := pixels_of(one.shape, image.size)) is not None]
        if masks:
            first = parts[0]
            stated = _stated([one.shape for one in parts], masks, image)
            yield {"category_id": numbers[first.label]} | stated | _besides(first)


def _stated(shapes: Sequence[Shape], masks: Sequence[PixelMask], image: AnnotatedImage) -> dict[str, Any]:
    """Return the segmentation, the area and the box of an object, of its pixels within the image."""
    top, left = (min(getattr(mask, side) for mask in masks) for side in ("top", "left"))
    bottom = max(mask.top + mask.pixels.shape[0] for mask in masks)
    right = max(mask.left + mask.pixels.shape[1] for mask in masks)
    whole = np.zeros((bottom - top, right - left), bool)
    for mask in masks:
        height, width = mask.pixels.shape
        whole[mask.top - top : mask.top - top + height, mask.left - left : mask.left - left + width] |= mask.pixels
    tight = PixelMask.cut_out(whole)
    height, width = tight.pixels.shape
    rings = [ring for shape in shapes for ring in _rings(shape)]
    segmentation = (
        [to_corner(ring).ravel().tolist() for ring in rings]
        if all(_rings(shape) for shape in shapes)
        else _run_lengths(whole, (top, left), image)
    )
    return {
        "segmentation": segmentation,
        "area": int(whole.sum()),
        "bbox": [left + tight.left, top + tight.top, width, height],
    }


def _rings(shape: Shape) -> tuple[Vertices, ...]:
    """Return the closed lines that say all of a shape; none where lines do not."""
    match shape:
        case Polygon(rings=rings, holes=()):
            return rings
        case Box():
            return (box_corners(shape),)
        case _:
            return ()


def _run_lengths(pixels: NDArray[np.bool_], corner: tuple[int, int], image: AnnotatedImage) -> dict[str, Any]:
    if image.size is None:
        raise LabelsError(
            f"The size of {image.name} is not known, and COCO's masks are as large as their image.",
            remedy="Name the folder of the images.",
        )
    whole = np.zeros(image.size, bool)
    height, width = pixels.shape
    whole[corner[0] : corner[0] + height, corner[1] : corner[1] + width] = pixels
    return {"size": list(image.size), "counts": string_of_mask(whole)}


def _besides(one: Annotation) -> dict[str, Any]:
    """Return what else is said of an annotation."""
    attributes = dict(one.attributes)
    stated: dict[str, Any] = {"iscrowd": int(attributes.pop("iscrowd", "0") == "1")}
    if _is_number(attributes.get("score", "")):
        stated["score"] = float(attributes.pop("score"))
    attributes |= {"source": one.source} if one.source else {}
    attributes |= {"occluded": "true"} if one.occluded else {}
    return stated | ({"attributes": attributes} if attributes else {})


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
