"""The masks of Pascal VOC: ``SegmentationClass`` holds classes, ``SegmentationObject`` numbered objects.

Pixels are indices in a palette PNG, or colours, as CVAT writes them: ``labelmap.txt`` gives those of classes, and
VOC's own colours count objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_strata.io.labels.annotations import BACKGROUND_NAME, NOT_LABELLED_NAME, Annotation
from napari_strata.io.labels.class_tables import ClassTable, read_class_table
from napari_strata.io.labels.guard import refuse
from napari_strata.io.labels.mask_stacks import voc_color
from napari_strata.io.labels.mask_values import value_masks, whole_numbers
from napari_strata.io.labels.pictures import MaskPicture, read_picture
from napari_strata.io.labels.rle import MaskBudget
from napari_strata.io.labels.shapes import PixelMask
from napari_strata.io.labels.voc_xml import VocObject

CLASSES, OBJECTS = "SegmentationClass", "SegmentationObject"
"""Folders of the masks."""
BORDER = 255
"""Value of pixels at the rim of objects, which belong to nothing."""
_FIXED = {0: BACKGROUND_NAME, BORDER: NOT_LABELLED_NAME}
_FIRST_OBJECT = 2**24
"""Added to the numbers of objects, to tell them from classes and colours."""

Codes = NDArray[np.uint32]


@dataclass(slots=True)
class VocMasks:
    """The masks beside the XML files.

    Attributes
    ----------
    root : Path
        Folder of the data set.
    budget : MaskBudget
        What all masks may take.
    table : ClassTable
        What their values and colours mean.
    """

    root: Path
    budget: MaskBudget = field(init=False)
    table: ClassTable = field(init=False)

    def __post_init__(self) -> None:
        self.budget = MaskBudget(self.root)
        self.table = read_class_table(self.root) if self.stems() else ClassTable()

    def stems(self) -> set[str]:
        """Return the stems of images that have a mask; raises nothing."""
        return {path.stem for folder in (CLASSES, OBJECTS) for path in (self.root / folder).glob("*.png")}

    def read(
        self, stem: str, objects: Sequence[VocObject]
    ) -> tuple[tuple[int, int], tuple[Annotation, ...]] | None:
        """Read the masks of an image.

        Parameters
        ----------
        stem : str
            Name of the image's files.
        objects : sequence of VocObject
            What the XML says of the objects, in the order of their numbers.

        Returns
        -------
        size : (int, int)
            Height and width [px].
        annotations : tuple of Annotation
            Background, classes and what is not labelled first, then objects. None where there is no mask.

        Raises
        ------
        LabelsError
            If a mask cannot be read, or the two differ in size.
        """
        class_path, object_path = (self.root / folder / f"{stem}.png" for folder in (CLASSES, OBJECTS))
        codes, names = self._classes(class_path) if class_path.is_file() else (None, {})
        numbers = _numbers(object_path) if object_path.is_file() else None
        if codes is None and numbers is None:
            return None
        if codes is None:
            assert numbers is not None
            codes, names = np.where(numbers == BORDER, BORDER, 0).astype(np.uint32), dict(_FIXED)
        if numbers is not None and numbers.shape != codes.shape:
            refuse(object_path, f"it has another size than the one in {CLASSES}", "Export it again.")
        found = tuple(self._annotations(codes, names, numbers, objects, object_path))
        return (codes.shape[0], codes.shape[1]), found

    def _annotations(
        self,
        codes: Codes,
        names: dict[int, str],
        numbers: Codes | None,
        objects: Sequence[VocObject],
        path: Path,
    ) -> list[Annotation]:
        values = codes
        if numbers is not None:
            is_object = (numbers != 0) & (numbers != BORDER)
            values = np.where(is_object, numbers + np.uint32(_FIRST_OBJECT), codes)
        found = []
        for value, mask in value_masks(values, self.budget, path):
            if value < _FIRST_OBJECT:
                found.append(Annotation(mask, names[value]))
                continue
            number = value - _FIRST_OBJECT
            said = objects[number - 1] if number <= len(objects) else None
            label = self._label(_most_frequent(codes, mask), names, said)
            if said is None:
                found.append(Annotation(mask, label))
            else:
                found.append(Annotation(mask, label, 0, None, said.occluded, said.source, said.attributes))
        return found

    def _label(self, value: int, names: dict[int, str], said: VocObject | None) -> str:
        """Return the class of an object: what the table names, else what the XML says."""
        named = self.table.values or self.table.colors
        if named and names.get(value) not in {None, *_FIXED.values()}:
            return names[value]
        return said.name if said is not None else names.get(value, f"class {value}")

    def _classes(self, path: Path) -> tuple[Codes, dict[int, str]]:
        """Return the classes as numbers, and the name of each that occurs."""
        picture = _picture(path)
        codes = _values(picture)
        values = np.unique(codes).tolist()
        if picture.is_colour:
            return codes, {value: self._name(f"#{value:06x}", _index(f"#{value:06x}")) for value in values}
        shown = picture.palette
        return codes, {value: self._name(shown[value] if value < len(shown) else "", value) for value in values}

    def _name(self, color: str, index: int | None) -> str:
        if index == BORDER and color not in self.table.colors:
            return NOT_LABELLED_NAME
        if color in self.table.colors:
            return self.table.colors[color]
        if index is None:
            return color
        return self.table.values.get(index, _FIXED.get(index, f"class {index}"))


def _picture(path: Path) -> MaskPicture:
    picture = read_picture(path)
    if len(picture.frames) != 1:
        refuse(path, f"it has {len(picture.frames)} frames", "Masks of VOC are single pictures.")
    return picture


def _values(picture: MaskPicture) -> Codes:
    """Return the indices of a mask, or its colours as numbers."""
    pixels = picture.frames[0]
    if not picture.is_colour:
        return whole_numbers(pixels, picture.path).astype(np.uint32)
    packed: Codes = pixels[..., 0].astype(np.uint32)
    for sample in (1, 2):
        packed = packed << np.uint32(8) | pixels[..., sample]
    return packed


def _numbers(path: Path) -> Codes:
    """Return the numbers of objects."""
    picture = _picture(path)
    values = _values(picture)
    if not picture.is_colour:
        if values.max() >= _FIRST_OBJECT:
            refuse(path, f"it numbers objects up to {values.max():,}", "Number them from 1 on.")
        return values
    colors, places = np.unique(values, return_inverse=True)
    indices = [_index(f"#{color:06x}") for color in colors.tolist()]
    spare = iter(range(256, 256 + len(indices)))  # colours that are none of VOC's count after them
    numbers = np.array([next(spare) if index is None else index for index in indices], np.uint32)
    found: Codes = numbers[places].reshape(values.shape)
    return found


def _most_frequent(codes: Codes, mask: PixelMask) -> int:
    """Return the class of most pixels of an object that have one."""
    height, width = mask.pixels.shape
    window = codes[mask.top : mask.top + height, mask.left : mask.left + width]
    values, counts = np.unique(window[mask.pixels], return_counts=True)
    counts = np.where((values == 0) | (values == BORDER), 0, counts)
    return int(values[np.argmax(counts)])


def _index(color: str) -> int | None:
    return _voc_colors().get(color)


@cache
def _voc_colors() -> dict[str, int]:
    return {voc_color(index): index for index in range(256)}
