"""Writing CVAT's XML, version 1.1, as CVAT takes it: "CVAT for images", and "CVAT for video" for each stack."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.io.labels.annotations import TRACK, AnnotatedImage, Annotation, AnnotationSet, FileClass
from napari_strata.io.labels.file_names import check_once
from napari_strata.io.labels.image_names import label_file_names
from napari_strata.io.labels.joining import pixels_of
from napari_strata.io.labels.rle import fold_rows
from napari_strata.io.labels.shapes import CORNER, Box, Ellipse, Points, Polygon, Polyline, Shape, to_corner
from napari_strata.io.labels.xml_writer import check_text, write_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def write_cvat(annotations: AnnotationSet, folder: Path) -> list[Path]:
    """Write ``annotations.xml``, and one file more for each stack.

    Polygons of several rings or with holes become masks; what lies outside its image is cut off or left out.

    Raises
    ------
    LabelsError
        If an image occurs twice, or a name has control characters.
    OutputError
        If a file cannot be written.
    """
    check_once(annotations.images)
    stacks: dict[str, list[AnnotatedImage]] = {}
    for image in annotations.images:
        stacks.setdefault(image.name, []).append(image)
    single = [one for frames in stacks.values() for one in frames if not _is_stack(frames)]
    documents = {folder / "annotations.xml": _images_document(single, annotations.classes)} if single else {}
    videos = {name: frames for name, frames in stacks.items() if _is_stack(frames)}
    is_only = not single and len(videos) == 1
    files = ["annotations.xml"] if is_only else label_file_names([_plain(name) for name in videos], ".xml")
    for file, (name, frames) in zip(files, videos.items(), strict=True):
        path = folder / (file if is_only else f"annotations_{file}")
        documents[path] = _video_document(name, frames, annotations.classes)
    for path, document in documents.items():
        write_xml(document, path)
    return list(documents)


def _is_stack(frames: Sequence[AnnotatedImage]) -> bool:
    return any(one.frame for one in frames)


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)


def _document(name: str, mode: str, size: int, classes: Iterable[FileClass]) -> "tuple[Element, Element]":
    from xml.etree.ElementTree import Element, SubElement

    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    task = SubElement(SubElement(root, "meta"), "task")
    for tag, text in (("name", name), ("size", str(size)), ("mode", mode)):
        SubElement(task, tag).text = check_text(text)
    labels = SubElement(task, "labels")
    for one in classes:
        label = SubElement(labels, "label")
        SubElement(label, "name").text = check_text(one.name)
        if one.color:
            SubElement(label, "color").text = one.color
        SubElement(label, "type").text = "any"
        SubElement(label, "attributes")
    return root, task


def _images_document(images: Sequence[AnnotatedImage], classes: Iterable[FileClass]) -> "Element":
    from xml.etree.ElementTree import SubElement

    root, _ = _document("napari-strata", "annotation", len(images), classes)
    for number, image in enumerate(images):
        element = SubElement(root, "image", id=str(number), name=check_text(image.name))
        if image.size is not None:
            element.set("width", str(image.size[1]))
            element.set("height", str(image.size[0]))
        groups = _groups(image.annotations)
        for one in image.annotations:
            first = {"label": check_text(one.label), "source": check_text(one.source or "manual")}
            _add_shape(element, one, image.size, first, _group(groups, one))
    return root


def _video_document(name: str, frames: Sequence[AnnotatedImage], classes: Iterable[FileClass]) -> "Element":
    from xml.etree.ElementTree import SubElement

    last = max(one.frame for one in frames)
    root, task = _document(name, "interpolation", last + 1, classes)
    SubElement(task, "source").text = name
    if frames[0].size is not None:
        size = SubElement(task, "original_size")
        SubElement(size, "width").text = str(frames[0].size[1])
        SubElement(size, "height").text = str(frames[0].size[0])
    groups = _groups(one for image in frames for one in image.annotations)
    for number, track in enumerate(_tracks(frames)):
        _add_track(root, number, track, last, groups)
    return root


def _tracks(frames: Sequence[AnnotatedImage]) -> Iterator[list[tuple[AnnotatedImage, Annotation]]]:
    """Yield what belongs together over the frames: what has the same track id and class; else each by itself.

    CVAT knows no tracks of masks.
    """
    tracks: dict[tuple[str, str], dict[int, tuple[AnnotatedImage, Annotation]]] = {}
    for image in sorted(frames, key=lambda one: one.frame):
        for one in image.annotations:
            track = tracks.setdefault((one.attributes.get(TRACK, ""), one.label), {})
            if TRACK in one.attributes and image.frame not in track and _element_name(one.shape) != "mask":
                track[image.frame] = image, one
            else:
                yield [(image, one)]
    yield from (list(track.values()) for track in tracks.values() if track)


def _add_track(
    root: "Element", number: int, track: list[tuple[AnnotatedImage, Annotation]], last: int, groups: dict[int, int]
) -> None:
    from xml.etree.ElementTree import SubElement

    _, one = track[0]
    source = check_text(one.source or "manual")
    element = SubElement(root, "track", id=str(number), label=check_text(one.label), source=source)
    element.attrib.update(_group(groups, one))
    stated = {image.frame for image, _ in track}
    for image, one in track:
        _add_shape(element, one, image.size, {"frame": str(image.frame), "outside": "0", "keyframe": "1"}, {})
        if image.frame + 1 not in stated and image.frame < last:
            end = {"frame": str(image.frame + 1), "outside": "1", "keyframe": "1"}
            _add_shape(element, one, image.size, end, {})
    if not len(element):
        root.remove(element)


def _add_shape(
    parent: "Element", one: Annotation, size: tuple[int, int] | None, first: dict[str, str], group: dict[str, str]
) -> None:
    from xml.etree.ElementTree import SubElement

    stated = _stated(one.shape, size)
    if stated is None:
        return
    occluded = {"occluded": str(int(one.occluded))}
    rest = {"z_order": str(one.z_order)} | group
    element = SubElement(parent, _element_name(one.shape), first | occluded | stated | rest)
    for name, value in one.attributes.items():
        if name != TRACK:
            SubElement(element, "attribute", name=check_text(name)).text = check_text(value)


def _element_name(shape: Shape) -> str:
    match shape:
        case Polygon(rings=(_,), holes=()):
            return "polygon"
        case Box() | Ellipse() | Polyline() | Points():
            return type(shape).__name__.lower()
        case _:
            return "mask"


def _stated(shape: Shape, size: tuple[int, int] | None) -> dict[str, str] | None:
    """Return a shape as the attributes of its element; None where a mask has no pixel within the image."""
    match shape:
        case Polygon(rings=(vertices,), holes=()) | Polyline(vertices=vertices) | Points(vertices=vertices):
            return {"points": ";".join(f"{x!r},{y!r}" for x, y in to_corner(vertices).tolist())}
        case Box(top=top, left=left, bottom=bottom, right=right, angle=angle):
            return _numbers(xtl=left + CORNER, ytl=top + CORNER, xbr=right + CORNER, ybr=bottom + CORNER) | _turn(
                angle
            )
        case Ellipse(y=y, x=x, angle=angle):
            return _numbers(cx=x + CORNER, cy=y + CORNER, rx=shape.radius_x, ry=shape.radius_y) | _turn(angle)
    mask = pixels_of(shape, size)
    if mask is None:
        return None
    height, width = mask.pixels.shape
    runs = ", ".join(str(run) for run in fold_rows(mask.pixels))
    return {"rle": runs} | {
        "left": str(mask.left),
        "top": str(mask.top),
        "width": str(width),
        "height": str(height),
    }


def _numbers(**values: float) -> dict[str, str]:
    return {name: repr(float(value)) for name, value in values.items()}


def _turn(angle: float) -> dict[str, str]:
    return _numbers(rotation=angle % 360) if angle else {}


def _groups(annotations: Iterable[Annotation]) -> dict[int, int]:
    """Return the group of each object; 0 is none to CVAT."""
    own = {one.instance for one in annotations if one.instance is not None}
    shift = max(0, 1 - min(own)) if own else 0
    return {instance: instance + shift for instance in own}


def _group(groups: dict[int, int], one: Annotation) -> dict[str, str]:
    return {} if one.instance is None else {"group_id": str(groups[one.instance])}
