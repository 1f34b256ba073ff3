"""Several annotation files read as one."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from napari_strata.io.labels.annotations import AnnotationSet, FileClass
from napari_strata.io.labels.formats import find_format
from napari_strata.io.labels.label_format import ImageSizes


@dataclass(frozen=True, slots=True)
class FileAnnotations:
    """What one annotation file, or a folder of them, says.

    Attributes
    ----------
    path : Path
        The file or folder.
    annotations : AnnotationSet
        What it says.
    """

    path: Path
    annotations: AnnotationSet


def read_annotations(path: Path, sizes: ImageSizes, *, format_name: str = "auto") -> FileAnnotations:
    """Read an annotation file, or a folder of them.

    Parameters
    ----------
    path : Path
        The file or folder.
    sizes : mapping of str to (int, int)
        Height and width [px] of the images at hand by their stem.
    format_name : str
        Its format; "auto" finds it out.

    Raises
    ------
    LabelsError
        If it is refused.
    """
    return FileAnnotations(path, find_format(format_name, path).read(path, sizes))


def joined(files: Iterable[FileAnnotations]) -> AnnotationSet:
    """Join what several files say, in their order; warnings name their file."""
    files = list(files)
    classes: dict[str, FileClass] = {}
    for file in files:
        for one in file.annotations.classes:
            if one.name not in classes or classes[one.name].color is None:
                classes[one.name] = one
    return AnnotationSet(
        tuple(classes.values()),
        tuple(image for file in files for image in file.annotations.images),
        ", ".join(dict.fromkeys(file.annotations.format for file in files)),
        tuple(f"{file.path.name}: {warning}" for file in files for warning in file.annotations.warnings),
    )
