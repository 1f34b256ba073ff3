from pathlib import Path

import numpy as np
import pytest

from benchmarks.uncertainties import PIXEL, SIDE, fourier, make_image, measure


def test_an_image_holds_the_counts_of_its_atoms():
    counts, [atoms], [vectors] = make_image("square", 0.0, 0.0, 0)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([2.8, 2.8])
    a_cell = 60 * 2 * np.pi * 0.45**2 / 2.8**2 + 12  # a peak's counts by the area of its cell, and the background
    assert counts.mean() == pytest.approx(a_cell, rel=0.01)
    steps = (atoms - atoms[0]) @ np.linalg.inv(vectors)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)


def test_two_layers_of_graphene_are_turned_by_the_twist():
    _, layers, (first, second) = make_image("twisted graphene", 0.03, 13.0, 1)
    cosine = first[0] @ second[0] / 2.46**2
    assert np.rad2deg(np.arccos(cosine)) == pytest.approx(13)
    inside = [((one > 0) & (one < SIDE * PIXEL)).all(axis=1).sum() for one in layers]
    assert inside == pytest.approx([2 * (SIDE * PIXEL) ** 2 / (2.46**2 * 0.75**0.5)] * 2, rel=0.03)


def test_the_fourier_transform_has_a_figure_and_that_of_white_noise():
    ratio, count = fourier("square", 0.04, range(2))
    assert count.value == 2
    assert 0 < ratio.value < ratio.baseline["white noise"]


def test_without_a_model_positions_are_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("benchmarks.uncertainties.CRYSTALS", {})
    [skipped] = measure(tmp_path / "none")
    assert skipped.value == "there is no model; name it with --model"
