"""Matching as a job, with what it leaves."""

import numpy as np
import pytest

from napari_strata.config import SimulationConfig
from napari_strata.control import JobControl
from napari_strata.events import FinishReason, JobEnded
from napari_strata.jobs.match_image import Match, match_image
from napari_strata.simulate.scene import simulate_image
from napari_strata.types import ImageStack

CONFIG = SimulationConfig(dose=(80, 80))


@pytest.fixture(scope="module")
def stack() -> ImageStack:
    scene = simulate_image(CONFIG, size=256, pixel_size=0.15, rng=np.random.default_rng(1))
    return ImageStack(np.stack([scene.image, scene.image]), 0.15, "flake")


def run(stack: ImageStack, control: JobControl | None = None, **options: object) -> JobEnded:
    *_, ended = match_image(control or JobControl(), stack, SimulationConfig(), **options)
    assert isinstance(ended, JobEnded)
    return ended


def test_a_match_gives_settings_words_and_figures(stack, tmp_path):
    out = tmp_path / "new" / "simulation.yaml"
    ended = run(stack, out=out)
    assert ended.result is not None
    match = ended.result.value
    assert isinstance(match, Match)
    assert SimulationConfig.read(out) == match.simulation
    assert match.simulation.dose[0] < 80 < match.simulation.dose[1]
    assert ended.result.figures["found"] == list(match.words)
    assert ended.result.figures["pixel_size_A"] == pytest.approx(0.15, rel=0.05)
    assert ended.result.paths == {"simulation": str(out)}


def test_every_frame_is_told_before_it_is_looked_at(stack):
    told = [event.message for event in match_image(JobControl(), stack, CONFIG) if hasattr(event, "message")]
    assert told == ["Looking at frame 1 of 2", "Looking at frame 2 of 2"]


def test_a_stopped_match_leaves_nothing(stack, tmp_path):
    control = JobControl()
    job = match_image(control, stack, CONFIG, out=tmp_path / "a.yaml")
    for event in job:
        if hasattr(event, "message"):
            control.request_stop()
    assert event.reason is FinishReason.CANCELED and event.result is None
    assert not (tmp_path / "a.yaml").exists()


def test_a_file_that_cannot_be_written_is_named(stack, tmp_path):
    (tmp_path / "file").touch()
    ended = run(stack, out=tmp_path / "file" / "simulation.yaml")
    assert ended.reason is FinishReason.FAILED and "simulation.yaml cannot be written" in str(ended.error)


def test_an_image_without_the_crystal_fails_in_words():
    noise = np.random.default_rng(0).random((1, 128, 128))
    ended = run(ImageStack(noise, None, "noise"))
    assert ended.reason is FinishReason.FAILED and "No reflections of graphene" in str(ended.error)
