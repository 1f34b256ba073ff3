"""Files as other programs write them, which say more than what is written here, spoiled as those are."""

import csv
import io
import json

import numpy as np
import pytest
import tifffile
from hypothesis import given
from PIL import Image
from roifile import roiread

from napari_strata.io.labels.annotations import Annotation
from napari_strata.io.labels.formats import FORMATS
from tests.io.labels.fuzzing import FUZZED, reads_or_refuses, spoiled
from tests.io.labels.round_trips import SHAPES, set_of

TRACKS = """<annotations><version>1.1</version><meta><project><name>p</name><tasks><task><id>4</id>
<name>film</name><original_size><width>32</width><height>24</height></original_size><source>film.tif</source></task></tasks><labels>
<label><name>atom</name><color>#ff8000</color><type>any</type></label><label><name>1</name><parent>s</parent></label>
</labels></project></meta>
<image id="0" name="frame_000000" task_id="4" width="32" height="24"><tag label="good"/>
<mask label="atom" source="auto" occluded="1" rle="2, 3, 1" left="5" top="7" width="3" height="2" group_id="2"/>
</image>
<track id="0" label="atom" source="manual" task_id="4"><box frame="0" keyframe="1" outside="0" occluded="0" xtl="5"
ytl="5" xbr="15" ybr="15" z_order="0"><attribute name="a">b</attribute></box><box frame="5" keyframe="1"
outside="1" occluded="0" xtl="5" ytl="5" xbr="15" ybr="15" rotation="20.0"/></track></annotations>"""
CATEGORIES = [{"id": 1, "name": "atom", "color": [1, 2, 3]}, {"id": "b", "name": "grain", "color": "#ff0000"}]
INSTANCES = {
    "categories": CATEGORIES,
    "images": [{"id": "x", "file_name": "a.png", "height": 24, "width": 32}, {"id": 2, "file_name": "b.png"}],
    "annotations": [
        {"image_id": "x", "category_id": 1, "segmentation": {"size": [24, 32], "counts": [25, 2, 22, 2, 717]}},
        {
            "image_id": "x",
            "category_id": 1,
            "segmentation": {"size": [24, 32], "counts": "i02f00ge0"},
            "iscrowd": 1,
        },
        {"image_id": 2, "category_id": "b", "bbox": [1, 2, 3, 4], "score": 0.5, "attributes": {"occluded": True}},
        {"image_id": 2, "category_id": 9, "segmentation": [[1, 2, 3, 4, 5, 7], [1, 1, 2, 2]]},
    ],
}
ASKED = [
    {"name": "q", "radio_answer": {"name": "a"}},
    {"name": "r", "checklist_answers": [{"name": "b"}]},
    {"name": "instance", "text_answer": {"content": "3"}},
]
OBJECTS = [
    {"name": "atom", "point": {"x": 1, "y": 2}, "classifications": ASKED},
    {"name": "atom", "line": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]},
    {"name": "atom", "feature_id": "f", "mask": {"url": "https://a.b/c/1/mask"}},
    {"name": "atom", "composite_mask": {"url": "https://a.b/all.png?x=1", "color_rgb": [1, 2, 3]}},
    {"title": "atom", "bbox": {"top": 1, "left": 2, "height": 3, "width": 4}},
    {"title": "atom", "instanceURI": "https://a.b/f.png"},
]
ROW = {
    "data_row": {"id": "r", "external_id": "a.png"},
    "media_attributes": {"height": 24, "width": 32},
    "projects": {"p": {"labels": [{"annotations": {"objects": OBJECTS}}, {"annotations": {"frames": {}}}]}},
    "External ID": "a.png",
    "Label": {"objects": OBJECTS},
}
CHALLENGE = """<annotation><filename>a.jpg</filename><source><database>The VOC2007 Database</database></source>
<size><width>32</width><height>24</height><depth>3</depth></size><object><name>atom</name><pose>Left</pose><difficult>1
</difficult><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>15</xmax><ymax>15</ymax></bndbox><part><name>head</name></part>
<attributes><attribute><name>a</name><value>b</value></attribute></attributes></object><object><name>b</name></object>
</annotation>"""
REGIONS = (
    {"name": "rect", "x": 5, "y": 6, "width": 10, "height": 9},
    {"name": "ellipse", "cx": 20, "cy": 10, "rx": 8, "ry": 4, "theta": 0.5},
    {"name": "circle", "cx": 20, "cy": 10, "r": 4.5},
    {"name": "polygon", "all_points_x": [5, 15, 15], "all_points_y": [5, 5, 15]},
    {"name": "polyline", "all_points_x": [1, 3], "all_points_y": [2, 4]},
    {"name": "point", "cx": 7, "cy": 9},
)
SAID = {"class": "grain", "tags": {"dark": True, "old": False}, "instance": "3"}


def via_table():
    text = io.StringIO()
    table = csv.writer(text)
    names = "filename file_size file_attributes region_count region_id region_shape_attributes region_attributes"
    table.writerow(names.split())
    size = json.dumps({"height": "24", "width": "32"})
    for place, shape in enumerate(REGIONS):
        table.writerow(["a.jpg", 10, size, len(REGIONS), place, json.dumps(shape), json.dumps(SAID)])
    table.writerow(["b.jpg", 10, "{}", 0, 0, "{}", "{}"])
    return text.getvalue()


DIALECTS = {
    "VIA table": ("via", "via.csv", via_table()),
    "detection rows": ("yolo", "first.txt", "0 0.5 0.5 0.25 0.25\n1 0.2 0.3 0.1 0.2 0.9\n"),
    "tracks": ("cvat", "annotations.xml", TRACKS),
    "instances": ("coco", "instances.json", json.dumps(INSTANCES)),
    "rows": ("labelbox", "export.ndjson", json.dumps(ROW) + "\n" + json.dumps(ROW)),
    "list of rows": ("labelbox", "export.json", json.dumps([ROW])),
    "challenge": ("voc", "a.xml", CHALLENGE),
    "label map": ("voc", "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\natom:1,2,3::\n"),
}

COLOURS = np.zeros((24, 32, 3), np.uint8)
COLOURS[3:9, 4:8] = 1, 2, 3
VALUES = COLOURS[..., 0]
TABLES = {
    "classes.yaml": ("index-masks", "names: {0: background, 1: atom, 255: void}\n"),
    "classes.yml": ("index-masks", "classes: [{name: atom, id: 1, color: '#010203'}, {name: hole, value: 2}]\n"),
    "classes.json": ("rgb-masks", json.dumps({"atom": "#010203", "hole": [1, 1, 1]})),
    "label_colors.txt": ("rgb-masks", "0 0 0 background\n1 2 3 atom\n4, 5, 6, hole\n"),
    "labelmap.txt": ("rgb-masks", "background:0,0,0::\natom:1,2,3:head,foot:run\n"),
    "labels.txt": ("index-masks", "__ignore__\n_background_\natom\n"),
    "classes.txt": ("index-masks", "# names\natom\nhole\n"),
}
"""Files that say what the values or colours of masks mean."""
SELECTIONS = {"turned ellipse": SHAPES["turned ellipse"], "composite": SHAPES["polygon with a hole"]}
SELECTIONS |= {kind: SHAPES[kind] for kind in ("polygon", "box", "circle", "path", "points")}
"""What single files of ImageJ hold."""


@pytest.mark.parametrize(("name", "file_name", "text"), DIALECTS.values(), ids=DIALECTS.keys())
def test_a_spoiled_file_of_another_program_is_read_or_refused_with_a_reason(name, file_name, text, tmp_path):
    path = tmp_path / file_name
    for picture in ("all.png", "f.png", "SegmentationClass/a.png", "SegmentationObject/a.png"):
        (tmp_path / picture).parent.mkdir(exist_ok=True)
        Image.fromarray(COLOURS).save(tmp_path / picture)
    path.write_text(text)
    whole = tmp_path if path.suffix == ".txt" else path
    assert any(image.annotations for image in reads_or_refuses(FORMATS[name], whole).images)

    @FUZZED
    @given(spoiled(text.encode(), path.suffix))
    def spoil_and_read(data):
        path.write_bytes(data)
        reads_or_refuses(FORMATS[name], whole)

    spoil_and_read()


@pytest.mark.parametrize("table", TABLES)
def test_masks_beside_a_spoiled_table_of_their_classes_are_read_or_refused(table, tmp_path):
    name, text = TABLES[table]
    Image.fromarray(COLOURS if name == "rgb-masks" else VALUES).save(tmp_path / "first.png")
    path = tmp_path / table
    path.write_text(text)
    assert "atom" in {one.label for one in reads_or_refuses(FORMATS[name], tmp_path).images[0].annotations}

    @FUZZED
    @given(spoiled(text.encode(), path.suffix))
    def spoil_and_read(data):
        path.write_bytes(data)
        reads_or_refuses(FORMATS[name], tmp_path)

    spoil_and_read()


@pytest.mark.parametrize("kind", SELECTIONS)
def test_a_spoiled_selection_of_imagej_is_read_or_refused_with_a_reason(kind, tmp_path):
    path = tmp_path / "first.roi"
    found = roiread(FORMATS["imagej"].write(set_of(Annotation(SELECTIONS[kind], "grain")), tmp_path)[0])
    (found[0] if isinstance(found, list) else found).tofile(path)
    whole = path.read_bytes()
    assert reads_or_refuses(FORMATS["imagej"], path).images[0].annotations

    @FUZZED
    @given(spoiled(whole, path.suffix))
    def spoil_and_read(data):
        path.write_bytes(data)
        reads_or_refuses(FORMATS["imagej"], path)

    spoil_and_read()


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(("name", "picture"), [("index-masks", VALUES), ("rgb-masks", COLOURS)])
def test_a_spoiled_tiff_mask_is_read_or_refused_with_a_reason(name, picture, compression, tmp_path):
    path = tmp_path / "first.tif"
    photometric = "rgb" if picture.ndim == 3 else "minisblack"
    tifffile.imwrite(path, picture, photometric=photometric, compression=compression)
    whole = path.read_bytes()
    assert reads_or_refuses(FORMATS[name], path).images[0].annotations

    @FUZZED
    @given(spoiled(whole[:400], path.suffix))  # the header and the tags; pixels may be anything
    def spoil_and_read(data):
        path.write_bytes(data + whole[400:])
        reads_or_refuses(FORMATS[name], path)

    spoil_and_read()
