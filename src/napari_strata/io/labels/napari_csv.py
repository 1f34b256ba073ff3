"""Shapes and Points layers of napari as CSV, as its builtin writer saves them (``napari_builtins.io``).

Coordinates are those of the layer's data, (y, x) from the centre of the first pixel: nothing shifts. Of three
axes the first is the frame. A column named class, label, type, name, category or species, else the only one of
words, holds the class, and each point is an object; shapes have no such column unless they were written here.
The image is that of the file's name without ``_shapes`` or ``_points`` at its end. Ellipses and rectangles are
four corners, which napari may have turned or, ellipses, sheared.

Written are one file of shapes and one of points per image, which napari opens again. Masks, holes and parts
become one closed line round the same pixels.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_strata.io.files import replacing
from napari_strata.io.folders import files_in
from napari_strata.io.labels import guard
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, classes_of
from napari_strata.io.labels.class_names import ONE_CLASS, find_class_key
from napari_strata.io.labels.file_names import stacks_to_write
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.napari_shapes import data_of, shape_of
from napari_strata.io.labels.passed_over import PassedOver
from napari_strata.io.labels.shapes import Points, Vertices

_AXIS = re.compile(r"axis-(\d+)")
_KIND = re.compile(r"_(shapes|points)$")
_OWN = ("index", "shape-type", "vertex-index")
_MOST_CLASSES = 256
_MOST_FRAMES = 1_000_000


@dataclass(frozen=True, slots=True)
class _Table:
    path: Path
    frames: Sequence[int]
    vertices: Vertices
    index: Sequence[str]
    kinds: Sequence[str] | None
    others: Mapping[str, Sequence[str]]


def _recognises(path: Path) -> bool:
    if path.is_dir():
        return any(_recognises(file) for file in _files(path))
    if path.suffix.lower() != ".csv":
        return False
    columns = guard.read_head(path).split(b"\n")[0].strip().split(b",")
    return b"axis-0" in columns and b"axis-1" in columns


def _files(path: Path) -> list[Path]:
    files = files_in(path, ".csv") if path.is_dir() else [path]
    return sorted(files, key=lambda file: (_image_name(file), file.stem.endswith("_points"), file.name))


def _image_name(path: Path) -> str:
    return _KIND.sub("", path.stem) or path.stem


def _read(path: Path, sizes: ImageSizes) -> AnnotationSet:
    """Read a file, or all of a folder; `sizes` are not needed."""
    files = _files(path)
    if not files:
        guard.refuse(path, "it holds no .csv file", "Name the file that napari saved.")
    passed_over = PassedOver()
    images: dict[str, dict[int, list[Annotation]]] = {}
    for file in files:
        table = _read_table(file)
        found = _points(table) if table.kinds is None else _shapes(table, table.kinds, passed_over)
        frames = images.setdefault(_image_name(file), {})
        for frame, annotation in found:
            frames.setdefault(frame, []).append(annotation)
    read = tuple(
        AnnotatedImage(name, None, tuple(annotations), frame)
        for name, frames in images.items()
        for frame, annotations in sorted(frames.items() or {0: []}.items())
    )
    return AnnotationSet(classes_of(read), read, FORMAT.name, passed_over.warnings)


def _read_table(path: Path) -> _Table:
    header, *rows = guard.read_rows(path)
    names = [name.strip() for name in header]
    axes = sorted(
        (int(found[1][:9]), place) for place, name in enumerate(names) if (found := _AXIS.fullmatch(name))
    )
    if len(axes) < 2 or len(set(names)) < len(names):
        guard.refuse(path, "it has no columns axis-0 and axis-1, or a column twice", "Save the layer again.")
    try:
        numbers = np.array([[float(row[place]) for _, place in axes] for row in rows]).reshape(-1, len(axes))
    except ValueError as error:
        guard.refuse(path, f"a coordinate is none: {error}", "Save the layer again.")
    if len(numbers):
        guard.check_vertices(numbers[:, -2:], path, where="the table")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names) if not _AXIS.fullmatch(name)}
    has_kinds = "shape-type" in columns
    index = columns.get("index", [""] * len(rows))
    others = {name: values for name, values in columns.items() if name not in _OWN}
    frames = _frames(numbers[:, :-2], path)
    return _Table(path, frames, numbers[:, -2:], index, columns["shape-type"] if has_kinds else None, others)


def _frames(leading: Vertices, path: Path) -> list[int]:
    """Return the frame of each row from the axes before y and x: the one that varies, else the last."""
    if not leading.shape[1]:
        return [0] * len(leading)
    varying = [axis for axis in range(leading.shape[1]) if len(leading) and np.ptp(leading[:, axis]) > 0]
    if len(varying) > 1:
        guard.refuse(path, "its positions vary along more than three axes", "Split the stack.")
    numbers = np.round(leading[:, varying[0] if varying else -1])
    if not np.all((numbers >= 0) & (numbers < _MOST_FRAMES)):  # also false for NaN
        guard.refuse(path, "a position lies on no frame", f"Frames are 0 to {_MOST_FRAMES:,}.")
    return [int(number) for number in numbers]


def _points(table: _Table) -> Iterator[tuple[int, Annotation]]:
    labels, others = _classes(table)
    for row, frame in enumerate(table.frames):
        said = {name: values[row] for name, values in others.items()}
        yield frame, Annotation(Points(table.vertices[row : row + 1]), labels[row], attributes=said)


def _shapes(table: _Table, kinds: Sequence[str], passed_over: PassedOver) -> Iterator[tuple[int, Annotation]]:
    labels, others = _classes(table)
    starts = [row for row, one in enumerate(table.index) if row == 0 or one != table.index[row - 1]]
    for start, end in zip(starts, [*starts[1:], len(table.index)], strict=True):
        if len(set(table.frames[start:end])) > 1:
            passed_over.add("shapes that span several frames", table.path.name)
            continue
        shape = shape_of(kinds[start].strip(), table.vertices[start:end])
        if shape is None:
            passed_over.add(f"shapes of the kind {kinds[start][:20]} without an outline", table.path.name)
            continue
        said = {name: values[start] for name, values in others.items()}
        yield table.frames[start], Annotation(shape, labels[start], attributes=said)


def _classes(table: _Table) -> tuple[list[str], dict[str, Sequence[str]]]:
    """Return the class of each row, and the columns that are not the class."""
    others = dict(table.others)
    key = find_class_key(others)
    values = others.get(key, []) if key is not None else []
    if len(set(values)) > _MOST_CLASSES or any(re.fullmatch(r"[-+]?\d*\.\d*(e[-+]?\d+)?", one) for one in values):
        key = None  # measurements, not words
    if key is None:
        return [ONE_CLASS] * len(table.frames), others
    return [value.strip() or ONE_CLASS for value in others.pop(key)], others


def _write(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write up to two files per image, named after it; folders in image names are dropped."""
    tables: dict[str, list[list[object]]] = {}
    for stem, frames in stacks_to_write(annotations.images, title=FORMAT.title).items():
        is_stack = len(frames) > 1 or frames[0].frame > 0
        axes = [f"axis-{axis}" for axis in range(2 + is_stack)]
        shapes, points = list(_shape_rows(frames, is_stack)), list(_point_rows(frames, is_stack))
        if shapes or not points:
            tables[f"{stem}_shapes.csv"] = [[*_OWN, *axes, "class"], *shapes]
        if points:
            tables[f"{stem}_points.csv"] = [["index", *axes, "class"], *points]
    for name, rows in tables.items():
        with replacing(folder / name) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    return [folder / name for name in tables]


def _shape_rows(frames: Sequence[AnnotatedImage], is_stack: bool) -> Iterator[list[object]]:
    index = 0
    for frame in frames:
        for one in sorted(frame.annotations, key=lambda one: one.z_order):
            kind, vertices = data_of(one.shape, frame.size)
            if vertices is not None:
                for place, vertex in enumerate(vertices.tolist()):
                    yield [index, kind, place, *[float(frame.frame)] * is_stack, *vertex, one.label]
                index += 1


def _point_rows(frames: Sequence[AnnotatedImage], is_stack: bool) -> Iterator[list[object]]:
    index = 0
    for frame in frames:
        for one in frame.annotations:
            if isinstance(one.shape, Points):
                for vertex in one.shape.vertices.tolist():
                    yield [index, *[float(frame.frame)] * is_stack, *vertex, one.label]
                    index += 1


FORMAT = LabelFormat("napari-csv", "napari CSV", _recognises, _read, _write)
