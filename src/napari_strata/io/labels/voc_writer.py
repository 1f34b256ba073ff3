"""Writing Pascal VOC: ``Annotations``, and masks and ``labelmap.txt`` for images with more than upright boxes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.files import replacing
from napari_strata.io.labels.annotations import (
    BACKGROUND_NAME,
    NOT_LABELLED_NAME,
    AnnotatedImage,
    Annotation,
    AnnotationSet,
    FileClass,
    classes_of,
)
from napari_strata.io.labels.drawing import draw_codes, draw_objects
from napari_strata.io.labels.file_names import base_name, stems_to_write
from napari_strata.io.labels.joining import pixels_of
from napari_strata.io.labels.mask_stacks import class_colors, voc_color
from napari_strata.io.labels.pictures import write_indices
from napari_strata.io.labels.shapes import CORNER, Box, PixelMask
from napari_strata.io.labels.voc_masks import BORDER, CLASSES, OBJECTS
from napari_strata.io.labels.voc_xml import SAYS_NOTHING
from napari_strata.io.labels.xml_writer import check_text, write_xml
from napari_strata.types import LabelArray

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ANNOTATIONS = "Annotations"
"""Folder of the XML files."""
_MOST = 254
"""Classes, and objects of an image, that a mask of VOC can number."""
_NO_OBJECTS = frozenset((BACKGROUND_NAME, NOT_LABELLED_NAME))


def write_voc(annotations: AnnotationSet, folder: Path, *, counts_pixels: bool = False) -> list[Path]:
    """Write an XML file per image, and masks of the images on which something else than upright boxes is drawn.

    Of masks, what lies above hides what lies below; pixels on which nothing is drawn are background, or not
    labelled in images with background of their own.

    Parameters
    ----------
    annotations : AnnotationSet
        What to write.
    folder : Path
        Where to.
    counts_pixels : bool
        Write boxes as their first and last pixel, counted from 1, as the challenges do; else as positions counted
        from the corner of the first pixel.

    Raises
    ------
    LabelsError
        If an image is a frame of a stack, has masks and no known size, or more than 254 objects, or there are more
        than 254 classes.
    OutputError
        If a file cannot be written.
    """
    images = annotations.images
    stems = stems_to_write(images, title="Pascal VOC")
    classes = [one for one in classes_of(images, annotations.classes) if one.name not in _NO_OBJECTS]
    masked = {stem: image for stem, image in zip(stems, images, strict=True) if not _is_boxes(image)}
    colors = class_colors(classes)
    if masked:
        _check_masks(list(masked.values()), list(colors))
    documents = {
        folder / ANNOTATIONS / f"{stem}.xml": _document(image, stem in masked, counts_pixels=counts_pixels)
        for stem, image in zip(stems, images, strict=True)
    }
    for path, document in documents.items():
        write_xml(document, path)
    written = list(documents)
    for stem, image in masked.items():
        written += _write_masks(image, stem, classes, colors, folder)
    return [*written, _write_table(colors, folder)] if masked else written


def _is_boxes(image: AnnotatedImage) -> bool:
    """Tell whether the boxes of an XML file say all of what is drawn on an image."""
    parts = [one.instance for one in image.annotations if one.instance is not None]
    return len(parts) == len(set(parts)) and all(
        isinstance(one.shape, Box) and not one.shape.angle and one.label not in _NO_OBJECTS
        for one in image.annotations
    )


def _check_masks(masked: Sequence[AnnotatedImage], names: Sequence[str]) -> None:
    if len(names) > _MOST + len(_NO_OBJECTS):
        raise LabelsError(
            f"Masks of VOC know {_MOST} classes, here are {len(names) - 2}.", remedy="Merge classes."
        )
    odd = next((name for name in names if ":" in name or name != name.strip() or not name.isprintable()), None)
    if odd is not None:
        raise LabelsError(f"labelmap.txt cannot hold a class named {odd[:40]!r}.", remedy="Rename the class.")
    unknown = next((one.name for one in masked if one.size is None), None)
    if unknown is not None:
        raise LabelsError(
            f"The size of {unknown} is not known, and masks are as large as their image.",
            remedy="Name the folder of the images.",
        )


def _drawn(image: AnnotatedImage) -> list[Annotation]:
    """Return what can be seen on an image, the lowest first."""
    ordered = sorted(image.annotations, key=lambda one: one.z_order)
    return [one for one in ordered if pixels_of(one.shape, image.size) is not None]


def _objects(annotations: Sequence[Annotation]) -> list[list[Annotation]]:
    """Return the parts of each object, in the order in which `draw_objects` numbers them."""
    objects: dict[tuple[bool, int], list[Annotation]] = {}
    for place, one in enumerate(annotations):
        if one.label not in _NO_OBJECTS:
            key = (False, place) if one.instance is None else (True, one.instance)
            objects.setdefault(key, []).append(one)
    return list(objects.values())


def _document(image: AnnotatedImage, is_masked: bool, *, counts_pixels: bool) -> "Element":
    from xml.etree.ElementTree import Element, SubElement

    objects = _objects(_drawn(image))
    if is_masked and len(objects) > _MOST:
        raise LabelsError(
            f"Masks of VOC number {_MOST} objects, on {image.name} are {len(objects)}.",
            remedy="Export to COCO or CVAT.",
        )
    root = Element("annotation")
    source = SubElement(root, "source")
    _add(root, "filename", base_name(image.name))
    _add(source, "database", "Unknown")
    _add(source, "annotation", "PASCAL VOC" if counts_pixels else "Unknown")
    if image.size is not None:
        size = SubElement(root, "size")
        for name, length in (("width", image.size[1]), ("height", image.size[0]), ("depth", 1)):
            _add(size, name, str(length))
    _add(root, "segmented", str(int(is_masked)))
    for parts in objects:
        _add_object(root, parts, image.size, counts_pixels=counts_pixels)
    return root


def _add(parent: "Element", name: str, text: str) -> None:
    from xml.etree.ElementTree import SubElement

    SubElement(parent, name).text = check_text(text)


def _add_object(
    root: "Element", parts: Sequence[Annotation], size: tuple[int, int] | None, *, counts_pixels: bool
) -> None:
    from xml.etree.ElementTree import SubElement

    first = parts[0]
    attributes = dict(first.attributes)
    element = SubElement(root, "object")
    _add(element, "name", first.label)
    for name, otherwise in SAYS_NOTHING.items():
        _add(element, name, attributes.pop(name, otherwise))
    _add(element, "occluded", str(int(first.occluded)))
    box = SubElement(element, "bndbox")
    for name, side in _sides(parts, size, counts_pixels=counts_pixels).items():
        _add(box, name, str(int(side)) if float(side).is_integer() else repr(float(side)))
    attributes |= {"source": first.source} if first.source else {}
    named = SubElement(element, "attributes") if attributes else element
    for name, value in attributes.items():
        one = SubElement(named, "attribute")
        _add(one, "name", name)
        _add(one, "value", value)


def _sides(parts: Sequence[Annotation], size: tuple[int, int] | None, *, counts_pixels: bool) -> dict[str, float]:
    """Return the sides of an object's box, from the corner of the first pixel, or as pixels from 1."""
    if not counts_pixels and len(parts) == 1 and isinstance(parts[0].shape, Box) and not parts[0].shape.angle:
        box = parts[0].shape
        top, left, bottom, right = (side + CORNER for side in (box.top, box.left, box.bottom, box.right))
        return {"xmin": left, "ymin": top, "xmax": right, "ymax": bottom}
    masks = [mask for one in parts if (mask := pixels_of(one.shape, size)) is not None]
    bounds = [(mask, PixelMask.cut_out(mask.pixels)) for mask in masks]
    first = int(counts_pixels)
    return {
        "xmin": min(mask.left + own.left for mask, own in bounds) + first,
        "ymin": min(mask.top + own.top for mask, own in bounds) + first,
        "xmax": max(mask.left + own.left + own.pixels.shape[1] for mask, own in bounds),
        "ymax": max(mask.top + own.top + own.pixels.shape[0] for mask, own in bounds),
    }


def _write_masks(
    image: AnnotatedImage, stem: str, classes: Sequence[FileClass], colors: Mapping[str, str], folder: Path
) -> list[Path]:
    assert image.size is not None, "checked before anything is written"
    annotations = _drawn(image)
    has_background = any(one.label == BACKGROUND_NAME for one in annotations)
    codes = {one.name: code for code, one in enumerate(classes, start=1)}
    codes |= {BACKGROUND_NAME: 0, NOT_LABELLED_NAME: BORDER}
    drawn = draw_codes(annotations, image.size, codes, outside=BORDER if has_background else 0)
    numbers, _ = draw_objects(annotations, image.size, codes.keys() - _NO_OBJECTS)
    shown: LabelArray = np.where((drawn == 0) | (drawn == BORDER), drawn, numbers).astype(np.uint8)
    palette = {code: colors[name] for name, code in codes.items()}
    own_colors = {number: voc_color(number) for number in range(256)}
    return [
        write_indices(folder / CLASSES, stem, drawn[None], palette),
        write_indices(folder / OBJECTS, stem, shown[None], own_colors),
    ]


def _write_table(colors: Mapping[str, str], folder: Path) -> Path:
    path = folder / "labelmap.txt"
    lines = ["# label:color_rgb:parts:actions"]
    lines += [
        f"{name}:{','.join(str(part) for part in bytes.fromhex(color[1:]))}::" for name, color in colors.items()
    ]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
