"""Where the files of a YOLO export are: label files, class names, and images, whose headers tell their size."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from napari_strata.errors import LabelsError
from napari_strata.io.labels import guard
from napari_strata.io.labels.image_names import plain_stem_of
from napari_strata.io.labels.label_format import ImageSizes

_ROW = re.compile(rb"\s*\d+(\s+[-+.\deE]+){4,}\s*$")
_NO_LABELS = re.compile(r"(classes|train|val|valid|test|readme.*|requirements|license.*)\.txt$", re.IGNORECASE)
_IMAGES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"))
_DEPTH = 3
"""How many folders above a label file the class names may be: train, labels, a label file."""


def row_files(path: Path) -> list[Path]:
    """Return the label files of an export, in order, or the one file; raises nothing."""
    try:
        if path.is_dir():
            found = [file for folder in _label_folders(path) for file in folder.glob("*.txt")]
        elif path.suffix.lower() in (".yaml", ".yml"):
            return row_files(path.parent) if b"names" in guard.read_head(path) else []
        else:
            found = [path] if path.suffix.lower() == ".txt" and is_row_file(path) else []
        return sorted(file for file in found if not _NO_LABELS.match(file.name) and file.is_file())
    except OSError:
        return []


def is_row_file(path: Path) -> bool:
    """Tell whether the first line of a text file is an object of YOLO."""
    return bool(_ROW.match(guard.read_head(path).lstrip().split(b"\n")[0]))


def class_names(path: Path) -> dict[int, str]:
    """Return the names of the classes by their number, from data.yaml or classes.txt; empty where there is none.

    Raises
    ------
    LabelsError
        If the file is refused.
    """
    start = path if path.is_dir() else path.parent
    if path.suffix.lower() in (".yaml", ".yml"):
        return _yaml_names(path) or {}
    for folder in (start, *start.parents)[:_DEPTH]:
        for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            names = _yaml_names(file) if b"names" in guard.read_head(file) else None
            if names is not None:
                return names
        for file in (folder / "classes.txt", folder / "obj.names"):
            if file.is_file():
                lines = [line.strip() for line in guard.read_text(file).splitlines()]
                return {number: line for number, line in enumerate(lines) if line}
    return {}


def image_sizes(path: Path, files: Sequence[Path], at_hand: ImageSizes) -> dict[str, tuple[int, int]]:
    """Return height and width [px] of the images of label files by their stem, as far as they are known.

    Parameters
    ----------
    path : Path
        The export.
    files : sequence of Path
        Its label files.
    at_hand : mapping of str to (int, int)
        Sizes of the images at hand, which win; Roboflow's names are known for those of the originals.
    """
    plain: dict[str, list[str]] = {}
    for stem in at_hand:
        plain.setdefault(plain_stem_of(stem), []).append(stem)
    beside = _images(files)
    sizes = {}
    for stem in {file.stem for file in files} | beside.keys():
        alike = {at_hand.get(one) for one in plain.get(plain_stem_of(stem), ())}
        size = at_hand.get(stem) or (alike.pop() if len(alike) == 1 else None)
        if size is None and stem in beside:
            size = _header_size(beside[stem])
        if size is not None:
            sizes[stem] = size
    return sizes


def images_without_rows(path: Path, files: Sequence[Path]) -> list[str]:
    """Return the stems of the export's images that have no label file: nothing is drawn on them."""
    if not path.is_dir():
        return []
    return sorted(_images(files).keys() - {file.stem for file in files})


def _label_folders(root: Path) -> Iterable[Path]:
    nested = [root / "labels", *sorted(root.glob("labels/*/")), *sorted(root.glob("*/labels"))]
    folders = [folder for folder in nested if folder.is_dir()]
    return folders or [root]


def _images(files: Sequence[Path]) -> Mapping[str, Path]:
    """Return the images that belong to label files by their stem: beside them, or in images instead of labels."""
    found: dict[str, Path] = {}
    for folder in dict.fromkeys(file.parent for file in files):
        parts = ["images" if part == "labels" else part for part in folder.parts]
        for place in (folder, Path(*parts)):
            if place.is_dir():
                images = (file for file in sorted(place.iterdir()) if file.suffix.lower() in _IMAGES)
                found |= {file.stem: file for file in images}
    return found


def _header_size(path: Path) -> tuple[int, int] | None:
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as picture:
                return guard.check_size(picture.height, picture.width, path, where="the image")
    except LabelsError:
        raise
    except Exception:  # noqa: BLE001 - Pillow raises nearly anything; the size is then asked for
        return None


def _yaml_names(path: Path) -> dict[int, str] | None:
    """Return the class names of a data.yaml, a list or a mapping of numbers; None where it names none."""
    document = guard.read_yaml(path)
    names = document.get("names") if isinstance(document, dict) else None
    if isinstance(names, list):
        return {number: guard.check_name(name, path, where=f"name {number}") for number, name in enumerate(names)}
    if not isinstance(names, dict):
        return None
    if not all(isinstance(number, str) and number.isascii() and number.isdigit() for number in names):
        guard.refuse(path, "its names stand under keys that are no numbers", "Export it again.")
    return {
        int(number[:9]): guard.check_name(name, path, where=f"name {number}") for number, name in names.items()
    }
