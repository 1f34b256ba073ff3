"""All checks, in the order in which their findings are read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from napari_strata.annotation.doctor import arrays, calibration, codes, duplicates, intensities
from napari_strata.annotation.doctor.facts import Survey
from napari_strata.annotation.doctor.finding import Finding, Severity, most_severe_first
from napari_strata.numbers import counted

Check = Callable[[Survey], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    arrays.check_image_type,
    arrays.check_label_type,
    arrays.check_axis_order,
    arrays.check_sizes,
    calibration.check_placement,
    calibration.check_pixel_size,
    calibration.check_atom_size,
    intensities.check_finite,
    intensities.check_constant,
    intensities.check_clipped,
    codes.check_unknown_codes,
    codes.check_painted,
    codes.check_empty_classes,
    codes.check_amounts,
    codes.check_unlabelled,
    duplicates.check_duplicates,
)
"""Each takes what was measured and gives what it finds."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What was measured and what was found.

    Attributes
    ----------
    survey : Survey
        What was measured.
    findings : tuple of Finding
        The worst first.
    """

    survey: Survey
    findings: tuple[Finding, ...]

    @property
    def summary(self) -> str:
        """The result in a line, for a dock or a terminal."""
        return in_one_line(self.findings)


def findings_of(survey: Survey) -> list[Finding]:
    """Return what all checks find, the worst first."""
    return most_severe_first([finding for check in CHECKS for finding in check(survey)])


def in_one_line(findings: Sequence[Finding]) -> str:
    """Return how many findings there are and what they mean for a training, in a line."""
    if not findings:
        return "All is well: nothing was found that would disturb a training."
    nouns = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "hint"}
    numbers = {severity: sum(one.severity is severity for one in findings) for severity in Severity}
    counts = ", ".join(counted(number, nouns[severity]) for severity, number in numbers.items() if number)
    if numbers[Severity.ERROR]:
        return f"{counts}: a training would fail or learn wrongly."
    if numbers[Severity.WARNING]:
        return f"{counts}: look at the list before you train."
    return f"All is well; {counts}."
