"""ImageJ selections: one in a .roi file, many in a RoiSet.zip (``roifile`` reads and writes both).

A file says nothing of its image but its own name: that of the image, without "RoiSet". Selections that an
unzipped RoiSet left in a folder, which ImageJ names like 0001-0123-0456, belong to the image that the folder is
named after. The class is the name of a selection less the number after its last hyphen; where ImageJ made up
the name, its group; else "object". Positions are frames: of hyperstacks the time point, or the slice if there
is one time point only.

Written is one zip per image, with a number after each name and groups for classes, so that ImageJ shows them in
colours. Ellipses stay ellipses; masks, holes and parts become composite selections with the same pixels.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.errors import LabelsError
from napari_strata.io.files import replacing
from napari_strata.io.folders import files_in
from napari_strata.io.labels import guard
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, classes_of
from napari_strata.io.labels.archives import open_archive, read_member
from napari_strata.io.labels.class_names import ONE_CLASS
from napari_strata.io.labels.file_names import stacks_to_write
from napari_strata.io.labels.imagej_shapes import drawn_roi, left_out_of, shapes_of
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.passed_over import PassedOver
from napari_strata.io.labels.shapes import Box, Ellipse, PixelMask, Points, Polygon, Polyline, Shape

if TYPE_CHECKING:
    from roifile import ImagejRoi

_MAGIC = b"Iout"
_MADE_UP = re.compile(r"\d+(-\d+)+")
_NUMBER = re.compile(r"(.+)-\d+")
_ROI_SET = re.compile(r"[ _-]*RoiSet[ _-]*", re.IGNORECASE)
_LARGEST_ROI = 2**24
"""Bytes of a selection: a million vertices."""
_MOST_ROIS = 200_000
_MOST_FRAMES = 1_000_000
_MOST_GROUPS = 255


@dataclass(frozen=True, slots=True)
class _Selection:
    name: str
    roi: "ImagejRoi"
    shapes: list[Shape]


def _recognises(path: Path) -> bool:
    if path.is_dir():
        return any(_recognises(file) for file in _files(path))
    if path.suffix.lower() == ".roi":
        return guard.read_head(path).startswith(_MAGIC)
    if path.suffix.lower() != ".zip":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.lower().endswith(".roi") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _files(path: Path) -> list[Path]:
    return files_in(path, ".roi", ".zip") if path.is_dir() else [path]


def _read(path: Path, sizes: ImageSizes) -> AnnotationSet:
    """Read a file, or all of a folder; `sizes` are not needed."""
    files = _files(path)
    if not files:
        guard.refuse(path, "it holds no .roi or .zip file", "Name the file that ImageJ saved.")
    passed_over = PassedOver()
    by_image: dict[str, list[_Selection]] = {}
    for file in files:
        name = file.parent.name if _MADE_UP.fullmatch(file.stem) else _ROI_SET.sub("", file.stem) or file.stem
        by_image.setdefault(name, []).extend(_selections(file, passed_over))
    images = tuple(image for name, found in by_image.items() for image in _images(name, found, path))
    return AnnotationSet(classes_of(images), images, FORMAT.name, passed_over.warnings)


def _selections(path: Path, passed_over: PassedOver) -> Iterator[_Selection]:
    for name, data in _members(path):
        selection = _selection(name, data, path)
        if selection.shapes:
            for what in left_out_of(selection.roi):
                passed_over.add(what, name)
            yield selection
        else:
            passed_over.add("selections that outline nothing, texts or pictures", name)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each selection of a file."""
    if path.suffix.lower() != ".zip":
        yield path.stem, guard.read_bytes(path)
        return
    with open_archive(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".roi") and "__MACOSX" not in name]
        if len(names) > _MOST_ROIS:
            guard.refuse(path, f"it holds {len(names):,} selections", "Save it in parts.")
        for name in names:
            yield Path(name).stem, read_member(archive, name, path)


def _selection(name: str, data: bytes, path: Path) -> _Selection:
    from roifile import ImagejRoi

    if len(data) > _LARGEST_ROI:
        guard.refuse(path, f"{name[:60]} is larger than {_LARGEST_ROI / 2**20:.0f} MB", "Draw it again.")
    try:
        roi = ImagejRoi.frombytes(data)
        shapes = shapes_of(roi)
    except LabelsError as error:
        raise LabelsError(f"{path}: {name[:60]}: {error.message}", remedy=error.remedy) from error
    except Exception as error:  # roifile raises nearly anything on a damaged selection
        reason = " ".join(str(error).split()) or type(error).__name__
        raise LabelsError(
            f"{path} is refused: {name[:60]} is no selection of ImageJ ({reason[:100]}).", remedy="Save it again."
        ) from error
    for shape in shapes:
        _check(shape, path, name)
    return _Selection(roi.name.strip() or name, roi, shapes)


def _check(shape: Shape, path: Path, name: str) -> None:
    match shape:
        case Polygon(rings=rings, holes=holes):
            for ring in (*rings, *holes):
                guard.check_vertices(ring, path, where=name)
        case Box(top, left, bottom, right):
            guard.check_vertices([(top, left), (bottom, right)], path, where=name)
        case Ellipse():
            numbers = (shape.y, shape.x, shape.radius_y, shape.radius_x, shape.angle)
            guard.check_vertices([(number, 0) for number in numbers], path, where=name)
        case Polyline(vertices=vertices) | Points(vertices=vertices):
            guard.check_vertices(vertices, path, where=name)
        case PixelMask():
            pass


def _images(name: str, selections: Sequence[_Selection], path: Path) -> Iterator[AnnotatedImage]:
    frames: dict[int, list[Annotation]] = {}
    for place, (selection, frame) in enumerate(zip(selections, _frames(selections, path), strict=True)):
        instance = place if len(selection.shapes) > 1 else None
        label = _label(selection)
        found = [Annotation(shape, label, instance=instance) for shape in selection.shapes]
        frames.setdefault(frame, []).extend(found)
    for frame, annotations in sorted(frames.items() or {0: []}.items()):
        yield AnnotatedImage(name, None, tuple(annotations), frame)


def _frames(selections: Sequence[_Selection], path: Path) -> list[int]:
    """Return the frame of each selection, from 0."""
    rois = [selection.roi for selection in selections]
    moving = [axis for axis in ("t_position", "z_position") if any(getattr(roi, axis) > 1 for roi in rois)]
    if len(moving) > 1:
        guard.refuse(
            path, "its selections lie in a hyperstack of several slices and time points", "Split the stack."
        )
    axis = moving[0] if moving else "t_position"
    frames = [max(roi.position or getattr(roi, axis), 1) - 1 for roi in rois]
    if max(frames, default=0) >= _MOST_FRAMES:
        guard.refuse(path, f"a selection lies on frame {max(frames) + 1:,}", "Save it again.")
    return frames


def _label(selection: _Selection) -> str:
    if not _MADE_UP.fullmatch(selection.name):
        numbered = _NUMBER.fullmatch(selection.name)
        return (numbered[1] if numbered else selection.name).strip() or ONE_CLASS
    return f"group {selection.roi.group}" if selection.roi.group else ONE_CLASS


def _write(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write one zip per image, named after it; folders in image names are dropped."""
    groups = {one.name: min(group, _MOST_GROUPS) for group, one in enumerate(annotations.classes, 1)}
    stacks = stacks_to_write(annotations.images, title=FORMAT.title)
    archives = {stem: _archive(frames, groups) for stem, frames in stacks.items()}
    for stem, data in archives.items():
        with replacing(folder / f"{stem}.zip") as temporary:
            temporary.write_bytes(data)
    return [folder / f"{stem}.zip" for stem in archives]


def _archive(frames: Sequence[AnnotatedImage], groups: dict[str, int]) -> bytes:
    data = io.BytesIO()
    is_stack = len(frames) > 1 or frames[0].frame > 0
    counts = dict.fromkeys(groups, 0)
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for frame in frames:
            for one in sorted(frame.annotations, key=lambda one: one.z_order):
                roi = drawn_roi(one.shape, frame.size)
                if roi is not None:
                    counts[one.label] += 1
                    roi.name = f"{one.label}-{counts[one.label]}"
                    roi.group = groups[one.label]
                    roi.position = frame.frame + 1 if is_stack else 0
                    archive.writestr(f"{_file_name(roi.name)}.roi", roi.tobytes())
    return data.getvalue()


def _file_name(name: str) -> str:
    return re.sub(r'[<>:"|?*/\\\x00-\x1f]|\.\.', "_", name)


FORMAT = LabelFormat("imagej", "ImageJ ROIs", _recognises, _read, _write)
