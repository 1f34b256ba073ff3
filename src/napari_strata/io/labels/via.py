"""VGG Image Annotator 2.x: a JSON project, its annotations as JSON, or as CSV, of many images.

robots.ox.ac.uk/~vgg/software/via; its canvas counts (x, y) from the corner of the first pixel. ``theta`` of
ellipses is in radians, clockwise as images are shown. Classes are one of the region attributes that users
define: the one named class, label, type, name, category or species, else the only one. VIA states no size of
images; what is written here keeps it among the file attributes. An attribute named instance joins
regions to one object.

Written is a project, a table by `via_csv`. Own code: VIA is a web page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_strata.errors import LabelsError
from napari_strata.io.folders import files_in
from napari_strata.io.labels import guard
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, FileClass, classes_of
from napari_strata.io.labels.class_names import ONE_CLASS, find_class_key
from napari_strata.io.labels.label_format import ImageSizes, LabelFormat
from napari_strata.io.labels.passed_over import PassedOver
from napari_strata.io.labels.via_shapes import read_shape
from napari_strata.io.labels.via_writer import INSTANCE, write_project

_SUFFIXES = frozenset((".json", ".csv"))


@dataclass(frozen=True, slots=True)
class _Region:
    shape: Mapping[str, Any]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Picture:
    name: str
    size: tuple[int, int] | None
    regions: list[_Region]


def _recognises(path: Path) -> bool:
    if path.is_dir():
        return any(_recognises(file) for file in files_in(path, *_SUFFIXES))
    suffix, head = path.suffix.lower(), guard.read_head(path)
    if suffix == ".csv":
        return b"region_shape_attributes" in head.split(b"\n")[0]
    if suffix != ".json":
        return False
    return b'"_via_' in head or (b'"filename"' in head and b'"regions"' in head)


def _read(path: Path, sizes: ImageSizes) -> AnnotationSet:
    """Read a file of any of the three kinds, or all of a folder; `sizes` are not needed."""
    if not path.is_dir():
        return _read_file(path)
    read = [_read_file(file) for file in files_in(path, *_SUFFIXES) if _recognises(file)]
    if not read:
        guard.refuse(path, "it holds no file of VIA", "Name the file that VIA saved.")
    images = tuple(image for one in read for image in one.images)
    classes = classes_of(images, [found for one in read for found in one.classes])
    return AnnotationSet(classes, images, FORMAT.name, tuple(told for one in read for told in one.warnings))


def _read_file(path: Path) -> AnnotationSet:
    declared: Mapping[str, Any] = {}
    if path.suffix.lower() == ".csv":
        pictures = _table_pictures(path)
    else:
        document = guard.check_mapping(guard.read_json(path), path, where="the file")
        attributes = document.get("_via_attributes")
        stated = attributes.get("region") if isinstance(attributes, dict) else None
        declared = stated if isinstance(stated, dict) else {}
        pictures = _json_pictures(document.get("_via_img_metadata", document), path)
    return _annotation_set(pictures, declared, path)


def _annotation_set(pictures: list[_Picture], declared: Mapping[str, Any], path: Path) -> AnnotationSet:
    used = dict.fromkeys(key for picture in pictures for one in picture.regions for key in one.attributes)
    used.pop(INSTANCE, None)
    key = find_class_key(used) if used else find_class_key(declared)
    passed_over = PassedOver()
    images = tuple(_image(picture, key, path, passed_over) for picture in pictures)
    warnings = list(passed_over.warnings)
    if used and key is None:
        names = ", ".join(list(used)[:6])
        warnings.append(f"None of the attributes {names} is named class: all is of the class {ONE_CLASS}.")
    stated = declared.get(key) if key is not None else None
    options = stated.get("options") if isinstance(stated, dict) else None
    classes = [FileClass(name) for name in options if name.strip()] if isinstance(options, dict) else []
    return AnnotationSet(classes_of(images, classes), images, FORMAT.name, tuple(warnings))


def _json_pictures(metadata: Any, path: Path) -> list[_Picture]:
    pictures = []
    for key, entry in guard.check_mapping(metadata, path, where="the list of images").items():
        where = f"image {key[:60]!r}"
        entry = guard.check_mapping(entry, path, where=where)
        name = guard.check_name(entry.get("filename"), path, where=f"the name of {where}")
        regions = entry.get("regions", [])
        if isinstance(regions, dict):  # VIA 1
            regions = list(regions.values())
        pictures.append(
            _Picture(
                name,
                _stated_size(entry.get("file_attributes"), path, name),
                [
                    _region(guard.check_mapping(one, path, where=f"a region of {name}"), path, name)
                    for one in guard.check_list(regions, path, where=f"the regions of {name}")
                ],
            )
        )
    return pictures


def _region(entry: Mapping[str, Any], path: Path, name: str) -> _Region:
    shape = guard.check_mapping(entry.get("shape_attributes"), path, where=f"a shape on {name}")
    attributes = entry.get("region_attributes") or {}
    return _Region(shape, guard.check_mapping(attributes, path, where=f"the attributes of a region of {name}"))


def _table_pictures(path: Path) -> list[_Picture]:
    header, *rows = guard.read_rows(path)
    columns = {name.strip().lstrip("#"): place for place, name in enumerate(header)}
    missing = {"filename", "region_shape_attributes", "region_attributes"} - columns.keys()
    if missing:
        guard.refuse(path, f"it has no column {', '.join(sorted(missing))}", "Export it again.")
    pictures: dict[str, _Picture] = {}
    for number, row in enumerate(rows):
        name = guard.check_name(row[columns["filename"]], path, where=f"the image of row {number + 2}")
        attributes = row[columns["file_attributes"]] if "file_attributes" in columns else ""
        if name not in pictures:
            pictures[name] = _Picture(name, _stated_size(_json_field(attributes, path), path, name), [])
        said = [_json_field(row[columns[f"region_{part}attributes"]], path) for part in ("shape_", "")]
        if said[0]:
            entry = {"shape_attributes": said[0], "region_attributes": said[1]}
            pictures[name].regions.append(_region(entry, path, name))
    return list(pictures.values())


def _json_field(text: str, path: Path) -> Any:
    return guard.parse_json(text, path) if text.strip() else {}


def _stated_size(attributes: Any, path: Path, name: str) -> tuple[int, int] | None:
    if not isinstance(attributes, dict) or not {"height", "width"} <= attributes.keys():
        return None
    try:
        return guard.check_size(attributes["height"], attributes["width"], path, where=name)
    except LabelsError:  # users name attributes as they like
        return None


def _image(picture: _Picture, key: str | None, path: Path, passed_over: PassedOver) -> AnnotatedImage:
    annotations = []
    for place, region in enumerate(picture.regions):
        shape = read_shape(region.shape, path, where=f"region {place + 1} of {picture.name}")
        if shape is None:
            passed_over.add(
                f"regions of the kind {str(region.shape.get('name'))[:30]} without an area", picture.name
            )
            continue
        attributes = dict(region.attributes)
        label = _said(attributes.pop(key, "")) if key is not None else ""
        instance = attributes.pop(INSTANCE, None)
        number = int(instance) if isinstance(instance, str | int) and _is_number(str(instance)) else None
        rest = {str(name): _said(value) for name, value in attributes.items()}
        annotations.append(Annotation(shape, label or ONE_CLASS, instance=number, attributes=rest))
    return AnnotatedImage(picture.name, picture.size, tuple(annotations))


def _said(value: Any) -> str:
    """Return the value of an attribute: text, or what is ticked of a checkbox."""
    if isinstance(value, dict):
        return "+".join(str(name) for name, ticked in value.items() if ticked is True)
    return "" if value is None or isinstance(value, list) else str(value).strip()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


FORMAT = LabelFormat("via", "VGG Image Annotator", _recognises, _read, write_project)
