"""The masks of Pascal VOC: ``SegmentationClass`` holds classes, ``SegmentationObject`` numbered objects.

Pixels are indices in a palette PNG, or colours, as CVAT writes them: ``labelmap.txt`` gives those of classes, and
VOC's own colours count objects.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_strata.io.labels.annotations import BACKGROUND_NAME, NOT_LABELLED_NAME, Annotation
from napari_strata.io.labels.class_names import ONE_CLASS
from napari_strata.io.labels.class_tables import ClassTable, read_class_table
from napari_strata.io.labels.guard import refuse
from napari_strata.io.labels.mask_values import value_masks
from napari_strata.io.labels.rle import MaskBudget
from napari_strata.io.labels.shapes import PixelMask
from napari_strata.io.labels.voc_pictures import Value, VocPicture, read_voc_picture
from napari_strata.io.labels.voc_xml import VocObject

CLASSES, OBJECTS = "SegmentationClass", "SegmentationObject"
"""Folders of the masks."""
BORDER = 255
"""Value of pixels at the rim of objects, which belong to nothing."""
_ROWS = 512
_FIXED = {0: BACKGROUND_NAME, BORDER: NOT_LABELLED_NAME}


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
        self.budget = MaskBudget.of_folder(self.root)
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
        paths = [path for path in (class_path, object_path) if path.is_file()]
        if not paths:
            return None
        classes = read_voc_picture(paths[0])
        numbers = read_voc_picture(object_path) if len(paths) == 2 else None
        if paths == [object_path]:
            classes, numbers = _without_classes(classes), classes
        if numbers is not None and numbers.places.shape != classes.places.shape:
            refuse(object_path, f"it has another size than the one in {CLASSES}", "Export it again.")
        found = tuple(self._annotations(classes, numbers, objects, paths[-1]))
        return (classes.places.shape[0], classes.places.shape[1]), found

    def _annotations(
        self, classes: VocPicture, numbers: VocPicture | None, objects: Sequence[VocObject], path: Path
    ) -> Iterator[Annotation]:
        names = [self._name(value) for value in classes.values]
        first = len(names)
        places = classes.places
        if numbers is not None:
            places = numbers.places + np.uint16(first)
            for place, value in enumerate(numbers.values):
                if value.index in _FIXED:
                    np.copyto(places, classes.places, where=numbers.places == place)
        for place, mask in value_masks(places, self.budget, path):
            if place < first or numbers is None:
                yield Annotation(mask, names[place])
                continue
            number = numbers.values[place - first].index
            said = objects[number - 1] if number is not None and number <= len(objects) else None
            label = self._label(_most_frequent(classes, mask), classes, said)
            if said is None:
                yield Annotation(mask, label)
            else:
                yield Annotation(mask, label, 0, None, said.occluded, said.source, said.attributes)

    def _label(self, place: int, classes: VocPicture, said: VocObject | None) -> str:
        """Return the class of an object: what the table names, else what the XML says."""
        value = classes.values[place]
        is_named = value.color in self.table.colors or value.index in self.table.values
        if said is None or (is_named and value.index not in _FIXED):
            return self._name(value)
        return said.name

    def _name(self, value: Value) -> str:
        """Return the name of a class."""
        if value.color in self.table.colors and value.index != BORDER:
            return self.table.colors[value.color]
        if value.index is None:
            return value.color
        return self.table.values.get(value.index, _FIXED.get(value.index, f"class {value.index}"))


def _without_classes(numbers: VocPicture) -> VocPicture:
    """Return the classes where only objects are known: what is not background belongs to a class of its own."""
    kinds = (Value(None, ONE_CLASS), *(Value(index, "") for index in _FIXED))
    places = np.zeros_like(numbers.places)
    for place, value in enumerate(numbers.values):
        if value.index in _FIXED:
            places[numbers.places == place] = 1 + list(_FIXED).index(value.index)
    return VocPicture(places, kinds)


def _most_frequent(classes: VocPicture, mask: PixelMask) -> int:
    """Return which class most pixels of an object have, apart from background and what is not labelled."""
    height, width = mask.pixels.shape
    window = classes.places[mask.top : mask.top + height, mask.left : mask.left + width]
    counts = np.zeros(len(classes.values), np.int64)
    for start in range(0, height, _ROWS):  # bincount makes eight bytes of each pixel
        part = slice(start, start + _ROWS)
        counts += np.bincount(window[part][mask.pixels[part]], minlength=len(counts))
    is_class = np.array([value.index not in _FIXED for value in classes.values])
    return int(np.argmax(np.where(is_class, counts + 1, counts.clip(max=0))))
