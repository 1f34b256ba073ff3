import time

import numpy as np
import pytest
from skimage.filters import threshold_otsu

from napari_strata.widgets.layers.calibration import METADATA, calibration_of
from napari_strata.widgets.opening import samples


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.mark.parametrize("make", [samples.twisted_bilayer_graphene, samples.ws2_bilayer, samples.particles])
def test_a_sample_is_quick_calibrated_and_always_the_same(viewer, make):
    start = time.process_time()
    ((data, settings, kind),) = make()
    assert time.process_time() - start < 5  # 0.6 to 1.2 s on an idle core
    layer = viewer.add_image(data, **settings)
    assert kind == "image"
    assert calibration_of(layer).value == pytest.approx(8 if data.ndim == 3 else 0.106)
    assert np.array_equal(make()[0][0], data)


@pytest.mark.parametrize("make", [samples.twisted_bilayer_graphene, samples.ws2_bilayer])
def test_the_truth_of_a_crystal_lies_in_its_metadata(make):
    ((data, settings, _),) = make()
    truth = settings["metadata"][METADATA]
    assert truth["truth_labels"].shape == (2, *data.shape)
    assert set(truth["truth_atoms"]["layer"]) == {0, 1}
    assert truth["parameters"]["pixel_size"] == settings["scale"][0]


def test_no_threshold_takes_the_particles_off_their_background():
    ((images, settings, _),) = samples.particles()
    truth = settings["metadata"][METADATA]["truth_labels"] == 2
    found = images > threshold_otsu(images)
    assert 0.1 < truth.mean() < 0.4
    assert (found & truth).sum() / (found | truth).sum() < 0.5
