"""All checks, in the order in which their findings are read."""

from collections.abc import Callable, Iterable

from napari_strata.annotation.doctor import arrays, calibration, codes, duplicates, intensities
from napari_strata.annotation.doctor.facts import Survey
from napari_strata.annotation.doctor.finding import Finding, most_severe_first

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


def findings_of(survey: Survey) -> list[Finding]:
    """Return what all checks find, the worst first."""
    return most_severe_first([finding for check in CHECKS for finding in check(survey)])


def in_one_line(findings: list[Finding]) -> str:
    """Return the result in a line, for a dock or a terminal."""
    if not findings:
        return "All is well: nothing was found that would disturb a training."
    errors, warnings, infos = (sum(f.severity == s for f in findings) for s in ("error", "warning", "info"))
    named = ((errors, "error"), (warnings, "warning"), (infos, "hint"))
    counts = ", ".join(f"{n} {noun}{'s' * (n != 1)}" for n, noun in named if n)
    if errors:
        return f"{counts}: a training would fail or learn wrongly. The worst: {findings[0].message}"
    return f"{counts}: a training can start." if warnings else f"{counts}: all is well."
