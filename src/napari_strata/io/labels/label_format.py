"""What every annotation format offers, so that import and export need to know none of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_strata.io.labels.annotations import AnnotationSet

ImageSizes = Mapping[str, tuple[int, int]]
"""Height and width [px] of the images at hand by the stem of their file name, which some formats need."""


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """One annotation format.

    Attributes
    ----------
    name : str
        Its name on the command line.
    title : str
        Its name for people.
    recognises : callable of Path to bool
        Tells from a few bytes, or from the names in a folder, whether a file or folder is of this format; it
        raises nothing.
    read : callable of (Path, ImageSizes) to AnnotationSet
        Reads a file or folder; raises LabelsError for what it cannot read or should not trust.
    write : callable of (AnnotationSet, Path) to list of Path
        Writes files of this format into a folder and returns them; raises LabelsError for what the format cannot
        hold, before anything is written, and OutputError where it cannot write.
    keeps_shapes : bool
        Whether polygons, ellipses and boxes come back as what they were.
    covers_pixels : bool
        Whether every pixel has a value, so that labelled background is told from pixels that nobody labelled.
    needs_sizes : bool
        Whether files may place things by parts of images whose size only the images at hand tell.
    """

    name: str
    title: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, ImageSizes], AnnotationSet]
    write: Callable[[AnnotationSet, Path], list[Path]]
    keeps_shapes: bool = True
    covers_pixels: bool = False
    needs_sizes: bool = False
