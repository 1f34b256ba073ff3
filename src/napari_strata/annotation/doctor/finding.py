"""What a check found: how bad, where, in words, and what mends it."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

Box = tuple[int, int, int, int]
"""Top, left, bottom, right of a region [px]; bottom and right lie just outside."""


class Severity(StrEnum):
    """How bad a finding is: a training fails or learns wrongly, it may, or it is good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Fix(StrEnum):
    """What mends a finding and loses nothing: it can be undone, or works on a copy."""

    WHOLE_NUMBERS = "whole numbers"
    """Convert labels that are whole numbers of another type (`fixes.whole_numbers`)."""
    TRANSPOSE = "transpose"
    """Swap y and x of a copy of the labels (`fixes.transposed`)."""
    UNLABEL = "unlabel"
    """Make the pixels of a code not labelled (`fixes.unlabelled`)."""
    ADD_CLASSES = "add classes"
    """Add a class for each painted code that has none (`fixes.table_with`)."""
    REMOVE_CLASS = "remove class"
    """Take the last class, which nobody painted, off the table (`fixes.table_without_last`)."""
    ERASE_SLICE = "erase slice"
    """Make a slice not labelled, because another slice shows the same (`fixes.unlabelled`)."""
    PLACE_ON_IMAGE = "place on image"
    """Give the labels the scale and the place of their image."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look; what does not apply is None, or an empty text.

    Attributes
    ----------
    image, labels : str
        Names of the image and of the labels.
    file : str
        Path of the file that has to be mended.
    frame : int or None
        Slice of the image, from 0.
    layer : int or None
        Crystal layer, from 0.
    code : int or None
        Mask code.
    box : (top, left, bottom, right) or None
        Region of the slice [px].
    """

    image: str = ""
    labels: str = ""
    file: str = ""
    frame: int | None = None
    layer: int | None = None
    code: int | None = None
    box: Box | None = None

    def __str__(self) -> str:
        """Name the place in words."""
        parts = [self.labels or self.image or self.file]
        parts += [f"slice {self.frame}"] if self.frame is not None else []
        parts += [f"code {self.code}"] if self.code is not None else []
        parts += [f"at y {self.box[0]}, x {self.box[1]}"] if self.box is not None else []
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, doubtful or good to know.

    Attributes
    ----------
    check : str
        Which check found it, in lower case with hyphens.
    severity : Severity
        How bad it is.
    place : Place
        Where to look.
    message : str
        What was found, with its numbers.
    remedy : str
        What the user can do about it.
    fix : Fix or None
        What mends it safely.
    """

    check: str
    severity: Severity
    place: Place
    message: str
    remedy: str
    fix: Fix | None = None

    def as_row(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON; the place as ``place``, a mapping."""
        return asdict(self)


def most_severe_first(findings: "list[Finding]") -> "list[Finding]":
    """Sort by severity, and among equals leave the order of the checks."""
    return sorted(findings, key=lambda finding: list(Severity).index(finding.severity))


def count_by_severity(findings: "list[Finding]") -> dict[str, int]:
    """Return the numbers of errors, warnings and infos, under these names."""
    return {f"{severity}s": sum(one.severity is severity for one in findings) for severity in Severity}
