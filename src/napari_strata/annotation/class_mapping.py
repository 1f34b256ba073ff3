"""What the classes of an annotation file become: classes of the table, background, not labelled, or nothing."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from napari_strata.annotation.classes import FIRST_CLASS, LAST_CLASS
from napari_strata.config.labels import PALETTE, LabelClass
from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import BACKGROUND_NAME, NOT_LABELLED_NAME, Annotation, FileClass
from napari_strata.types import BACKGROUND, NOT_LABELLED

SKIP = "skip"
"""Stands for leaving a class of the file out."""
_FIXED = {NOT_LABELLED_NAME: NOT_LABELLED, BACKGROUND_NAME: BACKGROUND}
_SPELLINGS = {"notlabelled": NOT_LABELLED_NAME, "notlabeled": NOT_LABELLED_NAME} | {
    "unlabelled": NOT_LABELLED_NAME, "unlabeled": NOT_LABELLED_NAME, "background": BACKGROUND_NAME
}  # fmt: skip
"""The fixed names as people write them, without case, blanks, hyphens and underscores."""
_COLOR = re.compile(r"^#[0-9a-fA-F]{6}$")


@dataclass(frozen=True, slots=True)
class ClassMapping:
    """The meaning of every class of a file.

    Attributes
    ----------
    meanings : mapping of str to str
        For each class of the file a class name, "background", "not labelled" or "skip".
    classes : tuple of LabelClass
        The classes in the order of their codes 2, 3, ...
    unknown : tuple of str
        Classes of the file that mean no class that was asked for; nothing is imported while there are any.
    """

    meanings: Mapping[str, str]
    classes: tuple[LabelClass, ...]
    unknown: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes in the order of their codes."""
        return tuple(one.name for one in self.classes)

    @property
    def codes(self) -> dict[str, int]:
        """Mask code of each name that annotations bear after `apply`."""
        return _FIXED | {name: code for code, name in enumerate(self.names, start=FIRST_CLASS)}

    def apply(self, annotations: Iterable[Annotation]) -> list[Annotation]:
        """Return annotations under the names that they have here, without those that are skipped."""
        return [
            one if self.meanings[one.label] == one.label else replace(one, label=self.meanings[one.label])
            for one in annotations
            if self.meanings[one.label] != SKIP
        ]


def map_classes(
    file_classes: Sequence[FileClass], chosen: Mapping[str, str] | None = None, *, names: Sequence[str] = ()
) -> ClassMapping:
    """Give each class of a file its meaning.

    Parameters
    ----------
    file_classes : sequence of FileClass
        The classes in the order of the file.
    chosen : mapping of str to str, optional
        Meaning of classes of the file: a class name, "background", "not labelled" or "skip"; several classes may
        become one. A class that is not named here keeps its name. "0" and "255" stand for "background" and "not
        labelled" of an index mask, a number n for its "class n". "Background", "not-labelled", "unlabeled" and the
        like are understood.
    names : sequence of str
        Names of the classes in the order of their codes; by default those that occur, in the order of the file.

    Returns
    -------
    ClassMapping
        Colours are those of the file where it has any.

    Raises
    ------
    LabelsError
        If `chosen` names a class that the file has not, `names` are no class names, or there are more classes than
        codes.
    """
    own = {one.name for one in file_classes}
    meant = _known(chosen or {}, own)
    meanings = {one.name: meant.get(one.name, _default_meaning(one.name)) for one in file_classes}
    wanted = list(dict.fromkeys(meaning for meaning in meanings.values() if meaning not in (*_FIXED, SKIP)))
    unknown = [name for name, meaning in meanings.items() if names and meaning in wanted and meaning not in names]
    _check_names(names or wanted)
    colors = {meanings[one.name]: one.color for one in reversed(file_classes) if _is_color(one.color)}
    classes = tuple(
        LabelClass(name=name, color=colors.get(name) or PALETTE[place % len(PALETTE)])
        for place, name in enumerate(names or wanted)
    )
    return ClassMapping(meanings, classes, tuple(unknown))


def parse_meanings(texts: Iterable[str]) -> dict[str, str]:
    """Read ``FILE CLASS=MEANING`` as a command line gives it.

    Raises
    ------
    ValueError
        If a text is not of this form.
    """
    chosen = {}
    for text in texts:
        name, equals, meaning = text.rpartition("=")
        if not (equals and name.strip() and meaning.strip()):
            raise ValueError(f"{text!r} is not of the form FILE CLASS=MEANING")
        chosen[name.strip()] = meaning.strip()
    return chosen


def _known(chosen: Mapping[str, str], own: set[str]) -> dict[str, str]:
    """Return the chosen meanings by the very names of the file."""
    meant = {}
    for name, meaning in chosen.items():
        aliases = {"0": BACKGROUND_NAME, "255": NOT_LABELLED_NAME}
        found = next((one for one in (name, aliases.get(name), f"class {name}") if one in own), None)
        if found is not None:
            meant[found] = _plain_meaning(meaning.strip())
        elif name not in (*aliases, *aliases.values()):
            raise LabelsError(
                f"The file has no class {name!r}, only {', '.join(sorted(own)) or 'none at all'}.",
                remedy="Name its classes as the file does.",
            )
    return meant


def _default_meaning(name: str) -> str:
    """Return the fixed name that a class bears, whatever its case and spelling, or its own name."""
    return _SPELLINGS.get(re.sub(r"[\s_-]", "", name).casefold(), name)


def _plain_meaning(meaning: str) -> str:
    """Return what is meant, whatever its case and spelling."""
    return SKIP if meaning.casefold() == SKIP else _default_meaning(meaning)


def _is_color(color: str | None) -> bool:
    return color is not None and _COLOR.match(color) is not None


def _check_names(names: Sequence[str]) -> None:
    strange = [name for name in names if not name.strip() or _plain_meaning(name) in (*_FIXED, SKIP)]
    if strange or len(set(names)) != len(names):
        raise LabelsError(
            f"These are no names for classes: {', '.join(map(repr, strange or names))}.",
            remedy="Give each class a name of its own; background and not labelled are there anyway.",
        )
    if len(names) > LAST_CLASS - BACKGROUND:
        raise LabelsError(
            f"The file has {len(names)} classes, and a class table ends at {LAST_CLASS - BACKGROUND}.",
            remedy="Let several of them become one, or skip some.",
        )
