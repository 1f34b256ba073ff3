"""A comparison as JSON and its table as CSV."""

import csv
import json

from napari_strata.config import JudgeConfig
from napari_strata.jobs.compare_maps import ComparedMap
from napari_strata.jobs.comparison_report import describe_comparison, write_comparison


def curves(area):
    areas = {"area": area, "random": 0.75, "edges": 0.7, "curves": {"method": [1, 0]}}
    return {"parts": [0, 1], "deletion": areas, "insertion": {**areas, "area": 1 - area}}


def test_all_methods_scores_curves_settings_and_verdicts_are_written(tmp_path):
    rows = (
        ComparedMap("grad-cam", metadata={"class": "C"}, figures={"curves": curves(0.25)}),
        ComparedMap("lime", figures={"sensitivity": {"sensitivity": 0.5}}),
        ComparedMap("attention", failure="There is no gate, so no map."),
    )
    verdicts = {"grad-cam": {"finding": "depends", "verdict": "words"}}
    described = describe_comparison(rows, JudgeConfig(squares=7), verdicts, question="Why C?", is_complete=False)
    table = write_comparison(described, tmp_path / "new" / "it.json")
    saved = json.loads((tmp_path / "new" / "it.json").read_text())
    assert list(saved)[:2] == ["question", "is_complete"]
    assert saved["settings"]["squares"] == 7
    assert saved["methods"]["grad-cam"]["measures"]["curves"]["deletion"]["curves"]["method"] == [1, 0]
    assert saved["methods"]["grad-cam"]["explanation"] == {"class": "C"}
    assert saved["methods"]["grad-cam"]["verdict"]["verdict"] == "words"
    assert saved["methods"]["lime"]["scores"]["Sensitivity"] == 0.5
    with table.open(newline="", encoding="utf-8") as file:
        _head, *lines = csv.reader(file)
    assert lines == [
        ["Grad-CAM", "0.25", "0.75", "", "", "", "", "depends", ""],
        ["LIME", "", "", "", "0.5", "", "", "", ""],
        ["Attention gate", "", "", "", "", "", "", "", "There is no gate, so no map."],
        ["Edge detector", "0.7", "0.7", "", "", "", "", "", ""],
        ["Random order", "0.75", "0.75", "", "", "", "", "", ""],
    ]


def test_without_curves_there_is_nothing_to_beat(tmp_path):
    rows = (ComparedMap("grad-cam", figures={"curves": {"parts": [0], "deletion": None, "insertion": None}}),)
    described = describe_comparison(rows, JudgeConfig(), {})
    assert described["references"] == {}
    assert set(described["methods"]["grad-cam"]["scores"].values()) == {None}
