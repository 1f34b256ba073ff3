import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysed import bilayer, card, origin
from napari_strata.config import ReportConfig
from napari_strata.config.card import Seen
from napari_strata.control import JobControl
from napari_strata.errors import BundleError, TableError
from napari_strata.events import FinishReason, JobEnded, Warned
from napari_strata.io.calibration import CalibrationSource
from napari_strata.jobs.write_report import write_report
from napari_strata.numbers import uncertain

STACK, TABLE = bilayer()


def ended(out, stack=STACK, table=TABLE, **options) -> JobEnded:
    *_, last = write_report(JobControl(), stack, table, ReportConfig(columns="one"), out=out, **options)
    return last


@pytest.fixture
def model(tmp_path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "card.yaml").write_text(card().to_yaml(), encoding="utf-8")
    return folder


def test_text_figure_and_numbers_are_written(tmp_path, model):
    end = ended(tmp_path / "report", model=model, source=CalibrationSource.TYPED, origin=origin())
    assert end.reason is FinishReason.COMPLETED, end.error
    names = {"figure.pdf", "figure.png", "figure.svg", "methods.md", "methods.txt", "report.json"}
    assert {path.name for path in (tmp_path / "report").iterdir()} == names
    assert set(end.result.paths.values()) == {str(tmp_path / "report" / name) for name in names}
    text = (tmp_path / "report" / "methods.txt").read_text("utf-8")
    assert "as stated by the operator" in text
    assert "“my_net”" in text
    assert "This was done with Python" in text
    assert "Figure: moire. a, The image" in text


def test_atoms_that_the_image_does_not_show_are_warned_of(tmp_path):
    other, _ = bilayer(turns=(14.0, 49.0))
    body = write_report(JobControl(), other, TABLE, ReportConfig(), out=tmp_path)
    warned = next(event for event in body if isinstance(event, Warned))
    assert "neither brighter nor darker" in warned.message and "locate them in this one" in warned.remedy


def test_the_numbers_are_those_of_the_text(tmp_path):
    ended(tmp_path)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["atoms"] == len(TABLE)
    assert report["pixel_size_A"] == 0.2
    assert report["model"] is report["settings"] is None
    twist = report["lattices"]["twists"][0]
    assert twist["twist_deg"] == pytest.approx(28.9, abs=0.1)
    assert uncertain(twist["twist_deg"], twist["twist_deg_sigma"]) in report["methods"]
    assert any("Which model" in phrase for phrase in report["unknown"])


def test_a_model_that_knows_what_it_has_seen_judges_the_image(tmp_path, model):
    seen = Seen(window=64, spacing=(50, 60), order=(0.0, 0.1), noise=(0.8, 0.9), skewness=(5, 6))
    (model / "card.yaml").write_text(card(seen=seen).to_yaml(), encoding="utf-8")
    text = ended(tmp_path / "out", model=model).result.figures["methods"]
    assert "moire is outside what the model my_net has seen, because" in text


def test_without_a_lattice_there_is_still_a_report(tmp_path):
    end = ended(tmp_path, table=TABLE[:3])
    assert end.reason is FinishReason.COMPLETED, end.error
    assert end.result.figures["lattices"] is None


def test_a_stopped_report_writes_nothing(tmp_path):
    control = JobControl()
    events = write_report(control, STACK, TABLE, ReportConfig(), out=tmp_path / "report")
    reasons = [event.reason for event in events if isinstance(event, JobEnded) or control.request_stop()]
    assert reasons == [FinishReason.CANCELED]
    assert not list((tmp_path / "report").iterdir())


def test_parts_that_do_not_belong_together_fail_in_words(tmp_path):
    assert isinstance(ended(tmp_path, model=tmp_path / "none").error, BundleError)
    small = replace(STACK, data=np.zeros((1, 32, 32), np.float32))
    assert isinstance(ended(tmp_path, stack=small).error, TableError)
