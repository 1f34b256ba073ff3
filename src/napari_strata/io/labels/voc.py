"""Pascal VOC: an XML file of boxes per image, and masks of classes and of objects where there are any.

The challenges say which pixels a box begins and ends with, counted from 1: 6 to 15 are ten pixels (the devkit's
VOCevaldet.m takes xmax - xmin + 1 for the width). Nearly every other program (labelImg, CVAT, Roboflow) writes
positions counted from the corner of the first pixel: 5 to 15 are ten pixels. "voc" takes files whose ``<source>``
names VOC for those of the challenges, says so, and takes others for the latter; it writes the latter. "voc-devkit"
reads and writes all as in the challenges.

Where an image has masks, they count, and boxes only tell of them: index 0 is background, 255 is not labelled.

Own code: supervision reads boxes and polygons but not these masks, and brings OpenCV and matplotlib along;
datumaro takes 400 MB with all that it needs. Neither tells the two ways to count apart.
"""

import re
from functools import partial
from itertools import islice
from pathlib import Path

from napari_strata.io.labels.annotations import (
    BACKGROUND_NAME,
    NOT_LABELLED_NAME,
    AnnotatedImage,
    Annotation,
    AnnotationSet,
    FileClass,
    classes_of,
)
from napari_strata.io.labels.guard import refuse
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.passed_over import PassedOver
from napari_strata.io.labels.voc_masks import CLASSES, OBJECTS, VocMasks
from napari_strata.io.labels.voc_writer import ANNOTATIONS, write_voc
from napari_strata.io.labels.voc_xml import VocXml, read_voc_xml

_HEAD = 2000
_TELLING = re.compile(rb"<annotation[\s>]")
_LOOKED_AT = 20
"""Files of a folder that are looked at to find out whether it is of VOC."""


def read_voc(path: Path, sizes: ImageSizes, *, counts_pixels: bool | None = None) -> AnnotationSet:
    """Read an XML file, or a folder of them, or one with the folders ``Annotations`` and ``SegmentationClass``.

    Parameters
    ----------
    path : Path
        The file or folder.
    sizes : mapping
        Not needed.
    counts_pixels : bool or None
        Whether boxes are the first and the last pixel, counted from 1; by default as each file says.

    Raises
    ------
    LabelsError
        If something cannot be read, or states what cannot be.
    """
    root, files = _layout(path)
    passed_over = PassedOver()
    masks = VocMasks(root)
    stems = {path.stem} if path.is_file() else masks.stems()
    if not files and not stems:
        refuse(path, "there is no XML file and no mask of Pascal VOC in it", "Check the path.")
    said = {}
    for file in files:
        if path.is_dir() and not _is_voc(file):
            passed_over.add("XML files that are not of VOC", file.name)
        else:
            said[file.stem] = read_voc_xml(file, passed_over, counts_pixels=counts_pixels)
    images = [_image(stem, said.get(stem), masks, passed_over) for stem in sorted(said.keys() | stems)]
    colors = {name: color for color, name in masks.table.colors.items()}
    names = [name for name in colors if name not in {BACKGROUND_NAME, NOT_LABELLED_NAME}]
    classes = classes_of(images, [FileClass(name, colors[name]) for name in names])
    challenges = sum(one.counts_pixels for one in said.values()) if counts_pixels is None else 0
    told = f"{challenges} x files name PASCAL VOC as their source: their boxes are read as pixels counted from 1."
    warnings = masks.table.warnings + passed_over.warnings + ((told,) if challenges else ())
    return AnnotationSet(classes, tuple(images), "voc", warnings)


def recognises_voc(path: Path) -> bool:
    """Tell whether a file, or one in a folder, is of VOC."""
    try:
        if not path.is_dir():
            return _is_voc(path)
        root, files = _layout(path)
        return any(map(_is_voc, islice(files, _LOOKED_AT))) or any(
            (root / one).is_dir() for one in (CLASSES, OBJECTS)
        )
    except OSError:
        return False


def _is_voc(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return path.suffix.lower() == ".xml" and _TELLING.search(file.read(_HEAD)) is not None
    except OSError:
        return False


def _layout(path: Path) -> tuple[Path, list[Path]]:
    """Return the folder of the data set, and its XML files."""
    if path.is_file():
        folder = path.parent
        return (folder.parent if folder.name == ANNOTATIONS else folder), [path]
    folder = path / ANNOTATIONS if (path / ANNOTATIONS).is_dir() else path
    files = sorted(file for file in folder.glob("*.xml") if file.is_file())
    return (folder.parent if folder.name == ANNOTATIONS else folder), files


def _image(stem: str, said: VocXml | None, masks: VocMasks, passed_over: PassedOver) -> AnnotatedImage:
    """Return an image with its masks, or else its boxes."""
    objects = () if said is None else said.objects
    name = stem if said is None else said.name
    read = masks.read(stem, objects)
    stated = None if said is None else said.size
    if read is not None:
        size, annotations = read
        if stated not in {None, size}:
            refuse(masks.root, f"the mask of {stem} has another size than its XML file says", "Export it again.")
        return AnnotatedImage(name, size, annotations)
    boxes = []
    for one in objects:
        if one.box is None:
            passed_over.add("objects without a box", one.name[:40])
        else:
            boxes.append(Annotation(one.box, one.name, 0, None, one.occluded, one.source, one.attributes))
    return AnnotatedImage(name, stated, tuple(boxes))


FORMAT = LabelFormat(
    "voc", "Pascal VOC", recognises_voc, read_voc, write_voc, keeps_shapes=False, covers_pixels=True
)
DEVKIT_FORMAT = LabelFormat(
    "voc-devkit",
    "Pascal VOC, boxes in pixels from 1",
    recognises_voc,
    partial(read_voc, counts_pixels=True),
    partial(write_voc, counts_pixels=True),
    keeps_shapes=False,
    covers_pixels=True,
)
