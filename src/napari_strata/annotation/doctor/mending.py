"""Mended copies of label files: what was given stays as it is."""

from collections.abc import Iterable
from pathlib import Path

from napari_strata.annotation.doctor.codes import VOID
from napari_strata.annotation.doctor.finding import Finding, Fix, Severity
from napari_strata.annotation.doctor.fixes import transposed, unlabelled, whole_numbers
from napari_strata.errors import LabelsError, OutputError
from napari_strata.io.arrays import FileArray, read_array
from napari_strata.io.folders import filling
from napari_strata.io.tif import write_tif
from napari_strata.types import AnyArray

IN_FILES = (Fix.WHOLE_NUMBERS, Fix.TRANSPOSE, Fix.UNLABEL)
"""What can be mended in a file without asking anybody, in this order."""
_AXES = {2: "YX", 3: "TYX", 4: "TZYX"}


def write_mended(findings: Iterable[Finding], folder: Path, *, overwrite: bool = False) -> dict[str, str]:
    """Write a mended copy of each label file in which an error has a safe fix.

    Parameters
    ----------
    findings : iterable of Finding
        What was found; doubts and what only a person can decide are left alone.
    folder : Path
        Gets a tif named after each file, or nothing at all if one cannot be written.
    overwrite : bool
        Whether files of the same names that are there may be replaced; those that were given never are.

    Returns
    -------
    dict of str to str
        The copies by the names of their files.

    Raises
    ------
    OutputError
        If the folder cannot be written, holds files of the same names, or two files have one name.
    LabelsError
        If a file has changed meanwhile.
    """
    fixes: dict[Path, set[Fix]] = {}
    for finding in findings:
        if finding.severity is Severity.ERROR and finding.fix in IN_FILES and finding.place.file:
            fixes.setdefault(Path(finding.place.file), set()).add(finding.fix)
    if not fixes:
        return {}
    names = [f"{path.stem}.tif" for path in fixes]
    if len(set(names)) < len(names):
        raise OutputError("Two files to be mended have the same name.", remedy="Mend one folder at a time.")
    with filling(folder, overwrite=overwrite, spare=fixes) as lent:
        for path, wanted in fixes.items():
            content = read_array(path, error_type=LabelsError)
            codes = mended(content, wanted)
            write_tif(lent / f"{path.stem}.tif", codes, _AXES[codes.ndim], pixel_size=content.pixel_size)
    return {f"mended {name}": str(folder / name) for name in names}


def mended(content: FileArray, wanted: set[Fix]) -> AnyArray:
    """Return the codes of a file after the fixes that it needs."""
    codes = content.codes
    if Fix.WHOLE_NUMBERS in wanted:
        codes = whole_numbers(codes)
    if Fix.TRANSPOSE in wanted:
        codes = transposed(codes)
    return unlabelled(codes, VOID) if Fix.UNLABEL in wanted else codes
