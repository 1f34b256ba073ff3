"""VGG Image Annotator 2.x as a table: a CSV file of many images, a row per region.

What a row says is what the project says of the region (`via`), but for the classes that no region has: a table
does not declare them.
"""

from dataclasses import replace
from pathlib import Path

from napari_strata.io.labels import via
from napari_strata.io.labels.annotations import AnnotationSet
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.via_writer import write_table


def _recognises(path: Path) -> bool:
    """Tell whether it is a table, or a folder of tables without a project."""
    if not path.is_dir():
        return path.suffix.lower() == ".csv" and via.FORMAT.recognises(path)
    try:
        files = [file for file in path.iterdir() if file.is_file() and via.FORMAT.recognises(file)]
    except OSError:
        return False
    return bool(files) and all(map(_recognises, files))


def _read(path: Path, sizes: ImageSizes) -> AnnotationSet:
    return replace(via.FORMAT.read(path, sizes), format=FORMAT.name)


FORMAT = LabelFormat("via-csv", "VGG Image Annotator, table", _recognises, _read, write_table)
