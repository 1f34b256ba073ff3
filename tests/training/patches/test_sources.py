import numpy as np
import pytest

from napari_strata.config import ClassTable
from napari_strata.config.training import SimulatedData
from napari_strata.errors import LabelsError
from napari_strata.training.patches.batches import Batch
from napari_strata.training.patches.inputs import TrainInputs, check_inputs
from napari_strata.training.patches.labelled import LabelledSource
from napari_strata.training.patches.simulated import SimulatedSource
from napari_strata.types import ImageStack


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def drawn(source, size: int, step: int = 0) -> Batch:
    return Batch.of([source.patch(step, item) for item in range(size)])


def simulated() -> SimulatedSource:
    return SimulatedSource(SimulatedData(), patch_size=32, pixel_size=0.2, held_out=10, seed=5)


def test_simulated_patches_depend_on_step_and_place_alone_and_differ_within_a_batch():
    source = simulated()
    batches = [drawn(source, 4, step) for step in range(3)]
    assert np.array_equal(drawn(simulated(), 4, 2).images, batches[2].images)
    assert len({image.tobytes() for image in batches[0].images}) == 4


def test_every_other_place_of_a_batch_shows_an_earlier_crystal():
    source = simulated()
    seen = {image.tobytes() for step in range(2) for image in drawn(source, 4, step).images[::2]}
    assert [image.tobytes() in seen for image in drawn(source, 4, 2).images] == [False, True, False, True]


def test_held_out_crystals_are_always_the_same_and_never_trained_on():
    source = simulated()
    held_out = source.held_out()
    assert [len(b.images) for b in held_out] == [8, 2]
    assert source.held_out() is held_out
    trained = {np.sort(image.ravel())[:5].tobytes() for image in drawn(source, 8).images}
    kept = {np.sort(image.ravel())[:5].tobytes() for batch in held_out for image in batch.images}
    assert not trained & kept


def stack(frames: int, side: int = 64) -> ImageStack:
    return ImageStack(rng().random((frames, side, side)), None, "cells")


TABLE = ClassTable.from_names(("a", "b"))


def source(labels: np.ndarray, *, fraction: float = 0.0, patch_size: int = 32, margin: int = 0) -> LabelledSource:
    image = stack(len(labels), labels.shape[-1])
    return LabelledSource(
        (image,),
        (labels,),
        table=TABLE,
        patch_size=patch_size,
        pixel_size=None,
        receptive_field=5,
        validation_fraction=fraction,
        seed=0,
        margin=margin,
    )


def test_every_patch_holds_a_labelled_pixel():
    labels = np.zeros((3, 1, 64, 64), dtype=np.uint8)
    labels[1, 0, 60, 3] = 1
    labels[1, 0, 5, 50] = 2
    batch = drawn(source(labels), 32)
    assert (batch.labels > 0).reshape(32, -1).any(axis=1).all()


def test_a_rare_class_is_centred_on_as_often_as_a_common_one():
    labels = np.ones((1, 1, 64, 64), dtype=np.uint8)
    labels[0, 0, 60, 60] = 2
    batch = drawn(source(labels), 64)
    assert (batch.labels == 2).reshape(64, -1).any(axis=1).mean() > 0.4


def test_an_image_smaller_than_a_patch_is_padded_without_labels():
    labels = np.ones((1, 1, 20, 20), dtype=np.uint8)
    labels[0, 0, 0, 0] = 2
    batch = drawn(source(labels), 2)
    assert batch.images.shape == (2, 32, 32)
    assert [(sample > 0).sum() for sample in batch.labels] == [400, 400]


def test_slices_held_out_are_not_drawn():
    labels = np.ones((4, 1, 64, 64), dtype=np.uint8)
    labels[:, 0, :32] = 2
    held = source(labels, fraction=0.25)
    assert len(held.held_out()) == 1
    assert held.description == "4 labelled slices, 1 of them held out"


def test_every_crystal_layer_must_be_painted(tmp_path):
    labels = np.zeros((2, 2, 64, 64), np.uint8)
    labels[0, 0, 0, :2] = 1, 2
    labels[1, 0, 0, 0] = 1
    with pytest.raises(LabelsError, match="Nothing is painted in layer 1 of the masks of cells"):
        check_inputs(TrainInputs(tmp_path, (stack(2),), (labels,)), layers=2, table=TABLE)
    labels[:, 1, 5, :2] = 1, 3
    check_inputs(TrainInputs(tmp_path, (stack(2),), (labels,)), layers=2, table=TABLE)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros((2, 1, 64, 64), np.uint8), "Nothing is painted in the masks of"),
        (np.ones((2, 1, 64, 64), np.uint8), "Only background is painted"),
        (
            np.ones((2, 1, 32, 64), np.uint8),
            r"shape \(2, 1, 32, 64\), its image \(2, 1, 64, 64\)",
        ),
        (np.ones((2, 2, 64, 64), np.uint8), "have 2 layers, the model has 1.*unet for one"),
        (np.full((2, 1, 64, 64), 1.5), "holds float64 values"),
        (np.full((2, 1, 64, 64), 9), r"codes \[9\], which are not in its class table \(1 to 3\)"),
        (np.full((2, 1, 64, 64), -1), r"codes \[-1\]"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_in_words(labels, words, tmp_path):
    with pytest.raises(LabelsError, match=words):
        check_inputs(TrainInputs(tmp_path, (stack(2),), (labels,)), layers=1, table=TABLE)


def test_a_margin_shows_more_of_the_image_and_changes_nothing_in_the_middle():
    labels = np.ones((1, 1, 64, 64), dtype=np.uint8)
    labels[0, 0, 40:] = 2
    plain, wide = source(labels).patch(3, 1), source(labels, margin=10).patch(3, 1)
    assert wide.image.shape == (52, 52)
    assert np.array_equal(wide.image[10:-10, 10:-10], plain.image)
    assert np.array_equal(wide.labels[:, 10:-10, 10:-10], plain.labels)
    assert wide.place == plain.place


def test_a_patch_tells_where_it_was_cut_out():
    labels = np.zeros((3, 1, 64, 64), dtype=np.uint8)
    labels[1:, 0, 20:40, 20:40] = 1
    labels[1:, 0, 30, 30] = 2
    learned = source(labels)
    patch = learned.patch(0, 0)
    place = patch.place
    assert place.frame in (1, 2)
    frame = learned.frames[place.frame]
    assert np.array_equal(frame.image[place.y : place.y + 32, place.x : place.x + 32], patch.image)


def test_simulated_patches_are_drawn_with_a_margin_and_held_out_ones_without():
    wide = SimulatedSource(SimulatedData(), patch_size=32, pixel_size=0.2, held_out=1, seed=5, margin=4)
    assert wide.patch(0, 0).image.shape == (40, 40)
    assert wide.held_out()[0].images.shape == (1, 32, 32)
