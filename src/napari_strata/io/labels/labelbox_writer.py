"""Writing rows as Labelbox exports them, and the masks that they name."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.files import replacing
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet
from napari_strata.io.labels.file_names import stems_to_write
from napari_strata.io.labels.joining import pixels_of
from napari_strata.io.labels.labelbox_masks import FOLDER
from napari_strata.io.labels.pictures import write_indices
from napari_strata.io.labels.shapes import (
    CORNER,
    Box,
    PixelMask,
    Points,
    Polygon,
    Polyline,
    Vertices,
    box_corners,
    to_corner,
)

FILE_NAME = "export.ndjson"
_BLACK_AND_WHITE = {0: "#000000", 1: "#ffffff"}


def write_labelbox(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write ``export.ndjson``, lowest annotations first, and masks in ``masks``.

    Boxes that are turned become polygons; ellipses, and polygons of several rings or with holes, masks.

    Raises
    ------
    LabelsError
        If an image is a frame of a stack, or has masks and no known size.
    OutputError
        If a file cannot be written.
    """
    stems = stems_to_write(annotations.images, title="Labelbox")
    masks: dict[str, tuple[tuple[int, int], PixelMask]] = {}
    rows = []
    for number, (stem, image) in enumerate(zip(stems, annotations.images, strict=True), start=1):
        objects: list[dict[str, Any]] = []
        for one in sorted(image.annotations, key=lambda one: one.z_order):
            for kind, stated in _stated(one, image):
                feature = f"{stem}_{len(objects) + 1}"
                if isinstance(stated, PixelMask):
                    assert image.size is not None, "checked where the mask was made"
                    masks[feature] = image.size, stated
                    stated = {"mask": {"url": f"{FOLDER}/{quote(feature)}.png"}}
                said = [{"name": name, "text_answer": {"content": text}} for name, text in _said(one)]
                first = {
                    "feature_id": feature,
                    "name": one.label,
                    "annotation_kind": kind,
                    "classifications": said,
                }
                objects.append(first | stated)
        rows.append(json.dumps(_row(number, image, objects), ensure_ascii=False))
    written = [folder / FILE_NAME]
    with replacing(written[0]) as temporary:
        temporary.write_text("\n".join(rows) + "\n", encoding="utf-8")
    for feature, (size, mask) in masks.items():
        picture = np.zeros((1, *size), np.uint8)
        height, width = mask.pixels.shape
        picture[0, mask.top : mask.top + height, mask.left : mask.left + width] = mask.pixels
        written.append(write_indices(folder / FOLDER, feature, picture, _BLACK_AND_WHITE))
    return written


def _row(number: int, image: AnnotatedImage, objects: list[dict[str, Any]]) -> dict[str, Any]:
    size = {} if image.size is None else {"height": image.size[0], "width": image.size[1]}
    label = {
        "label_kind": "Default",
        "annotations": {"objects": objects, "classifications": [], "relationships": []},
    }
    return {
        "data_row": {"id": str(number), "external_id": image.name, "global_key": image.name},
        "media_attributes": size,
        "projects": {"napari-strata": {"name": "napari-strata", "labels": [label]}},
    }


def _stated(one: Annotation, image: AnnotatedImage) -> Iterator[tuple[str, Any]]:
    """Yield the kind and the shape of each object that an annotation becomes; a mask as it is."""
    match one.shape:
        case Polygon(rings=(ring,), holes=()):
            yield "ImagePolygon", {"polygon": _vertices(ring)}
        case Box(angle=0, top=top, left=left) as box:
            sides = {
                "top": top + CORNER,
                "left": left + CORNER,
                "height": box.bottom - top,
                "width": box.right - left,
            }
            yield "ImageBoundingBox", {"bounding_box": sides}
        case Box() as box:
            yield "ImagePolygon", {"polygon": _vertices(box_corners(box))}
        case Polyline(vertices=vertices):
            yield "ImagePolyline", {"line": _vertices(vertices)}
        case Points(vertices=vertices):
            yield from (("ImagePoint", {"point": point}) for point in _vertices(vertices))
        case _:
            if image.size is None:
                raise LabelsError(
                    f"The size of {image.name} is not known, and masks are as large as their image.",
                    remedy="Name the folder of the images.",
                )
            mask = pixels_of(one.shape, image.size)
            if mask is not None:
                yield "ImageSegmentationMask", mask


def _vertices(vertices: Vertices) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in to_corner(vertices).tolist()]


def _said(one: Annotation) -> Iterator[tuple[str, str]]:
    """Yield what else is said of an annotation, as answers to questions."""
    yield from one.attributes.items()
    if one.instance is not None:
        yield "instance", str(one.instance)
    if one.occluded:
        yield "occluded", "true"
    if one.source:
        yield "source", one.source
