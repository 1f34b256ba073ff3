"""What ``classes.json`` beside a label file says of it, against what a training takes it for."""

from collections.abc import Sequence
from pathlib import Path

from napari_strata.annotation.classes import FIRST_CLASS
from napari_strata.errors import LabelsError
from napari_strata.io.labels.class_file import FILE_NAME, ClassFile
from napari_strata.io.labels.label_files import find_label_files


def stated_classes(labels: Path) -> ClassFile | None:
    """Return what an import wrote beside a label file; None where no import wrote it.

    Raises
    ------
    ConfigError
        If what it wrote was damaged.
    """
    try:
        (file,) = find_label_files((labels,))
    except LabelsError:  # another program's file of that name says nothing of our codes
        return None
    return file.classes


def holds_codes(stated: ClassFile | None) -> bool:
    """Tell mask codes, what training takes, from numbers of objects and planes of 0 and 1."""
    return stated is None or (stated.kind == "semantic" and not stated.one_hot)


def other_kind(stated: ClassFile) -> tuple[str, str]:
    """Return in words what a label file holds in place of mask codes, and what to do."""
    again = "napari-strata labels import with --kind semantic and no --one-hot"
    if stated.kind == "semantic":
        return (
            f"By its {FILE_NAME} it holds a plane for each class, and no mask codes.",
            f"Import it again: {again}.",
        )
    message = f"By its {FILE_NAME} it holds numbers of objects, and no mask codes."
    remedy = "Turn its folder into mask codes: napari-strata labels import FOLDER --kind semantic --out ANOTHER."
    return message, remedy


def swapped_names(stated: ClassFile, names: Sequence[str]) -> str:
    """Return in words which names stand at another code than ``classes.json`` says; empty where none does.

    Parameters
    ----------
    stated : ClassFile
        What it says.
    names : sequence of str
        Names of the classes in the order of their codes, as a training takes them.
    """
    own = {name: code for code, name in enumerate(names, start=FIRST_CLASS)}
    swapped = [one for one in stated.classes if own.get(one.name, one.code) != one.code]
    if not swapped:
        return ""
    told = ", ".join(f"{one.name} is {one.code} there and {own[one.name]} here" for one in swapped)
    return f"The names are swapped against {FILE_NAME}: {told}."


def renamed(stated: ClassFile, names: Sequence[str]) -> str:
    """Return in words which codes have a name that ``classes.json`` does not know; empty where none has."""
    own = dict(enumerate(names, start=FIRST_CLASS))
    others = [one for one in stated.classes if one.code in own and own[one.code] != one.name]
    told = ", ".join(f"{one.code} is {one.name} there and {own[one.code]} here" for one in others)
    return f"Names differ from {FILE_NAME}: {told}." if told else ""


def check_stated(labels: Path, names: Sequence[str]) -> str:
    """Check that a label file is what a training takes it for.

    Parameters
    ----------
    labels : Path
        The label file.
    names : sequence of str
        Names of the classes in the order of their codes.

    Returns
    -------
    str
        What is doubtful, in words; empty where nothing is.

    Raises
    ------
    LabelsError
        If it holds no mask codes, or its classes have other codes.
    ConfigError
        If ``classes.json`` was damaged.
    """
    stated = stated_classes(labels)
    if stated is None:
        return ""
    if not holds_codes(stated):
        message, remedy = other_kind(stated)
        raise LabelsError(f"{labels}: {message}", remedy=remedy)
    if swapped := swapped_names(stated, names):
        raise LabelsError(f"{labels}: {swapped}", remedy=order_of(stated))
    doubt = renamed(stated, names)
    return f"{labels}: {doubt}" if doubt else ""


def order_of(stated: ClassFile) -> str:
    """Return the classes as a configuration wants them, as a remedy."""
    return f"Write classes: [{', '.join(stated.names)}]."
