import numpy as np

from napari_strata.simulate.bubbles import simulate_bubbles


def make(seed=0, **settings):
    return simulate_bubbles(
        **{"frames": 3, "size": 96, "bubbles": 5, "rng": np.random.default_rng(seed)} | settings
    )


def test_frames_and_labels_fit_each_other():
    stack = make()
    assert stack.images.shape == stack.labels.shape == (3, 96, 96)
    assert set(np.unique(stack.labels)) == {1, 2}
    assert (stack.images == np.rint(stack.images)).all()
    assert stack.images.min() >= 0


def test_a_seed_gives_one_stack_and_another_seed_another():
    assert np.array_equal(make(1).images, make(1).images)
    assert not np.array_equal(make(1).images, make(2).images)


def test_bubbles_move_from_frame_to_frame_but_not_far():
    labels = make(frames=4).labels
    moved = (labels[1:] != labels[:-1]).mean(axis=(1, 2))
    assert (moved > 0).all()
    assert moved.max() < 0.1


def test_bubbles_have_bright_rims():
    stack = make(frames=8)
    inside = stack.labels == 2
    assert stack.images[inside].mean() > 1.05 * stack.images[~inside].mean()
