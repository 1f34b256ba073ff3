"""A model says so when an image is outside what it has seen, and why."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_strata.config import ClassTable, ModelCard, ModelConfig, SimulationConfig
from napari_strata.config.training import SimulatedData
from napari_strata.inference.familiarity import MOST_LOOKS, doubts_about
from napari_strata.io.images import read_image
from napari_strata.simulate.scene import simulate_image
from napari_strata.training.patches.seen import seen_in
from napari_strata.training.patches.simulated import SimulatedSource
from napari_strata.types import ImageStack

GRID = 0.2


@pytest.fixture(scope="module")
def card() -> ModelCard:
    """The card of a model that learned from the default simulation."""
    source = SimulatedSource(SimulatedData(), patch_size=128, pixel_size=GRID, held_out=24, seed=0)
    return ModelCard(
        name="graphene",
        created="2026-01-01T00:00:00+00:00",
        model=ModelConfig(pixel_size=GRID),
        classes=ClassTable.from_names(("C",)),
        trained_on="simulated graphene",
        seen=seen_in(source),
        figures={},
        software={},
        weights_file="weights.safetensors",
        weights_sha256="0" * 64,
    )


def simulated(*, seed: int = 0, side: int = 256, **settings: object) -> ImageStack:
    scene = simulate_image(
        SimulationConfig(**settings), size=side, pixel_size=GRID, rng=np.random.default_rng([9, seed])
    )
    return ImageStack(scene.image[None], GRID, "image")


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_said_of_what_the_model_learned_from(card: ModelCard, seed: int):
    assert doubts_about(simulated(seed=seed), card) is None


def test_nothing_is_said_of_a_real_micrograph_of_that_crystal(card: ModelCard, real_image: Path):
    assert doubts_about(read_image(real_image).stack, card) is None


def test_a_wrong_pixel_size_shows_in_the_spacing(card: ModelCard):
    doubt = doubts_about(replace(simulated(side=400), pixel_size=0.12), card)
    assert doubt is not None
    assert doubt.startswith(
        "image is outside what the model graphene has seen, because its clearest spacing, the ring that"
        " stands out most of its Fourier transform, is 1."
    )
    assert "wrong pixel size" in doubt


def test_another_crystal_shows_in_the_contrast(card: ModelCard):
    doubt = doubts_about(simulated(material="SrTiO3-001", layers=1, dose=(100, 100)), card) or ""
    assert "its contrast differs" in doubt


def test_noise_alone_has_no_spacing_and_is_too_noisy(card: ModelCard):
    noise = np.random.default_rng(0).poisson(10.0, (1, 256, 256)).astype(np.float32)
    doubt = doubts_about(ImageStack(noise, GRID, "image"), card) or ""
    assert "hardly any spacing stands out" in doubt


def test_an_image_without_noise_is_smoother_than_any(card: ModelCard):
    assert "smoother" in (doubts_about(simulated(dose=(1e8, 1e8)), card) or "")


def test_pixels_that_are_too_coarse_are_told(card: ModelCard):
    doubt = doubts_about(replace(simulated(), pixel_size=0.3), card) or ""
    assert "its pixels of 0.3 Å are coarser than the model's of 0.2 Å" in doubt


def test_other_contrast_is_told(card: ModelCard):
    inverted = simulated(dose=(100, 100))
    inverted = replace(inverted, data=inverted.data.max() - inverted.data)
    assert "its contrast differs" in (doubts_about(inverted, card) or "")


def test_a_card_that_does_not_tell_doubts_only_pixels(card: ModelCard):
    noise = ImageStack(np.random.default_rng(0).poisson(10.0, (1, 64, 64)), GRID, "image")
    assert doubts_about(noise, card.model_copy(update={"seen": None})) is None


def test_an_image_too_small_for_a_spectrum_is_not_judged(card: ModelCard):
    noise = ImageStack(np.random.default_rng(0).poisson(10.0, (1, 24, 24)), GRID, "image")
    assert doubts_about(noise, card) is None


def test_an_image_of_one_value_has_no_spectrum_to_speak_of(card: ModelCard):
    doubt = doubts_about(ImageStack(np.full((1, 200, 200), 7.0, np.float32), GRID, "blank"), card)
    assert doubt == "blank is outside what the model graphene has seen, because all its pixels are alike."


def stack_with_noise(*, frames: int, at: set[int]) -> ImageStack:
    """Return frames of which some hold nothing but noise."""
    seen = simulated(side=128).data[0]
    noise = np.random.default_rng(0).poisson(10.0, seen.shape).astype(np.float32)
    return ImageStack(np.stack([noise if frame in at else seen for frame in range(frames)]), GRID, "stack")


def test_a_frame_behind_the_first_is_named(card: ModelCard):
    doubt = doubts_about(stack_with_noise(frames=4, at={2}), card) or ""
    assert doubt.startswith(
        "stack is outside what the model graphene has seen in frame 2, one of its 4 frames, because hardly any"
    )


def test_frames_are_counted_where_several_are_strange(card: ModelCard):
    assert "in 2 of its 4 frames, such as frame 1, because" in (
        doubts_about(stack_with_noise(frames=4, at={1, 3}), card) or ""
    )


def test_of_a_long_stack_a_sample_with_both_ends_is_looked_at_and_that_is_said(card: ModelCard):
    doubt = doubts_about(stack_with_noise(frames=MOST_LOOKS + 4, at={MOST_LOOKS + 3}), card) or ""
    assert f"in frame 19, one of the {MOST_LOOKS} of its 20 frames looked at" in doubt
