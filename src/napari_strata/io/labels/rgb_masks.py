"""RGB masks: colour PNG or TIFF files, one per image, whose colours are classes.

A file beside them may name the colours (`class_tables`: ``labelmap.txt`` of CVAT and Pascal VOC,
``classes.json``); else black is background and others are called by their colour, #rrggbb. Transparency is
passed over. More than 64 colours are those of a photograph, and refused.

Written are PNGs, and TIFFs of stacks, with ``labelmap.txt``; what lies above hides what lies below. Pixels on
which nothing is drawn have the colour of what is not labelled, #e0e0c0, where background is a class of its own,
else black.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.files import replacing
from napari_strata.io.labels import guard
from napari_strata.io.labels.annotations import (
    BACKGROUND_NAME,
    NOT_LABELLED_NAME,
    AnnotatedImage,
    Annotation,
    AnnotationSet,
    FileClass,
    classes_of,
)
from napari_strata.io.labels.class_tables import read_class_table
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.mask_stacks import class_colors, drawn_stacks
from napari_strata.io.labels.mask_values import MOST_CLASSES, value_masks
from napari_strata.io.labels.picture_claims import check_together
from napari_strata.io.labels.pictures import is_colour_picture, mask_files, read_picture, write_colors
from napari_strata.io.labels.rle import MaskBudget

_BLACK = "#000000"


def _recognises(path: Path) -> bool:
    files = mask_files(path)
    return bool(files) and is_colour_picture(files[0]) is True


def _read(path: Path, sizes: ImageSizes) -> AnnotationSet:
    """Read a mask file, or all of a folder; `sizes` are not needed."""
    files = mask_files(path)
    if not files:
        guard.refuse(path, "it holds no PNG or TIFF file", "Name the folder of the masks.")
    table = read_class_table(path if path.is_dir() else path.parent)
    names = table.colors or {_BLACK: BACKGROUND_NAME}
    budget = MaskBudget.of_folder(path)
    check_together(files, budget)
    images = tuple(image for file in files for image in _read_file(file, names, budget))
    colors = dict.fromkeys(color for color in [*names, *_unnamed(images, names)])
    if len(colors) > max(MOST_CLASSES, len(names)):
        guard.refuse(path, f"its files have {len(colors)} colours", "They are photographs; name the masks.")
    declared: dict[str, FileClass] = {}
    for color in colors:
        declared.setdefault(names.get(color, color), FileClass(names.get(color, color), color))
    unnamed = sorted(_unnamed(images, names)) if table.colors else []
    warnings = (f"No name is given for the colours {', '.join(unnamed[:10])}.",) if unnamed else ()
    return AnnotationSet(classes_of(images, declared.values()), images, FORMAT.name, table.warnings + warnings)


def _read_file(file: Path, names: Mapping[str, str], budget: MaskBudget) -> list[AnnotatedImage]:
    picture = read_picture(file)
    if not picture.is_colour:
        guard.refuse(file, "it is no colour picture", "Read it as index masks.")
    images = []
    for place, frame in enumerate(picture.frames):
        packed = frame[..., 0].astype(np.uint32)
        for sample in (1, 2):
            packed = packed << 8 | frame[..., sample]
        count = len(np.unique(packed))
        if count > max(MOST_CLASSES, len(names)):
            guard.refuse(file, f"it has {count:,} colours", "It is a photograph; name the mask.")
        annotations = tuple(
            Annotation(mask, names.get(f"#{value:06x}", f"#{value:06x}"))
            for value, mask in value_masks(packed, budget, file)
        )
        images.append(AnnotatedImage(file.name, (frame.shape[0], frame.shape[1]), annotations, place))
    return images


def _unnamed(images: tuple[AnnotatedImage, ...], names: Mapping[str, str]) -> dict[str, None]:
    known = set(names.values())
    labels = (annotation.label for image in images for annotation in image.annotations)
    return dict.fromkeys(label for label in labels if label not in known)


def _write(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write one file per image, named after it, and ``labelmap.txt``; folders in image names are dropped."""
    colors = class_colors(annotations.classes)
    odd = next((name for name in colors if name != name.strip() or not name.isprintable()), None)
    if odd is not None or len(colors) > 256:
        what = f"{len(colors)} classes" if odd is None else f"a class named {odd[:40]!r}"
        raise LabelsError(f"labelmap.txt cannot hold {what}.", remedy="Rename or merge classes.")
    values = {name: value for value, name in enumerate(colors)}
    has_background = any(one.name == BACKGROUND_NAME for one in annotations.classes)
    outside = values[NOT_LABELLED_NAME if has_background else BACKGROUND_NAME]
    samples = np.array([[int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in colors.values()], np.uint8)
    stacks = drawn_stacks(
        annotations, values, outside=outside, missing=values[NOT_LABELLED_NAME], title=FORMAT.title
    )
    files = [write_colors(folder, stem, samples[stack]) for stem, stack in stacks]
    table = folder / "labelmap.txt"
    lines = ["# label:color_rgb:parts:actions"]
    lines += [f"{name}:{','.join(map(str, samples[value]))}::" for name, value in values.items()]
    with replacing(table) as temporary:
        temporary.write_text("\n".join(lines) + "\n", "utf-8")
    return [*files, table]


FORMAT = LabelFormat("rgb-masks", "RGB masks", _recognises, _read, _write, keeps_shapes=False, covers_pixels=True)
