"""Checks of label files against ``classes.json`` beside them: what their values are, and in which order."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from napari_strata.annotation.doctor.files import ATOM_TABLE
from napari_strata.annotation.doctor.finding import Finding, Place, Severity
from napari_strata.annotation.stated_classes import (
    holds_codes,
    order_of,
    other_kind,
    renamed,
    stated_classes,
    swapped_names,
)
from napari_strata.io.labels.class_file import ClassFile

Pair = tuple[Path, Path]
"""An image and its labels."""


def check_stated_classes(pairs: Iterable[Pair], names: Sequence[str] = ()) -> tuple[list[Pair], list[Finding]]:
    """Compare label files with what an import wrote about them.

    Parameters
    ----------
    pairs : iterable of (Path, Path)
        Images and their labels.
    names : sequence of str
        Names of the classes in the order of their codes, as a training takes them; empty where nobody said.

    Returns
    -------
    list of (Path, Path)
        Those whose labels are mask codes.
    list of Finding
        Errors where labels are none, or their classes have other codes; warnings where they have other names.

    Raises
    ------
    ConfigError
        If what an import wrote was damaged.
    """
    kept: list[Pair] = []
    findings: list[Finding] = []
    for image, labels in pairs:
        stated = None if labels.suffix.lower() == ATOM_TABLE else stated_classes(labels)
        place = Place(labels=labels.name, file=str(labels))
        if stated is None or holds_codes(stated):
            kept.append((image, labels))
            findings += [] if stated is None else _of_names(stated, names, place)
        else:
            findings.append(Finding("label-type", Severity.ERROR, place, *other_kind(stated)))
    return kept, findings


def _of_names(stated: ClassFile, names: Sequence[str], place: Place) -> list[Finding]:
    if swapped := swapped_names(stated, names):
        return [Finding("class-order", Severity.ERROR, place, swapped, order_of(stated))]
    if differs := renamed(stated, names):
        return [Finding("class-order", Severity.WARNING, place, differs, "Look whether the same is meant.")]
    return []
