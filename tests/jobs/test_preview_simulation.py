"""One simulated image beside another."""

import numpy as np
import pytest

from napari_strata.config import SimulationConfig
from napari_strata.control import JobControl
from napari_strata.events import FinishReason, JobEnded
from napari_strata.jobs.preview_simulation import Preview, preview_simulation
from napari_strata.jobs.simulate import simulate


def preview(**options: object) -> Preview:
    settings = {"shape": (96, 128), "pixel_size": 0.15, "seed": 3} | options
    *_, ended = preview_simulation(JobControl(), SimulationConfig(), **settings)
    assert isinstance(ended, JobEnded) and ended.result is not None, ended.error
    found: Preview = ended.result.value
    return found


def test_an_image_has_the_field_of_view_that_was_asked_for():
    found = preview()
    assert found.image.shape == (96, 128) and found.labels.shape == (2, 96, 128)
    assert found.atoms["y_px"].max() < 95.5 and found.atoms["x_px"].max() < 127.5
    assert found.atoms["x_px"].max() > 100


def test_atoms_lie_in_their_masks():
    found = preview()
    for layer, part in found.atoms.groupby("layer"):
        codes = found.labels[layer][part["y_px"].round().astype(int), part["x_px"].round().astype(int)]
        assert (codes == 2).all()


def test_spectra_of_both_images_can_be_compared_point_by_point():
    other = np.random.default_rng(0).random((96, 128)).astype(np.float32)
    found = preview(beside=other)
    assert found.beside is not None and found.beside.shape == found.spectrum.shape
    assert preview().beside is None


def test_a_spectrum_is_symmetric_about_its_middle():
    spectrum = preview().spectrum
    assert spectrum == pytest.approx(spectrum[::-1, ::-1], abs=1e-3)


def test_the_image_is_the_first_that_is_written_with_the_same_seed(tmp_path):
    settings = {"size": 96, "pixel_size": 0.15, "seed": 5, "count": 1, "out": tmp_path}
    *_, ended = simulate(JobControl(), SimulationConfig(), **settings)
    assert ended.result is not None
    written = ended.result.value[0].image
    assert np.array_equal(preview(shape=(96, 96), seed=5).image, written)


def test_a_stopped_preview_leaves_nothing():
    control = JobControl()
    events = []
    for event in preview_simulation(control, SimulationConfig(), shape=(64, 64), pixel_size=0.2, seed=0):
        events.append(event)
        control.request_stop()
    event = events[-1]
    assert event.reason is FinishReason.CANCELED and event.result is None
