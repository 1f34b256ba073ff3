"""No range is a dead option: what it changes is seen in the image, and in the truth where it moves atoms."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import KDTree

from napari_strata.config import SimulationConfig
from napari_strata.simulate.scene import SimulatedImage, simulate_image

PIXEL_SIZE = 0.2
QUIET: dict[str, Any] = {
    "twist": (9, 9),
    "dose": (1e5, 1e5),
    "stacking": {"layer_contrast": (1, 1)},
    "defects": {"displacement": (0, 0), "vacancies": (0, 0)},
    "probe": {"sigma": (0.4, 0.4), "tail_fraction": (0, 0)},
    "scan": {"affine": 0, "distortion": 0, "jitter": 0},
    "contamination": {"background": (0, 0)},
}
OPTICS = {"preset": "60 kV corrected"}


def merged(first: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    result = dict(first)
    for other in others:
        for name, value in other.items():
            result[name] = result.get(name, {}) | value if isinstance(value, dict) else value
    return result


def simulate(*changes: dict[str, Any], seed: int = 0, size: int = 160) -> SimulatedImage:
    config = SimulationConfig.parse(merged(QUIET, *changes))
    return simulate_image(config, size=size, pixel_size=PIXEL_SIZE, rng=np.random.default_rng(seed))


def moved(first: SimulatedImage, second: SimulatedImage, layer: int) -> np.ndarray:
    """Return how far the atoms of a layer inside the image are from the nearest one of another image [Å]."""
    here, there = (one.positions[layer] for one in (first, second))
    inside = (np.abs(here - 79.5) < 70).all(axis=1)
    return KDTree(there).query(here[inside])[0] * PIXEL_SIZE


LIGHT: dict[str, dict[str, Any]] = {
    "layer_contrast": {"stacking": {"layer_contrast": (0.2, 0.9)}},
    "z_exponent": {"material": "hBN", "crystal": {"z_exponent": (2.4, 2.4)}},
    "thickness": {"material": "MoS2", "crystal": {"thickness": 3}, "defects": {"vacancies": (0.3, 0.3)}},
    "sigma": {"probe": {"sigma": (0.6, 0.6)}},
    "tail_fraction": {"probe": {"tail_fraction": (0.4, 0.4)}},
    "tail_width": {"probe": {"tail_fraction": (0.4, 0.4), "tail_width": (1.2, 1.2)}},
    "voltage": {"probe": OPTICS | {"voltage": 200}},
    "aperture": {"probe": OPTICS | {"aperture": (24, 24)}},
    "defocus": {"probe": OPTICS | {"defocus": (90, 90)}},
    "cs": {"probe": OPTICS | {"cs": (0.02, 0.02)}},
    "focal_spread": {"probe": OPTICS | {"focal_spread": (150, 150)}},
    "source": {"probe": OPTICS | {"source": (0.7, 0.7)}},
    "atom_width": {"probe": OPTICS | {"atom_width": (0.4, 0.4)}},
    "jitter": {"scan": {"jitter": 0.1}},
    "background": {"contamination": {"background": (1, 1)}},
    "amorphous": {"contamination": {"amorphous": (20, 20)}},
    "coverage": {"contamination": {"amorphous": (20, 20), "coverage": (0.3, 0.3)}},
    "detector background": {"detector": {"background": (1, 1)}},
    "gain": {"detector": {"gain": (3, 3)}},
    "offset": {"detector": {"offset": (1e5, 1e5)}},
    "read_noise": {"detector": {"read_noise": (1e4, 1e4)}},
}
"""What changes how atoms shine, and leaves them where they are."""
BEFORE: dict[str, dict[str, Any]] = {
    "z_exponent": {"material": "hBN"},
    "thickness": {"material": "MoS2", "defects": {"vacancies": (0.3, 0.3)}},
    "tail_width": {"probe": {"tail_fraction": (0.4, 0.4)}},
    "coverage": {"contamination": {"amorphous": (20, 20), "coverage": (1, 1)}},
}
BEFORE |= {name: {"probe": OPTICS} for name in LIGHT if "preset" in LIGHT[name].get("probe", {})}
"""What to compare them with, where it is not the quiet image."""


@pytest.mark.parametrize("name", LIGHT)
def test_what_changes_the_light_is_seen_in_the_image(name: str):
    plain, changed = simulate(BEFORE.get(name, {})), simulate(LIGHT[name])
    assert np.abs(changed.image - plain.image).max() > 0.02 * plain.image.max()
    if name != "thickness":
        pd.testing.assert_frame_equal(changed.atoms, plain.atoms)


def test_a_higher_exponent_makes_the_light_column_dimmer():
    """Of hBN the brightness of boron to nitrogen is (5/7)^n."""
    for exponent in (1.5, 2.5):
        scene = simulate(
            {"material": "hBN", "layers": 1, "crystal": {"z_exponent": (exponent, exponent)}},
            {"probe": {"sigma": (0.15, 0.15)}},
        )
        heights = [_height(scene, code) for code in (2, 3)]
        assert heights[1] / heights[0] == pytest.approx((5 / 7) ** exponent, rel=0.02)


def _height(scene: SimulatedImage, code: int) -> float:
    """Return the median height of a species, made up for where its columns lie between pixels."""
    positions = scene.positions[0][scene.codes[0] == code]
    positions = positions[(np.abs(positions - 79.5) < 70).all(axis=1)]
    pixels = np.rint(positions).astype(int)
    off = ((positions - pixels) ** 2).sum(axis=1) * PIXEL_SIZE**2
    return float(np.median(scene.image[tuple(pixels.T)] / np.exp(-off / (2 * 0.15**2))))


def test_strain_stretches_the_truth_of_each_layer():
    plain = simulate({"layers": 1})
    strained = simulate(
        {"layers": 1, "stacking": {"strain": (0.05, 0.05)}}
    )  # both principal ones: in all directions
    bonds = [
        float(np.median(KDTree(one.positions[0]).query(one.positions[0], k=2)[0][:, 1]))
        for one in (plain, strained)
    ]
    assert bonds[1] / bonds[0] == pytest.approx(1.05, abs=1e-3)


def test_a_varying_strain_displaces_atoms_smoothly_and_layers_each_by_itself():
    stacking = {"strain_field": (0.01, 0.01), "strain_wavelength": (80, 80)}
    plain, changed = simulate(), simulate({"stacking": stacking})
    both = [moved(changed, plain, layer) for layer in (0, 1)]
    for distances in both:
        # 0.01 · 80 Å / 2 pi, times a root of 2 or so
        assert 0.03 < np.sqrt((distances**2).mean()) < 0.4
    assert not np.allclose(both[0][:100], both[1][:100], atol=0.01)


def test_relaxation_displaces_the_atoms_of_both_layers_by_the_amplitude_at_most():
    plain, relaxed = (
        simulate({"twist": (3, 3)}),
        simulate({"twist": (3, 3), "stacking": {"relaxation": (0.2, 0.2)}}),
    )
    for layer in (0, 1):
        distances = moved(relaxed, plain, layer)
        assert 0.1 < distances.max() <= 0.2 + 1e-6
        assert distances.min() < 0.05


def test_a_shift_moves_the_layers():
    first, second = simulate({"stacking": {"shift": (0, 0)}}), simulate({"stacking": {"shift": (0.3, 0.3)}})
    assert np.median(moved(second, first, 0)) > 0.3


def test_distortions_of_the_scan_move_all_layers_alike():
    plain = simulate({"twist": (0, 0), "stacking": {"shift": (0, 0)}})
    assert moved(plain, plain, 0).max() == 0
    for scan in ({"affine": 0.05}, {"distortion": 0.3}, {"drift": (0.05, 0.05)}):
        changed = simulate({"twist": (0, 0), "stacking": {"shift": (0, 0)}, "scan": scan})
        assert moved(changed, plain, 0).max() > 0.1
        assert np.allclose(changed.positions[0], changed.positions[1])


def test_atoms_are_displaced_by_the_amount_that_was_asked_for():
    changed = simulate({"defects": {"displacement": (0.05, 0.05)}})
    distances = moved(changed, simulate(), 0)
    assert np.sqrt((distances**2).mean() / 2) == pytest.approx(0.05, rel=0.1)


@pytest.mark.parametrize("pixel_size", [0.03, 0.5])
def test_at_either_end_of_pixel_sizes_image_and_truth_lie_on_each_other(pixel_size: float):
    material = {"material": "MoS2", "layers": 1, "dose": (1e9, 1e9)}
    config = SimulationConfig.parse(merged(QUIET, material))
    scene = simulate_image(
        config, size=round(24 / pixel_size), pixel_size=pixel_size, rng=np.random.default_rng(2)
    )
    half = len(scene.image) / 2 - 0.5
    metals = scene.positions[0][scene.codes[0] == 2]
    metals = metals[(np.abs(metals - half) < half - 2 / pixel_size).all(axis=1)]
    assert len(metals) == pytest.approx((20 / 3.16) ** 2 / np.sqrt(0.75), abs=8)
    reach = round(0.5 / pixel_size)
    steps = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    window = np.rint(metals).astype(int)[:, None] + steps
    brightest = window[np.arange(len(metals)), scene.image[window[..., 0], window[..., 1]].argmax(axis=1)]
    # of samples of a peak the highest is the one nearest to its middle; neighbours pull by 0.01 Å at most
    assert np.abs(brightest - metals).max() < 0.5 + 0.01 / pixel_size
