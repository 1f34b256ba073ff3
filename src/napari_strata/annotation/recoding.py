"""Changes to a class table that give painted pixels other codes; each can be turned back."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Self

import numpy as np

from napari_strata.annotation.classes import FIRST_CLASS
from napari_strata.config import ClassTable, LabelClass
from napari_strata.errors import LabelsError
from napari_strata.types import LabelArray


@dataclass(frozen=True, slots=True)
class Recoding:
    """A change of class table in which pixels get other codes.

    Attributes
    ----------
    before, after : ClassTable
        The classes before and after it.
    codes : tuple of int
        Code after it of each class before it, in the order of their codes 2, 3, ...
    back : tuple of int
        Code before it of each class after it; of merged classes, that of the one into which the others went.
    """

    before: ClassTable
    after: ClassTable
    codes: tuple[int, ...]
    back: tuple[int, ...]

    @property
    def lookup(self) -> LabelArray:
        """New code of each old one, shape (256,); codes that are in no table stay."""
        lookup = np.arange(256, dtype=np.uint8)
        lookup[FIRST_CLASS : FIRST_CLASS + len(self.codes)] = self.codes
        return lookup

    def reversed(self) -> Self:
        """Return the change back."""
        return type(self)(self.after, self.before, self.back, self.codes)

    def undoes(self, other: Self) -> bool:
        """Tell whether this is another change turned back, perhaps of a table with more classes behind."""
        codes, back = self.codes[: len(other.back)], self.back[: len(other.codes)]
        return (codes, back) == (other.back, other.codes)

    def on(self, present: ClassTable) -> Self:
        """Return the same change of a table that was edited since.

        Parameters
        ----------
        present : ClassTable
            `before` with other names and colours, and perhaps more classes behind.
        """
        known = dict(zip(self.before.names, present.classes, strict=False))
        classes = [known.get(c.name) or _renamed_apart(c, present.names) for c in self.after.classes]
        added = present.classes[len(self.before.classes) :]
        codes, back = (
            (*known_codes, *range(FIRST_CLASS + len(old), FIRST_CLASS + len(old) + len(added)))
            for known_codes, old in ((self.codes, self.after.classes), (self.back, self.before.classes))
        )
        return type(self)(present, _table((*classes, *added)), codes, back)


def move_class(table: ClassTable, code: int, *, by: int) -> Recoding:
    """Exchange a class with the one before it, `by` -1, or after it, `by` 1.

    Raises
    ------
    LabelsError
        If there is none.
    """
    index, other = code - FIRST_CLASS, code - FIRST_CLASS + by
    if not (0 <= index < len(table.classes) and 0 <= other < len(table.classes)):
        raise LabelsError(
            "This row cannot move there.", remedy="Codes 0 and 1 are fixed; choose a class with another beside it."
        )
    classes, codes = list(table.classes), list(range(FIRST_CLASS, FIRST_CLASS + len(table.classes)))
    classes[index], classes[other] = classes[other], classes[index]
    codes[index], codes[other] = codes[other], codes[index]
    return Recoding(table, _table(classes), tuple(codes), tuple(codes))


def drop_class(table: ClassTable, code: int, *, becomes: int) -> Recoding:
    """Take a class out of a table; the codes behind it move up.

    Parameters
    ----------
    table : ClassTable
        The present classes.
    code : int
        The class to drop.
    becomes : int
        What its pixels become: another class of the table, by which it is merged into that one, 0 not labelled, or
        1 background.

    Raises
    ------
    LabelsError
        If it is the only class.
    """
    if len(table.classes) == 1:
        raise LabelsError("A class table has at least one class.", remedy="Rename this one, or add another first.")

    def moved(old: int) -> int:
        return old - (old > code)

    olds = range(FIRST_CLASS, FIRST_CLASS + len(table.classes))
    kept = tuple(old for old in olds if old != code)
    codes = tuple(moved(becomes if old == code else old) for old in olds)
    return Recoding(table, _table(table.classes[old - FIRST_CLASS] for old in kept), codes, kept)


def _renamed_apart(one: LabelClass, names: tuple[str, ...]) -> LabelClass:
    """Give a class that comes back another name where its own was taken meanwhile."""
    free = (name for n in count(1) if (name := one.name if n == 1 else f"{one.name} {n}") not in names)
    return one.model_copy(update={"name": next(free)})


def _table(classes: Iterable[LabelClass]) -> ClassTable:
    return ClassTable.parse({"classes": [c.model_dump() for c in classes]}, source="The class table")
