"""What an image tells about how it was made, against what it was simulated with."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_strata.config import SimulationConfig
from napari_strata.errors import ImageError, LatticeError
from napari_strata.io.images import read_image
from napari_strata.matching.estimates import ImageEstimates
from napari_strata.matching.match import chosen_frames, match_image
from napari_strata.matching.words import doubts
from napari_strata.simulate.scene import SimulatedImage, simulate_image
from napari_strata.types import ImageStack

STRAIGHT = {"affine": 0.0}


def simulated(seed: int = 0, size: int = 320, pixel_size: float = 0.12, **settings: object) -> SimulatedImage:
    config = SimulationConfig.parse({"scan": STRAIGHT, **settings})
    return simulate_image(config, size=size, pixel_size=pixel_size, rng=np.random.default_rng(seed))


def matched(image: np.ndarray, pixel_size: float | None = None, **settings: object) -> ImageEstimates:
    stack = image if image.ndim == 3 else image[None]
    return match_image(ImageStack(stack, pixel_size, "image"), SimulationConfig.parse(settings))


@pytest.mark.parametrize(
    ("material", "layers", "pixel_size", "sigma", "dose"),
    [
        ("graphene", 2, 0.10, 0.45, 60.0),
        ("graphene", 1, 0.20, 0.55, 8.0),
        ("graphene", 2, 0.25, 0.40, 20.0),
        ("hBN", 2, 0.15, 0.45, 40.0),
        ("MoS2", 1, 0.08, 0.60, 150.0),
        ("WSSe-alloy", 2, 0.20, 0.50, 30.0),
        ("SrTiO3-001", 1, 0.12, 0.50, 30.0),
        ("Si-110", 2, 0.15, 0.45, 100.0),
        ("Au-110", 1, 0.18, 0.60, 15.0),
    ],
)
def test_pixel_size_probe_and_dose_are_those_that_were_simulated(material, layers, pixel_size, sigma, dose):
    crystal = {"material": material, "layers": layers}
    scene = simulated(pixel_size=pixel_size, dose=(dose, dose), probe={"sigma": (sigma, sigma)}, **crystal)
    found = matched(scene.image, **crystal)
    assert found.layers_seen == layers
    assert found.pixel_size.value == pytest.approx(pixel_size, rel=0.02)
    assert found.probe_width is not None and found.probe_width.value == pytest.approx(sigma, rel=0.15)
    assert found.dose is not None and 1 / 1.5 < found.dose.value / dose < 1.5


def test_how_far_atoms_may_be_displaced_makes_the_probe_unsure():
    """A blurred width squared is sigma² + u²; half the distance of two ends of a range is their deviation."""
    image = simulated(layers=1, dose=(200, 200)).image
    known, unsure = (
        matched(image, layers=1, defects={"displacement": ends}).probe_width for ends in ((0.1, 0.1), (0.0, 0.2))
    )
    assert known is not None and unsure is not None and unsure.value == pytest.approx(known.value)
    blurred = np.hypot(known.value, 0.1)
    added = (blurred - np.sqrt(blurred**2 - 0.2**2)) / 2
    assert unsure.uncertainty == pytest.approx(np.hypot(known.uncertainty, added))


@pytest.mark.parametrize("even", [0.0, 1.0, 4.0])
def test_an_even_background_is_told_by_its_noise(even: float):
    scene = simulated(
        dose=(3000, 3000), detector={"background": (even, even)}, contamination={"background": (0, 0)}
    )
    found = matched(scene.image)
    assert found.even_background is not None and found.background is not None
    assert found.even_background.value == pytest.approx(even, abs=0.25 + 0.1 * even)
    assert found.background.value < 0.1


def test_a_smooth_background_is_told_by_how_it_varies():
    found = [
        matched(simulated(seed, dose=(200, 200), contamination={"background": (0.6, 0.6)}).image).background
        for seed in range(4)
    ]
    assert np.mean([one.value for one in found if one is not None]) == pytest.approx(0.6, rel=0.4)


def test_gain_and_offset_do_not_matter():
    image = simulated().image
    plain, changed = matched(image), matched(37.0 * image - 500)
    assert changed.is_gain_known
    for name in ("pixel_size", "probe_width", "dose", "background", "even_background"):
        assert getattr(changed, name).value == pytest.approx(getattr(plain, name).value, rel=1e-6, abs=1e-9)


def test_the_twist_is_that_between_the_layers_whatever_the_scan_does():
    scene = simulated(twist=(21.5, 21.5), scan={"affine": 0.04})
    found = matched(scene.image)
    assert found.twist is not None and found.twist.value == pytest.approx(21.5, abs=0.3)


NAMES = ("pixel_size", "twist", "probe_width", "dose", "background", "even_background")


@pytest.fixture(scope="module")
def deviations() -> dict[str, np.ndarray]:
    """Return (found - true) / uncertainty of several draws from the default ranges, by estimate."""
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for seed, (material, layers) in enumerate((("graphene", 2), ("MoSe2", 2), ("MoS2", 1), ("Si-110", 1)) * 2):
        crystal = {"material": material, "layers": layers}
        drawn = {"dose": (20, 200), "detector": {"background": (0, 1)}, "twist": (12, 48)}
        config = SimulationConfig.parse({**crystal, **drawn})
        scene = simulate_image(config, size=320, pixel_size=0.13, rng=np.random.default_rng(seed))
        estimates, p = matched(scene.image, **crystal), scene.parameters
        twist = abs(p["twist"][0]) if layers == 2 else 0.0
        true = (
            *(p["pixel_size"], min(twist, 60 - twist), p["probe"]["sigma"], p["dose"]),
            *(p["background"], p["detector"]["background"]),
        )
        for name, value in zip(NAMES, true, strict=True):
            if (one := getattr(estimates, name)) is not None:
                found[name].append((one.value - value) / one.uncertainty)
    return {name: np.array(values) for name, values in found.items()}


@pytest.mark.parametrize("name", NAMES)
def test_truth_lies_within_the_uncertainty_of_random_draws(deviations, name):
    assert len(deviations[name]) >= 4
    assert np.sqrt((deviations[name] ** 2).mean()) < 1.7


def test_layers_that_are_not_seen_make_the_even_background_unsure():
    image = simulated(layers=1, dose=(200, 200)).image
    alone, hidden = (matched(image, layers=layers).even_background for layers in (1, 2))
    assert alone is not None and hidden is not None and hidden.uncertainty > 1.5 * alone.uncertainty


@pytest.mark.parametrize(("top", "expected"), [(1.0, False), (0.6, True)])
def test_an_image_that_is_cut_off_is_known_as_such(top: float, expected: bool):
    image = simulated(dose=(60, 60)).image
    grey = np.clip(255 * image / (top * image.max()), 0, 255).astype(np.uint8)
    found = matched(grey)
    assert found.is_saturated == expected
    assert any("cut off" in text for text in doubts(found, SimulationConfig())) == expected


def test_a_dose_per_area_is_counted_per_area():
    scene = simulated(dose=(300, 300), dose_per="area")
    found = matched(scene.image, dose_per="area")
    assert found.dose is not None and found.dose.value == pytest.approx(300, rel=0.3)


def test_of_a_stack_frames_are_averaged_and_their_differences_make_it_unsure():
    frames = [simulated(seed, dose=(dose, dose)).image for seed, dose in enumerate((20, 80))]
    found = matched(np.stack(frames))
    assert found.dose is not None
    assert found.dose.value == pytest.approx(50, rel=0.3)
    assert found.dose.uncertainty > 20


def test_of_a_long_stack_five_frames_are_looked_at():
    assert chosen_frames(ImageStack(np.zeros((41, 64, 64)), None, "x")) == (0, 10, 20, 30, 40)
    assert chosen_frames(ImageStack(np.zeros((2, 64, 64)), None, "x")) == (0, 1)


def test_noise_shows_no_lattice():
    with pytest.raises(LatticeError, match="No reflections of graphene"):
        matched(np.random.default_rng(3).poisson(5.0, (256, 256)).astype(np.float32))


def test_a_small_image_is_refused():
    with pytest.raises(ImageError, match="63 x 200 px"):
        matched(np.zeros((63, 200), np.float32))


def test_a_layer_that_is_not_there_is_missed():
    scene = simulated(layers=1)
    found = matched(scene.image, layers=2)
    assert (found.layers_seen, found.twist) == (1, None)
    assert any("Only 1 of 2 layers" in text for text in doubts(found, SimulationConfig()))


def test_a_pixel_size_that_does_not_fit_the_crystal_is_doubted():
    found = matched(simulated().image, pixel_size=0.15)
    assert any("states 0.15 Å/px" in text and "20 % smaller" in text for text in doubts(found, SimulationConfig()))
    right = matched(simulated().image, pixel_size=0.12)
    assert not doubts(right, SimulationConfig())


def test_pixels_too_large_for_noise_alone_leave_the_dose_open():
    scene = simulated(size=512, pixel_size=0.45, material="MoS2", layers=1, probe={"sigma": (0.35, 0.35)})
    found = matched(scene.image, material="MoS2", layers=1)
    assert found.dose is None and found.background is None
    assert any("dose and background stay" in text for text in doubts(found, SimulationConfig()))


def test_one_ring_of_reflections_does_not_tell_the_probe():
    scene = simulated(dose=(60, 60), probe={"sigma": (0.85, 0.85)}, layers=1)
    found = matched(scene.image, layers=1)
    assert found.pixel_size.value == pytest.approx(0.12, rel=0.02)
    assert found.probe_width is None and found.background is None
    assert any("Too few reflections" in text for text in doubts(found, SimulationConfig()))


def test_a_probe_of_optics_has_a_width():
    scene = simulated(size=512, dose=(200, 200), probe={"preset": "60 kV corrected"})
    found = matched(scene.image)
    assert found.probe_width is not None and 0.4 < found.probe_width.value < 0.6
    assert found.dose is not None and found.dose.value == pytest.approx(200, rel=0.3)


def test_a_smoothed_image_is_known_as_such():
    found = matched(gaussian_filter(simulated(dose=(60, 60)).image, 0.8))
    assert found.is_smoothed
    assert any("smoothed" in text for text in doubts(found, SimulationConfig()))


def test_noise_that_does_not_grow_with_brightness_makes_the_dose_a_guess():
    scene = simulated(dose=(1e6, 1e6))
    noise = np.random.default_rng(0).normal(0, 0.1 * scene.image.std(), scene.image.shape)
    found = matched(scene.image + noise)
    assert not found.is_gain_known
    assert any("guess" in text for text in doubts(found, SimulationConfig()))


def test_of_the_real_image_the_pixel_size_is_found(real_image):
    stack = read_image(real_image).stack
    found = match_image(ImageStack(stack.data, None, stack.name), SimulationConfig())
    assert found.pixel_size.value == pytest.approx(0.1062, rel=0.02)
    assert found.twist is not None and found.twist.value == pytest.approx(28.9, abs=0.3)
    assert found.probe_width is not None and 0.35 < found.probe_width.value < 0.65
    assert found.is_gain_known and found.layers_seen == 2
