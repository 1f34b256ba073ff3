"""Writing for the VGG Image Annotator: a project, or a table of regions.

VIA knows neither holes, nor parts, nor masks: they are written as one closed line round the same pixels.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from napari_strata.errors import LabelsError
from napari_strata.io.files import replacing
from napari_strata.io.labels.annotations import AnnotatedImage, AnnotationSet
from napari_strata.io.labels.file_names import check_once
from napari_strata.io.labels.via_shapes import drawn_shapes

INSTANCE = "instance"
"""Name of the attribute that joins regions to one object."""
_PROJECT, _TABLE = "via_project.json", "via_regions.csv"
_COLUMNS = (
    "filename",
    "file_size",
    "file_attributes",
    "region_count",
    "region_id",
    "region_shape_attributes",
    "region_attributes",
)
_UNKNOWN_SIZE = -1
"""Bytes of an image file that VIA has not seen."""


def write_project(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write one project for all images, which keep their names with the folders in them.

    Raises
    ------
    LabelsError
        If there are stacks, or an image occurs twice.
    OutputError
        If the file cannot be written.
    """
    _check(annotations)
    pictures = {f"{one.name}{_UNKNOWN_SIZE}": _picture(one) for one in annotations.images}
    options = {one.name: "" for one in annotations.classes}
    kind = {"type": "dropdown", "description": "", "options": options, "default_options": {}}
    project = {
        "_via_settings": {"project": {"name": "labels"}},
        "_via_img_metadata": pictures,
        "_via_attributes": {"region": {"class": kind}, "file": {}},
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(pictures),
    }
    file = folder / _PROJECT
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(project, ensure_ascii=False), "utf-8")
    return [file]


def write_table(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write one table for all images, a row per region; classes without a region are not in it.

    Raises
    ------
    LabelsError
        If there are stacks, or an image occurs twice.
    OutputError
        If the file cannot be written.
    """
    _check(annotations)
    file = folder / _TABLE
    with replacing(file) as temporary, temporary.open("w", newline="", encoding="utf-8") as text:
        table = csv.writer(text)
        table.writerow(_COLUMNS)
        for image in annotations.images:
            table.writerows(_rows(_picture(image)))
    return [file]


def _check(annotations: AnnotationSet) -> None:
    check_once(annotations.images)
    stack = next((one.name for one in annotations.images if one.frame), None)
    if stack is not None:
        raise LabelsError(
            f"{stack} is a stack, and VGG Image Annotator knows single pictures only.",
            remedy="Export stacks as ImageJ ROIs, napari CSV or index masks.",
        )


def _rows(picture: dict[str, Any]) -> Iterator[list[Any]]:
    """Yield the rows of an image, one without a region where it has none."""
    regions = picture["regions"]
    first = [picture["filename"], picture["size"], json.dumps(picture["file_attributes"]), len(regions)]
    for number, one in enumerate(regions or [{"shape_attributes": {}, "region_attributes": {}}]):
        said = (one[f"{part}_attributes"] for part in ("shape", "region"))
        yield [*first, number, *(json.dumps(value, ensure_ascii=False) for value in said)]


def _picture(image: AnnotatedImage) -> dict[str, Any]:
    size = {"height": str(image.size[0]), "width": str(image.size[1])} if image.size else {}
    return {
        "filename": image.name,
        "size": _UNKNOWN_SIZE,
        "regions": list(_regions(image)),
        "file_attributes": size,
    }


def _regions(image: AnnotatedImage) -> Iterable[dict[str, Any]]:
    for one in sorted(image.annotations, key=lambda one: one.z_order):
        attributes = {**one.attributes, "class": one.label}
        if one.instance is not None:
            attributes[INSTANCE] = str(one.instance)
        for shape in drawn_shapes(one.shape, image.size):
            yield {"shape_attributes": shape, "region_attributes": attributes}
