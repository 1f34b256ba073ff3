"""``classes.json``: what the numbers in imported label files mean, and where each file comes from."""

from pathlib import Path
from typing import Literal

from napari_strata.config.base import Config, setting
from napari_strata.io.files import replacing
from napari_strata.io.labels.guard import read_json, refuse

FILE_NAME = "classes.json"


class ClassEntry(Config):
    """One class."""

    name: str = setting(..., "Name of the class.", min_length=1)
    color: str = setting(..., "Colour as #rrggbb.", pattern="^#[0-9a-fA-F]{6}$")
    code: int = setting(..., "Mask code.", ge=2, le=254)


class ObjectEntry(Config):
    """One object of an instance mask."""

    number: int = setting(..., "Its value in the label file.", ge=1)
    class_name: str = setting(..., "Its class.", alias="class")
    frame: int = setting(0, "First frame of the stack that it is on.", ge=0)
    pixels: int = setting(..., "How many pixels of it are to be seen.", ge=0)
    source: str = setting("", "Who drew it, as the annotation file says.")
    occluded: bool = setting(False, "Whether the annotation file says that something hides a part of it.")


class ImageEntry(Config):
    """One label file."""

    file: str = setting(..., "The label file, relative to this file.")
    image: str | None = setting(None, "The image file; none where none was named.")
    name: str = setting(..., "Name of the image in the annotation file.")
    source: str = setting(..., "The annotation file.")
    pixels: dict[str, int] = setting(..., "Pixels of each class, of background, and not labelled.")
    objects: tuple[ObjectEntry, ...] = setting((), "The objects of an instance mask.")


class ClassFile(Config):
    """What stands in ``classes.json``."""

    kind: Literal["semantic", "instance"] = setting(..., "Mask codes, or numbers of objects.")
    one_hot: bool = setting(False, "Whether the files hold one plane of 0 and 1 per class.")
    outside: Literal["background", "not labelled"] = setting(..., "What pixels are on which nothing is drawn.")
    classes: tuple[ClassEntry, ...] = setting(..., "The classes in the order of their codes.")
    images: tuple[ImageEntry, ...] = setting((), "The label files.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes in the order of their codes, as a training configuration wants them."""
        return tuple(one.name for one in sorted(self.classes, key=lambda one: one.code))


def write_class_file(content: ClassFile, folder: Path) -> Path:
    """Write ``classes.json`` into a folder.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = folder / FILE_NAME
    with replacing(path) as temporary:
        temporary.write_text(content.model_dump_json(indent=1, by_alias=True), encoding="utf-8")
    return path


def read_class_file(folder: Path) -> ClassFile | None:
    """Read ``classes.json`` of a folder; None where there is none.

    Raises
    ------
    LabelsError
        If it is refused.
    ConfigError
        If it is not of this form.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    values = read_json(path)
    if not (isinstance(values, dict) and "kind" in values):
        refuse(path, "no import wrote it", "The masks beside it are another program's: import or convert them.")
    return ClassFile.parse(values, source=str(path))
