"""The annotation formats that are read and written here."""

from pathlib import Path

from napari_strata.errors import LabelsError
from napari_strata.io.labels import (
    coco,
    cvat,
    imagej,
    index_masks,
    labelbox,
    labelme,
    mask_codes,
    napari_csv,
    rgb_masks,
    via,
    via_csv,
    voc,
    yolo,
)
from napari_strata.io.labels.archives import open_archive
from napari_strata.io.labels.guard import read_json, read_xml
from napari_strata.io.labels.label_format import LabelFormat

_ALL: tuple[LabelFormat, ...] = (
    cvat.FORMAT,
    coco.FORMAT,
    labelbox.FORMAT,
    voc.FORMAT,
    voc.DEVKIT_FORMAT,
    labelme.FORMAT,
    via_csv.FORMAT,
    via.FORMAT,
    imagej.FORMAT,
    napari_csv.FORMAT,
    yolo.FORMAT,
    mask_codes.FORMAT,
    index_masks.FORMAT,
    rgb_masks.FORMAT,
)
FORMATS: dict[str, LabelFormat] = {one.name: one for one in _ALL}
"""Every format by its name; those that recognise a file most surely come first."""


def find_format(name: str, path: Path) -> LabelFormat:
    """Return a format by its name, or for "auto" the one that recognises a file or folder.

    Raises
    ------
    LabelsError
        If there is no such format, the file is damaged, or no format recognises it.
    """
    if name != "auto":
        if name not in FORMATS:
            raise LabelsError(f"There is no label format {name!r}.", remedy=f"Take one of {', '.join(FORMATS)}.")
        return FORMATS[name]
    if not path.exists():
        raise LabelsError(f"{path} is not there.", remedy="Check the path.")
    found = next((one for one in FORMATS.values() if one.recognises(path)), None)
    if found is None:
        _check_opens(path)
        raise LabelsError(
            f"{path} is in none of the label formats that are known here.",
            remedy=f"Name its format if it is one of {', '.join(FORMATS)}; else export it in one of these.",
        )
    return found


def _check_opens(path: Path) -> None:
    """Check that a file is what its ending says: of one that was cut off this is the better reason.

    Raises
    ------
    LabelsError
        If it is not.
    """
    match path.suffix.lower() if path.is_file() else "":
        case ".zip":
            open_archive(path).close()
        case ".json":
            read_json(path)
        case ".xml":
            read_xml(path)
