import numpy as np
import pytest

from napari_strata.config import ClassTable
from napari_strata.config.optimization import CorrectionsConfig
from napari_strata.config.training import SimulatedData
from napari_strata.data.grid import resample_labels
from napari_strata.errors import CalibrationError, ImageError, LabelsError
from napari_strata.requests import Correction
from napari_strata.training.patches.corrections import LearnedFrames
from napari_strata.training.patches.labelled import LabelledSource
from napari_strata.training.patches.mixed import KEPT, MixedSource
from napari_strata.training.patches.recent import RecentCorrections
from napari_strata.training.patches.simulated import SimulatedSource
from napari_strata.types import ImageStack

TABLE = ClassTable.from_names(("a", "b"))
EPOCH = 10
RECEPTIVE_FIELD = 5


def picture(frames: int = 1, side: int = 200) -> np.ndarray:
    return np.random.default_rng(0).random((frames, side, side)).astype(np.float32)


def half_painted(frames: int = 1, side: int = 200) -> np.ndarray:
    """Background in the first rows, class a in the next ones; nothing below row 20."""
    labels = np.zeros((frames, 1, side, side), np.uint8)
    labels[:, 0, :10], labels[:, 0, 10:20] = 1, 2
    return labels


def source(
    labels: np.ndarray, *, fraction: float = 0.0, scale: float = 1.0, **corrections: float
) -> LabelledSource:
    return LabelledSource(
        (ImageStack(picture(len(labels), labels.shape[-1]), 0.2 * scale, "cells"),),
        (labels,),
        table=TABLE,
        patch_size=32,
        pixel_size=0.2,
        receptive_field=RECEPTIVE_FIELD,
        validation_fraction=fraction,
        seed=0,
        recent=RecentCorrections(CorrectionsConfig(**corrections), EPOCH),
    )


def painted(code: int, y: int = 150, x: int = 100, size: int = 6, frame: int = 0, **more) -> Correction:
    return Correction(frame, 0, y, x, np.full((size, size), code, np.uint8), **more)


def shows(patch, code: int) -> bool:
    return bool((patch.labels == code).any())


def rate_of(source, code: int, step: int, items: int = 400) -> float:
    return np.mean([shows(source.patch(step, item), code) for item in range(items)])


def test_within_two_epochs_new_codes_are_in_the_batches_at_the_stated_rate():
    held = source(half_painted(), share=0.4, half_life=4)
    assert rate_of(held, 3, 99) == 0
    repainted = held.correct(painted(3), step=100)
    assert (repainted.y, repainted.x, repainted.codes.shape) == (150, 100, (6, 6))
    batches = [[held.patch(step, item) for item in range(8)] for step in range(100, 100 + 2 * EPOCH)]
    assert any(shows(patch, 3) for patch in batches[0])
    assert all(any(shows(patch, 3) for patch in batch) for batch in batches[:3])
    # one class of three: the other 60 % of the patches show it with a probability of 1/3
    assert rate_of(held, 3, 100) == pytest.approx(0.4 + 0.6 / 3, abs=0.06)


@pytest.mark.parametrize(("epochs", "left"), [(0, 0.4), (4, 0.2), (8, 0.1)])
def test_the_share_of_corrected_patches_is_halved_with_every_half_life(epochs, left):
    recent = RecentCorrections(CorrectionsConfig(share=0.4, half_life=4), EPOCH)
    learned = np.ones((1, 9, 9), np.uint8)
    recent.add(3, np.array([[4, 5]]), learned, 100)
    step = 100 + epochs * EPOCH
    assert recent.probability(step) == pytest.approx(left)
    drawn = [recent.draw(step, np.random.default_rng([step, i])) for i in range(2000)]
    assert np.mean([one is not None for one in drawn]) == pytest.approx(left, abs=0.03)
    assert recent.draw(99, np.random.default_rng(0)) is None


def test_of_two_corrections_the_older_is_drawn_less_and_together_they_take_no_more_than_the_share():
    recent = RecentCorrections(CorrectionsConfig(share=0.6, half_life=1), EPOCH)
    learned = np.ones((1, 9, 9), np.uint8)
    recent.add(0, np.array([[1, 1]]), learned, 0)
    recent.add(1, np.array([[2, 2]]), learned, 2 * EPOCH)
    drawn = [recent.draw(2 * EPOCH, np.random.default_rng(i)) for i in range(3000)]
    frames = [one[0] for one in drawn if one is not None]
    assert len(frames) / 3000 == pytest.approx(0.6, abs=0.03)
    assert np.mean(frames) == pytest.approx(1 / (1 + 1 / 4), abs=0.03)


def test_a_patch_depends_on_step_place_and_corrections_alone():
    first, second = source(half_painted()), source(half_painted())
    [first.patch(step, 0) for step in range(5)]
    for held in (first, second):
        held.correct(painted(3), step=5)
    for item in range(8):
        np.testing.assert_array_equal(first.patch(7, item).image, second.patch(7, item).image)


def test_erased_pixels_are_learned_no_more_and_not_centred_on():
    held = source(half_painted(), share=0.9)
    held.correct(painted(3), step=1)
    held.correct(painted(0), step=2)
    assert rate_of(held, 3, 2, items=100) == 0
    assert all((held.patch(2, item).labels > 0).any() for item in range(50))


def test_what_is_known_already_changes_nothing():
    held = source(half_painted())
    assert held.correct(painted(2, y=12, x=0), step=1) is None
    assert held.frames.recent.probability(1) == 0


def test_where_all_labels_are_erased_patches_go_on_without_labels():
    held = source(half_painted())
    held.correct(painted(0, y=0, x=0, size=200), step=1)
    assert not held.patch(1, 0).labels.any()


def test_the_labels_that_were_given_stay_as_they_are():
    labels = half_painted()
    source(labels).correct(painted(3), step=1)
    assert not labels[0, 0, 150:].any()


@pytest.mark.parametrize("scale", [0.4, 1.0, 1.7])
def test_strokes_are_resampled_as_the_whole_frame_would_be(scale):
    labels = half_painted()
    held = source(labels, scale=scale)
    rng = np.random.default_rng(1)
    for step in range(20):
        y, x = rng.integers(0, 180, 2)
        height, width = rng.integers(1, 20, 2)
        codes = rng.integers(0, 4, (height, width), dtype=np.uint8)
        held.correct(Correction(0, 0, int(y), int(x), codes), step)
        labels[0, 0, y : y + height, x : x + width] = codes
    frame = held.frames[0]
    np.testing.assert_array_equal(frame.codes, resample_labels(labels[0], frame.unpadded.shape))
    np.testing.assert_array_equal(frame.learned, frame.codes)
    for code in (1, 2, 3):
        listed = np.argwhere((frame.learned == code).any(axis=0))
        assert frame.census.number(code) == len(listed)
        assert frame.census.pixel(code, len(listed) // 2).tolist() == listed[len(listed) // 2].tolist()


def test_a_slice_that_was_not_labelled_is_learned_from_once_it_is_painted_on():
    labels = half_painted(2)[:1]
    held = source(labels)
    with pytest.raises(LabelsError, match="Slice 1 was painted on"):
        held.correct(painted(3, frame=1), step=1)
    held.correct(painted(3, frame=1, pixels=picture(2)[1], pixel_size=0.2), step=1)
    held.correct(painted(1, frame=1, y=20), step=2)
    assert rate_of(held, 3, 2) > 0.3
    assert held.frames[1].codes[0, 20, 100] == 1


def test_a_slice_that_cannot_be_used_is_refused_in_words():
    held = source(half_painted())
    with pytest.raises(ImageError, match="Slice 4 is constant"):
        held.correct(painted(3, frame=4, pixels=np.ones((200, 200)), pixel_size=0.2), step=1)
    with pytest.raises(CalibrationError):
        held.correct(painted(3, frame=4, pixels=picture()[0]), step=1)


@pytest.mark.parametrize(
    ("correction", "words"),
    [
        (painted(4), r"A class was painted \(code 4\) that this network does not know"),
        (Correction(0, 1, 0, 0, np.ones((2, 2), np.uint8)), "Crystal layer 1 was painted; the network has 1"),
        (painted(3, y=198), "lie outside the image of 200 x 200 px"),
    ],
)
def test_labels_that_do_not_fit_are_refused_in_words(correction, words):
    held = source(half_painted())
    with pytest.raises(LabelsError, match=words):
        held.correct(correction, step=1)
    assert rate_of(held, 3, 1, items=20) == 0


def counted(held: LabelledSource) -> int:
    return sum(int((batch.labels > 0).sum()) for batch in held.held_out())


def test_what_is_painted_on_a_held_out_slice_is_learned_and_nothing_near_it_is_validated_on():
    labels = np.ones((2, 1, 200, 200), np.uint8)
    labels[:, 0, :100] = 2
    held = source(labels, fraction=0.5)
    number = next(n for n in (0, 1) if held.frames[n].held_out.any())
    assert counted(held) == 200 * 200
    repainted = held.correct(painted(1, y=50, x=60, size=4, frame=number), step=1)
    assert repainted.changed_held_out
    assert counted(held) == 200 * 200 - (4 + 2 * RECEPTIVE_FIELD) ** 2
    frame = held.frames[number]
    assert frame.learned[0, 50:54, 60:64].tolist() == [[1] * 4] * 4
    assert frame.learned.astype(bool).sum() == 16
    far = np.argwhere(frame.held_out[0] > 0)
    distance = np.maximum(np.abs(far[:, 0] - 51.5), np.abs(far[:, 1] - 61.5)) - 1.5
    assert distance.min() == RECEPTIVE_FIELD + 1


def test_erasing_takes_pixels_out_of_validation_and_no_others():
    labels = np.ones((2, 1, 200, 200), np.uint8)
    labels[:, 0, :100] = 2
    held = source(labels, fraction=0.5)
    number = next(n for n in (0, 1) if held.frames[n].held_out.any())
    held.correct(painted(0, y=50, x=60, size=4, frame=number), step=1)
    assert counted(held) == 200 * 200 - 16


def mixed(**corrections: float) -> tuple[MixedSource, SimulatedSource]:
    crystals = SimulatedSource(SimulatedData(), patch_size=32, pixel_size=0.2, held_out=2, seed=5)
    recent = RecentCorrections(CorrectionsConfig(**corrections), EPOCH)
    frames = LearnedFrames(
        layers=2, classes=1, patch_size=32, pixel_size=0.2, receptive_field=RECEPTIVE_FIELD, recent=recent
    )
    return MixedSource(crystals, frames, seed=5), crystals


def test_simulated_crystals_are_mixed_with_what_is_painted_on_an_image():
    both, crystals = mixed(share=0.5, half_life=1)
    for item in range(2):
        np.testing.assert_array_equal(both.patch(0, item).image, crystals.patch(0, item).image)
    both.correct(painted(2, pixels=picture()[0], pixel_size=0.1), step=1)
    new, old = (
        np.mean([both.patch(step, i).labels[1].any() for i in range(0, 160, 2)]) for step in (1, 1 + 40 * EPOCH)
    )
    # patches of the image have no labels in layer 1, crystals have
    assert 1 - new == pytest.approx(0.5 + 0.5 * KEPT, abs=0.15)
    assert 1 - old == pytest.approx(KEPT, abs=0.1)
    assert len(both.held_out()) == len(crystals.held_out())
