"""CVAT's own XML, version 1.1: "CVAT for images" and "CVAT for video", alone or in the zip that CVAT hands out.

Positions are (x, y) from the corner of the first pixel. A group is one object. Every frame that a track states is
read, nothing is interpolated; frames of a video that are named ``frame_000012`` become frames of that video. The
format: https://docs.cvat.ai/docs/manual/advanced/xml_format. Own code: datumaro drops ellipses and rotations.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.io.labels.annotations import (
    TRACK,
    AnnotatedImage,
    Annotation,
    AnnotationSet,
    FileClass,
    classes_of,
)
from napari_strata.io.labels.archives import open_archive, read_member
from napari_strata.io.labels.cvat_shapes import CvatShapes, whole
from napari_strata.io.labels.cvat_writer import write_cvat
from napari_strata.io.labels.guard import check_size, parse_xml, read_xml, refuse
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.passed_over import PassedOver

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MEMBER = "annotations.xml"
_FRAME = re.compile(r"(?:.*/)?frame_(\d{6})(?:\.\w+)?")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class _Video:
    """What the file says about the video that its tracks belong to."""

    name: str
    size: tuple[int, int] | None
    has_source: bool


def read_cvat(path: Path, sizes: ImageSizes) -> AnnotationSet:
    """Read an XML file of CVAT, a zip file that holds one, or a folder unpacked from it.

    Raises
    ------
    LabelsError
        If it cannot be read, is not of CVAT, or states what cannot be.
    """
    root = _root(path)
    if root.tag != "annotations":
        refuse(
            path, f"it is no file of CVAT, which begin with <annotations>, not <{root.tag:.20}>", "Check the path."
        )
    shapes = CvatShapes(path, PassedOver())
    videos = _videos(root, path)
    images = [_image(one, number, videos, shapes) for number, one in enumerate(root.iterfind("image"))]
    tracked, gaps = _tracked_images(root, videos, shapes)
    images += tracked
    left_out = f"Tracks that skip frames, {gaps}: their objects are left out there, nothing is interpolated."
    return AnnotationSet(
        classes_of(images, _declared(root)),
        tuple(images),
        FORMAT.name,
        shapes.passed_over.warnings + ((left_out,) if gaps else ()),
    )


def recognises_cvat(path: Path) -> bool:
    """Tell whether a file or folder holds CVAT's XML."""
    try:
        if path.is_dir():
            return recognises_cvat(path / _MEMBER)
        if path.suffix.lower() == ".zip":
            import zipfile

            with zipfile.ZipFile(path) as archive:
                return _MEMBER in archive.namelist()
        with path.open("rb") as file:
            return path.suffix.lower() == ".xml" and re.search(rb"<annotations[\s>]", file.read(1000)) is not None
    except Exception:  # noqa: BLE001 - zipfile raises nearly anything on a damaged file
        return False


def _root(path: Path) -> "Element":
    if path.is_dir():
        return read_xml(path / _MEMBER)
    if path.suffix.lower() != ".zip":
        return read_xml(path)
    with open_archive(path) as archive:
        return parse_xml(read_member(archive, _MEMBER, path), path)


def _declared(root: "Element") -> Iterator[FileClass]:
    """Yield the classes of the task, job or project; parts of a skeleton are none."""
    for label in root.iterfind("meta//labels/label"):
        name, color = label.findtext("name") or "", label.findtext("color") or ""
        if name and label.find("parent") is None and label.findtext("type") != "skeleton":
            yield FileClass(name, color.lower() if _COLOR.fullmatch(color) else None)


def _videos(root: "Element", path: Path) -> dict[str | None, _Video]:
    """Return the video of each task by the task's id; that of None is the first one."""
    videos: dict[str | None, _Video] = {}
    for task in (*root.iterfind("meta/task"), *root.iterfind("meta/job"), *root.iterfind("meta//tasks/task")):
        source = task.findtext("source")
        size = task.find("original_size")
        video = _Video(
            source or task.findtext("name") or path.stem,
            None if size is None else _size(size.findtext("height"), size.findtext("width"), path, "the video"),
            bool(source),
        )
        videos.setdefault(None, video)
        videos[task.findtext("id")] = video
    videos.setdefault(None, _Video(path.stem, None, has_source=False))
    return videos


def _size(height: Any, width: Any, path: Path, where: str) -> tuple[int, int] | None:
    return None if height is None and width is None else check_size(height, width, path, where=where)


def _image(
    element: "Element", number: int, videos: dict[str | None, _Video], shapes: CvatShapes
) -> AnnotatedImage:
    name = element.get("name") or ""
    if not name:
        refuse(shapes.path, f"image {number + 1} has no name", "Export it again.")
    size = _size(element.get("height"), element.get("width"), shapes.path, f"image {name:.80}")
    found = (shapes.annotation(one, one.get("label"), element.get("source"), name) for one in element)
    drawn = tuple(one for one in found if one is not None)
    frame, video = _FRAME.fullmatch(name), videos.get(element.get("task_id"), videos[None])
    if frame and video.has_source:
        return AnnotatedImage(video.name, size, drawn, int(frame[1]))
    return AnnotatedImage(name, size, drawn)


def _tracked_images(
    root: "Element", videos: dict[str | None, _Video], shapes: CvatShapes
) -> tuple[list[AnnotatedImage], int]:
    """Return the frames that the tracks state, and how many tracks skip frames."""
    frames: dict[_Video, dict[int, list[Annotation]]] = {}
    tracks = []
    for track in root.iterfind("track"):
        stated = _track(track, shapes)
        tracks.append([(frame, annotation is None) for frame, annotation in sorted(stated.items())])
        on_frame = frames.setdefault(videos.get(track.get("task_id"), videos[None]), {})
        for frame, annotation in stated.items():
            on_frame.setdefault(frame, []).extend([] if annotation is None else [annotation])
    images = [
        AnnotatedImage(video.name, video.size, tuple(on_frame[frame]), frame)
        for video, on_frame in frames.items()
        for frame in sorted(on_frame)
    ]
    return images, _count_gaps(tracks)


def _track(track: "Element", shapes: CvatShapes) -> dict[int, Annotation | None]:
    """Return what a track says of each frame that it states; None where its object is outside."""
    stated: dict[int, Annotation | None] = {}
    number = track.get("id", "")
    for element in track:
        frame = whole(element, "frame", shapes.path, least=0)
        if element.get("outside") == "1":
            stated.setdefault(frame, None)
            continue
        annotation = shapes.annotation(
            element, track.get("label"), track.get("source"), f"track {number:.20}", track
        )
        if annotation is not None:
            stated[frame] = annotation
    for frame, annotation in stated.items():
        if annotation is not None and number:
            stated[frame] = shapes.with_attribute(annotation, TRACK, number)
    return stated


def _count_gaps(tracks: list[list[tuple[int, bool]]]) -> int:
    """Count tracks with a step between frames that is larger than the file's smallest, and an object before it."""
    steps = [[after - before for (before, _), (after, _) in pairwise(track)] for track in tracks]
    usual = min((step for one in steps for step in one), default=1)
    return sum(
        any(step > usual and not outside for step, (_, outside) in zip(own, track, strict=False))
        for own, track in zip(steps, tracks, strict=True)
    )


FORMAT = LabelFormat("cvat", "CVAT XML 1.1", recognises_cvat, read_cvat, write_cvat)
