"""Index masks: PNG or TIFF files, one per image, whose values are classes; of palette PNGs the indices count.

A file beside them may name the values (`class_tables`); else 0 is background, 255 is not labelled, as in Pascal
VOC, and others are called "class N": an import maps these names as users like. Pages of a TIFF are frames of a
stack.

Masks of numbered objects look alike. Where no file names the values and the masks have a value over 255, or
more than 64 values, every value but 0 is an object of the one class "object", and a warning says so. What an
import of instances wrote keeps the class of each object.

Written are palette PNGs, and TIFFs of stacks, with ``classes.json``; what lies above hides what lies below.
Pixels on which nothing is drawn are 255 where background is a class of its own, else 0.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

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
from napari_strata.io.labels.class_names import ONE_CLASS
from napari_strata.io.labels.class_tables import ClassTable, read_class_table
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.mask_stacks import class_colors, drawn_stacks
from napari_strata.io.labels.mask_values import MOST_CLASSES, value_masks, whole_numbers
from napari_strata.io.labels.picture_claims import check_together
from napari_strata.io.labels.pictures import is_colour_picture, mask_files, read_picture, write_indices
from napari_strata.io.labels.rle import MaskBudget
from napari_strata.io.labels.shapes import PixelMask

_NOT_LABELLED_VALUE = 255


@dataclass(frozen=True, slots=True)
class _Frame:
    name: str
    frame: int
    size: tuple[int, int]
    masks: list[tuple[int, PixelMask]]


def _recognises(path: Path) -> bool:
    files = mask_files(path)
    return bool(files) and is_colour_picture(files[0]) is False


def _read(path: Path, sizes: ImageSizes) -> AnnotationSet:
    """Read a mask file, or all of a folder; `sizes` are not needed."""
    files = mask_files(path)
    if not files:
        guard.refuse(path, "it holds no PNG or TIFF file", "Name the folder of the masks.")
    table = read_class_table(path if path.is_dir() else path.parent)
    budget = MaskBudget.of_folder(path)
    check_together(files, budget)
    frames: list[_Frame] = []
    palette: tuple[str, ...] = ()
    for file in files:
        picture = read_picture(file)
        if picture.is_colour:
            guard.refuse(file, "it is a colour picture", "Read it as RGB masks.")
        palette = max(palette, picture.palette, key=len)
        for place, codes in enumerate(whole_numbers(picture.frames, file)):
            frames.append(_Frame(file.name, place, codes.shape, list(value_masks(codes, budget, file))))
    names = dict(table.values) or {
        value: table.colors[color] for value, color in enumerate(palette) if color in table.colors
    }
    values = {value for frame in frames for value, _ in frame.masks}
    if table.objects is not None:
        return _objects(frames, table.objects, table.values[0])
    if not names and (len(values) > MOST_CLASSES or max(values) > _NOT_LABELLED_VALUE):
        warning = f"The masks hold {len(values)} values: read as numbered objects of one class, {ONE_CLASS}."
        return _objects(frames, {}, BACKGROUND_NAME, warning)
    return _classes(frames, values, names, table, palette)


def _objects(
    frames: Iterable[_Frame], classes: Mapping[str, Mapping[int, str]], outside: str, *warnings: str
) -> AnnotationSet:
    images = []
    for one in frames:
        known = classes.get(one.name, {})
        annotations = tuple(
            Annotation(mask, known.get(value, ONE_CLASS), instance=value) if value else Annotation(mask, outside)
            for value, mask in one.masks
        )
        images.append(AnnotatedImage(one.name, one.size, annotations, one.frame))
    return AnnotationSet(classes_of(images), tuple(images), FORMAT.name, warnings)


def _classes(
    frames: Iterable[_Frame], values: set[int], names: dict[int, str], table: ClassTable, palette: tuple[str, ...]
) -> AnnotationSet:
    defaults = {0: BACKGROUND_NAME, _NOT_LABELLED_VALUE: NOT_LABELLED_NAME}
    named = {
        value: names.get(value, defaults.get(value, f"class {value}")) for value in sorted(values | names.keys())
    }
    images = tuple(
        AnnotatedImage(
            one.name, one.size, tuple(Annotation(mask, named[value]) for value, mask in one.masks), one.frame
        )
        for one in frames
    )
    colors = {name: color for color, name in table.colors.items()}
    declared: dict[str, FileClass] = {}
    for value, name in named.items():
        shown = palette[value] if value < len(palette) else None
        declared.setdefault(name, FileClass(name, colors.get(name, shown)))
    return AnnotationSet(tuple(declared.values()), images, FORMAT.name, (*table.warnings, *_doubts(values, names)))


def _doubts(values: set[int], names: dict[int, str]) -> tuple[str, ...]:
    if _NOT_LABELLED_VALUE in values and not names and values <= {0, _NOT_LABELLED_VALUE}:
        return (
            f"The masks hold only 0 and 255, and 255 is taken as {NOT_LABELLED_NAME}: "
            "if it is your class, map it to that class.",
        )
    unnamed = sorted(values - names.keys() - {0, _NOT_LABELLED_VALUE}) if names else []
    if unnamed:
        return (f"No name is given for the values {', '.join(map(str, unnamed[:10]))}.",)
    return ()


def _write(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write one file per image, named after it, and ``classes.json``; folders in image names are dropped."""
    names = [one.name for one in annotations.classes]
    others = [name for name in names if name not in (BACKGROUND_NAME, NOT_LABELLED_NAME)]
    if len(others) >= _NOT_LABELLED_VALUE:
        raise LabelsError(
            f"{FORMAT.title} hold 254 classes, and there are {len(others)}.",
            remedy="Merge classes, or leave some out.",
        )
    values = {BACKGROUND_NAME: 0} | {name: value for value, name in enumerate(others, 1)}
    values[NOT_LABELLED_NAME] = _NOT_LABELLED_VALUE
    outside = _NOT_LABELLED_VALUE if BACKGROUND_NAME in names else 0
    colors = class_colors(annotations.classes)
    palette = {value: colors[name] for name, value in values.items()}
    files = []
    for stem, stack in drawn_stacks(
        annotations, values, outside=outside, missing=_NOT_LABELLED_VALUE, title=FORMAT.title
    ):
        files.append(write_indices(folder, stem, stack, palette))
    table = folder / "classes.json"
    with replacing(table) as temporary:
        temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False), "utf-8")
    return [*files, table]


FORMAT = LabelFormat(
    "index-masks", "Index masks", _recognises, _read, _write, keeps_shapes=False, covers_pixels=True
)
