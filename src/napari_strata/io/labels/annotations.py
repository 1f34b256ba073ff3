"""What an annotation file says, whatever its format: classes, images, and what is drawn on each image."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from napari_strata.io.labels.shapes import Shape

BACKGROUND_NAME = "background"
"""Class name that stands for labelled background."""
NOT_LABELLED_NAME = "not labelled"
"""Class name that stands for pixels that nobody labelled."""
TRACK = "track_id"
"""Attribute that says to which track through the frames of a stack an annotation belongs."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One thing that somebody, or some program, drew on an image.

    Attributes
    ----------
    shape : Shape
        Where it is.
    label : str
        Its class, as the file names it.
    z_order : int
        What has more lies above what has less; of equals, the later one in the file.
    instance : int or None
        Annotations of an image with the same number are parts of one object; None is an object of its own.
    occluded : bool
        Whether something hides a part of it.
    source : str
        Who drew it, as the file says ("manual", "auto", ...); empty where it does not.
    attributes : mapping of str to str
        What else the file says of it.
    """

    shape: Shape
    label: str
    z_order: int = 0
    instance: int | None = None
    occluded: bool = False
    source: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnnotatedImage:
    """What is drawn on one image, or on one frame of a stack.

    Attributes
    ----------
    name : str
        File name of the image as the annotation file has it, perhaps with folders before it and perhaps without
        an extension.
    size : (int, int) or None
        Height and width of the image [px] as the annotation file states them.
    annotations : tuple of Annotation
        In the order of the file.
    frame : int
        Which frame of a stack, from 0.
    """

    name: str
    size: tuple[int, int] | None
    annotations: tuple[Annotation, ...]
    frame: int = 0


@dataclass(frozen=True, slots=True)
class FileClass:
    """A class that an annotation file declares.

    Attributes
    ----------
    name : str
        Its name in the file.
    color : str or None
        Its colour as #rrggbb.
    """

    name: str
    color: str | None = None


@dataclass(frozen=True, slots=True)
class AnnotationSet:
    """What an annotation file, or a folder of them, says.

    Attributes
    ----------
    classes : tuple of FileClass
        Classes in the order of the file; every label that occurs is among them.
    images : tuple of AnnotatedImage
        In the order of the file; images on which nothing is drawn too.
    format : str
        Name of the format it was read from.
    warnings : tuple of str
        What was passed over, in words.
    """

    classes: tuple[FileClass, ...]
    images: tuple[AnnotatedImage, ...]
    format: str = ""
    warnings: tuple[str, ...] = ()


def classes_of(images: Iterable[AnnotatedImage], declared: Iterable[FileClass] = ()) -> tuple[FileClass, ...]:
    """Return the declared classes, then others that occur, in the order of the file."""
    found = {one.name: one for one in declared}
    for image in images:
        for annotation in image.annotations:
            found.setdefault(annotation.label, FileClass(annotation.label))
    return tuple(found.values())
