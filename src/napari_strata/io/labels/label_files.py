"""Label files on disk, with what ``classes.json`` beside them says of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.arrays import read_array
from napari_strata.io.labels.class_file import ClassFile, ImageEntry, read_class_file
from napari_strata.types import AnyArray

ENDINGS = (".tif", ".tiff", ".png", ".npy", ".npz")
_WHOLE_NUMBERS = "Label files hold whole numbers: mask codes, or numbers of objects."


@dataclass(frozen=True, slots=True)
class LabelFile:
    """One label file.

    Attributes
    ----------
    path : Path
        The file.
    classes : ClassFile or None
        What ``classes.json`` beside it says.
    entry : ImageEntry or None
        What that says of this very file.
    """

    path: Path
    classes: ClassFile | None
    entry: ImageEntry | None

    def read(self) -> AnyArray:
        """Read the codes or numbers.

        Returns
        -------
        ndarray of integers
            (y, x), or (frame, y, x), or planes (class, y, x) where ``classes.json`` says so.

        Raises
        ------
        LabelsError
            If the file cannot be read or holds no labels.
        """
        content = read_array(self.path, error_type=LabelsError)
        if content.is_colour and content.indices is None:
            raise LabelsError(f"{self.path} is a colour picture.", remedy=_WHOLE_NUMBERS)
        data = content.codes
        if data.ndim == 4 and data.shape[1] == 1 and not (self.classes and self.classes.one_hot):
            data = data[:, 0]  # one crystal layer
        if data.dtype.kind == "b":
            data = data.astype(np.uint8)
        if data.dtype.kind not in "iu" or 0 in data.shape or int(data.min()) < 0:
            raise LabelsError(f"{self.path} holds {data.dtype} of shape {data.shape}.", remedy=_WHOLE_NUMBERS)
        return data


def find_label_files(paths: tuple[Path, ...]) -> tuple[LabelFile, ...]:
    """Find label files, and read what ``classes.json`` says of them.

    Parameters
    ----------
    paths : tuple of Path
        Label files, or folders of them.

    Raises
    ------
    LabelsError
        If a path is not there, there are no label files, or ``classes.json`` is refused.
    """
    files: list[LabelFile] = []
    for path in paths:
        if not path.exists():
            raise LabelsError(f"{path} is not there.", remedy="Check the path.")
        folder = path if path.is_dir() else path.parent
        classes = read_class_file(folder)
        entries = {entry.file: entry for entry in classes.images} if classes is not None else {}
        found = _in_folder(path, entries) if path.is_dir() else [path]
        for one in found:
            entry = entries.get(one.relative_to(folder).as_posix())
            files.append(LabelFile(one, classes if entry is not None or not entries else None, entry))
    if not files:
        raise LabelsError(
            f"There are no label files in {', '.join(map(str, paths))}.",
            remedy=f"Name files that end in one of {', '.join(ENDINGS)}.",
        )
    return tuple(files)


def _in_folder(folder: Path, entries: dict[str, ImageEntry]) -> list[Path]:
    if entries:
        return [folder / name for name in entries]
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path.is_file())
