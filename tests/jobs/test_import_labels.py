import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_strata.annotation.drawn_labels import DrawingStyle
from napari_strata.annotation.tracing import LabelImage
from napari_strata.control import JobControl
from napari_strata.errors import OutputError
from napari_strata.events import FinishReason, JobEnded, Progress, Warned
from napari_strata.io.labels.label_files import find_label_files
from napari_strata.jobs.convert_labels import convert_labels
from napari_strata.jobs.export_labels import ExportRequest, export_labels, read_label_images
from napari_strata.jobs.import_labels import draw_import, import_labels
from napari_strata.jobs.job import Job
from napari_strata.jobs.plan_import import ImportRequest, plan_import

BOX = '<box label="grain" occluded="0" xtl="5" ytl="5" xbr="15" ybr="15" z_order="0"/>'
IMAGE = '<image id="{0}" name="{1}.png" width="24" height="20">{2}</image>'
CODES = np.array([[0, 1, 2], [0, 2, 2]], np.uint8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    images = IMAGE.format(0, "a", BOX) + IMAGE.format(1, "b", "")
    (tmp_path / "x.xml").write_text(f"<annotations><version>1.1</version>{images}</annotations>")
    return tmp_path / "x.xml"


def ending(job: Job) -> JobEnded:
    *_, ended = job
    assert isinstance(ended, JobEnded)
    return ended


def stopped(control: JobControl, job: Job, word: str) -> JobEnded:
    """Run a job that is asked to stop when it says that it does something."""
    for event in job:
        if isinstance(event, Progress) and event.message.startswith(word):
            control.request_stop()
    assert isinstance(event, JobEnded)
    return event


def test_a_plan_says_whether_the_import_is_ready_and_changes_nothing(file: Path, tmp_path: Path) -> None:
    ended = ending(plan_import(JobControl(), ImportRequest((file,))))
    assert ended.result is not None
    assert ended.result.figures["ready"] is True
    assert ended.result.figures["warnings"] == ["Nothing is drawn on b.png."]
    assert list(tmp_path.iterdir()) == [file]


def test_one_image_of_a_plan_is_drawn_for_a_preview(file: Path) -> None:
    planned = ending(plan_import(JobControl(), ImportRequest((file,)))).result
    assert planned is not None
    only = planned.value.matching.matches[0]
    drawn = ending(draw_import(JobControl(), planned.value, DrawingStyle(), only=only)).result
    assert drawn is not None
    (one,) = drawn.value
    assert (one.match, one.drawn.pixels["grain"]) == (only, 100)


@pytest.mark.parametrize("word", ["Reading", "Drawing a", "Drawing b"])
def test_an_import_that_is_stopped_leaves_nothing(file: Path, tmp_path: Path, word: str) -> None:
    control = JobControl()
    out = tmp_path / "out"
    ended = stopped(control, import_labels(control, ImportRequest((file,)), DrawingStyle(), out), word)
    assert ended.reason is FinishReason.CANCELED
    assert list(tmp_path.iterdir()) == [file]


def test_an_export_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    control = JobControl()
    request = ExportRequest("cvat", tmp_path / "out")
    ended = stopped(control, export_labels(control, [LabelImage("a", CODES)], 1, request), "Tracing")
    assert ended.reason is FinishReason.CANCELED
    assert list(tmp_path.iterdir()) == []


def test_a_conversion_that_is_stopped_leaves_nothing(file: Path, tmp_path: Path) -> None:
    control = JobControl()
    ended = stopped(control, convert_labels(control, ImportRequest((file,)), "coco", tmp_path / "out"), "Writing")
    assert ended.reason is FinishReason.CANCELED
    assert list(tmp_path.iterdir()) == [file]


def test_a_full_disk_is_told_and_leaves_nothing(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tifffile.imwrite", full)
    ended = ending(import_labels(JobControl(), ImportRequest((file,)), DrawingStyle(), tmp_path / "out"))
    assert isinstance(ended.error, OutputError)
    assert "No space left on device" in str(ended.error)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(("name", "words"), [("coco", ["2 pixels are not labelled"]), ("index-masks", [])])
def test_pixels_that_are_not_labelled_are_told_where_a_format_has_no_word_for_them(
    tmp_path: Path, name: str, words: list[str]
) -> None:
    events = export_labels(JobControl(), [LabelImage("a", CODES)], 1, ExportRequest(name, tmp_path / "out"))
    assert [event.message.partition(";")[0] for event in events if isinstance(event, Warned)] == words


@pytest.mark.parametrize("style", [DrawingStyle("instance", outside=0), DrawingStyle(outside=0, one_hot=True)])
def test_what_an_import_left_not_labelled_is_exported_as_such(
    file: Path, tmp_path: Path, style: DrawingStyle
) -> None:
    ending(import_labels(JobControl(), ImportRequest((file,)), style, tmp_path / "in"))
    labels = read_label_images(find_label_files((tmp_path / "in",)), None)
    ending(export_labels(JobControl(), labels, 2, ExportRequest("index-masks", tmp_path / "out")))
    masks = [np.asarray(Image.open(tmp_path / "out" / name)) for name in ("a.png", "b.png")]
    assert [np.unique(mask).tolist() for mask in masks] == [[1, 255], [255]]


def test_masks_converted_to_objects_bring_no_background_along(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(np.array([[0, 1, 255]], np.uint8)).save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "classes.json").write_text('{"background": 0, "cell": 1}')
    *events, ended = convert_labels(JobControl(), ImportRequest((tmp_path / "in",)), "coco", tmp_path / "out")
    assert isinstance(ended, JobEnded)
    assert ended.result is not None
    assert ended.result.figures["annotations"] == {"cell": 1}
    assert [event.message for event in events if isinstance(event, Warned)] == [
        "1 image has pixels that are not labelled; COCO JSON does not tell them from background."
    ]
    document = json.loads((tmp_path / "out" / "instances_default.json").read_text())
    assert [one["name"] for one in document["categories"]] == ["cell"]


def test_outlines_of_background_stay_in_a_conversion(file: Path, tmp_path: Path) -> None:
    request = ImportRequest((file,), meanings={"grain": "background"})
    ended = ending(convert_labels(JobControl(), request, "coco", tmp_path / "out"))
    assert ended.result is not None
    assert ended.result.figures["annotations"] == {"background": 1}


def test_an_image_called_classes_is_among_the_paths(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text(f"<annotations>{IMAGE.format(0, 'classes', BOX)}</annotations>")
    out = tmp_path / "out"
    ended = ending(import_labels(JobControl(), ImportRequest((tmp_path / "x.xml",)), DrawingStyle(), out))
    assert ended.result is not None
    names = {"classes.tif": "classes.tif", "classes": "classes.json"}
    assert ended.result.paths == {key: str(out / name) for key, name in names.items()}
