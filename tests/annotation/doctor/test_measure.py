import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.annotation.doctor.blobs import blob_diameters, box_of
from napari_strata.annotation.doctor.measure import digest_of, measure_labels


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float32])
def test_codes_are_counted_in_every_type(dtype):
    labels = np.array([[0, 1, 1], [2, 2, 2]], dtype)
    assert measure_labels(labels, last_code=2).counts == {0: 1, 1: 2, 2: 3}


def test_negative_and_large_codes_are_counted_and_placed():
    labels = np.array([[-5, 1, 1], [2, 2, 90_000]])
    facts = measure_labels(labels, last_code=2)
    assert facts.counts == {-5: 1, 1: 2, 2: 2, 90_000: 1}
    assert facts.boxes == {-5: (0, 0, 1, 1), 90_000: (1, 2, 2, 3)}


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 10), st.integers(1, 10))
def test_the_box_of_a_rectangle_is_the_rectangle(top, left, height, width):
    mask = np.zeros((20, 20), bool)
    mask[top : top + height, left : left + width] = True
    assert box_of(mask) == (top, left, top + height, left + width)


def test_round_blobs_are_measured_and_strokes_and_cut_ones_are_not():
    y, x = np.mgrid[:40, :40]
    labels = np.where(np.hypot(y - 10, x - 10) <= 4, 2, 1)
    labels[30, 5:35] = 2
    labels[0:4, 30:34] = 3
    (diameter,) = blob_diameters(labels)
    assert diameter == pytest.approx(2 * np.sqrt(49 / np.pi))


def test_a_digest_tells_pixels_shape_and_type_apart():
    frame = np.arange(6, dtype=np.int16).reshape(2, 3)
    digests = {
        digest_of(frame),
        digest_of(frame.reshape(3, 2)),
        digest_of(frame.view(np.uint16)),
        digest_of(-frame),
    }
    assert len(digests) == 4
    assert digest_of(frame.copy()) == digest_of(frame) == digest_of(np.asfortranarray(frame))
