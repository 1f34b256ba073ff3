"""A folder of HyperSpy is opened from the menu File > IO Utilities."""

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from microscope_files import STACK, hyperspy_axes, write_zspy
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.opening import zspy_folder
from napari_strata.widgets.opening.zspy_folder import open_zspy_folder


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def said(monkeypatch):
    said = []
    monkeypatch.setattr(zspy_folder, "show_error", said.append)
    return said


def choose(monkeypatch, folder):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))


def test_a_folder_becomes_a_calibrated_image(viewer, tmp_path, monkeypatch, said):
    choose(monkeypatch, write_zspy(tmp_path / "moire.zspy", {"HAADF": (STACK, hyperspy_axes(STACK.shape))}))
    open_zspy_folder(viewer)
    (layer,) = viewer.layers
    assert layer.name == "moire" and calibration_of(layer).value == pytest.approx(0.2)
    np.testing.assert_array_equal(np.asarray(layer.data), STACK)
    assert said == []


def test_any_other_folder_is_refused_in_words(viewer, tmp_path, monkeypatch, said):
    choose(monkeypatch, tmp_path)
    open_zspy_folder(viewer)
    assert not viewer.layers
    assert said == [f"{tmp_path.name} is no .zspy folder: its name does not end in .zspy."]


def test_a_dialog_that_is_closed_opens_nothing(viewer, monkeypatch, said):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    open_zspy_folder(viewer)
    assert not viewer.layers and said == []
