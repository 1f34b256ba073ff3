"""Mask codes: the label files of this program, one tif per image and ``classes.json``, as a training takes them.

0 is not labelled, 1 background, and the classes follow from 2 in their order. They are read as index masks are,
with the names that ``classes.json`` gives the values.
"""

from pathlib import Path

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.labels import index_masks
from napari_strata.io.labels.annotations import BACKGROUND_NAME, NOT_LABELLED_NAME, AnnotationSet
from napari_strata.io.labels.class_file import FILE_NAME, ClassEntry, ClassFile, ImageEntry, write_class_file
from napari_strata.io.labels.guard import read_head
from napari_strata.io.labels.label_format import LabelFormat
from napari_strata.io.labels.mask_stacks import class_colors, drawn_stacks
from napari_strata.io.tif import write_tif
from napari_strata.types import BACKGROUND, NOT_LABELLED

_FIRST, _LAST = BACKGROUND + 1, 254


def _recognises(path: Path) -> bool:
    table = (path if path.is_dir() else path.parent) / FILE_NAME
    return b'"kind"' in read_head(table) and index_masks.FORMAT.recognises(path)


def _write(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write one file per image, named after it, and ``classes.json``; folders in image names are dropped."""
    fixed = {NOT_LABELLED_NAME: NOT_LABELLED, BACKGROUND_NAME: BACKGROUND}
    names = [one.name for one in annotations.classes if one.name not in fixed]
    if _FIRST + len(names) - 1 > _LAST:
        raise LabelsError(
            f"{FORMAT.title} hold {_LAST - BACKGROUND} classes, and there are {len(names)}.",
            remedy="Merge classes, or leave some out.",
        )
    codes = fixed | {name: code for code, name in enumerate(names, _FIRST)}
    files, entries = [], []
    for stem, stack in drawn_stacks(
        annotations, codes, outside=NOT_LABELLED, missing=NOT_LABELLED, title=FORMAT.title
    ):
        path = folder / f"{stem}.tif"
        write_tif(path, stack if len(stack) > 1 else stack[0], "TYX" if len(stack) > 1 else "YX")
        counts = np.bincount(stack.ravel(), minlength=len(codes))
        pixels = {name: int(counts[code]) for name, code in codes.items() if counts[code]}
        files.append(path)
        entries.append(ImageEntry(file=path.name, image=None, name=stem, source="", pixels=pixels))
    colors = class_colors(annotations.classes)
    classes = tuple(ClassEntry(name=name, color=colors[name], code=codes[name]) for name in names)
    content = ClassFile(kind="semantic", outside="not labelled", classes=classes, images=tuple(entries))
    return [*files, write_class_file(content, folder)]


FORMAT = LabelFormat(
    "mask-codes",
    "Mask codes, for napari-strata train",
    _recognises,
    index_masks.FORMAT.read,
    _write,
    keeps_shapes=False,
    covers_pixels=True,
)
