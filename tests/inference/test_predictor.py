import numpy as np
import pytest
import torch

from honeycomb import distances, footprints, honeycomb, inside
from napari_strata.atoms.locate import locate_atoms
from napari_strata.config import AtomsConfig, InferenceConfig, ModelConfig
from napari_strata.control import JobCanceled, JobControl
from napari_strata.data.turns import TURNS, turned
from napari_strata.errors import CalibrationError, DeviceError
from napari_strata.inference.predictor import Predictor
from napari_strata.models.registry import build_network
from napari_strata.types import ImageStack
from oracle import Oracle, encode


def predictor(network, *, pixel_size=None, tile_size=64, align_layers=True):
    return Predictor(
        network,
        ModelConfig(filters=(4, 8), pixel_size=pixel_size),
        classes=("C",),
        config=InferenceConfig(tile_size=tile_size, align_layers=align_layers, device="cpu"),
        device=torch.device("cpu"),
    )


def run(body):
    events = []
    while True:
        try:
            events.append(next(body))
        except StopIteration as stop:
            return events, stop.value


def stack(*frames, pixel_size=0.2, name="image"):
    return ImageStack(np.stack(frames), pixel_size, name)


def bilayer(extent, pixel_size, *, twist=28.9, shift=(0.0, 0.0)):
    """Return positions [Å] and disks (y, x) of two layers."""
    positions = [honeycomb(extent, angle=angle, jitter=0.04) + shift for angle in (5.0, 5.0 + twist)]
    return positions, [footprints(p, extent, pixel_size) for p in positions]


def shown(prediction, frame=0):
    return prediction.probabilities[frame, :, 1] > 0.5


def test_probabilities_lie_on_the_grid_of_the_image_and_sum_to_one():
    network = build_network(ModelConfig(filters=(4, 8)), 3)
    frames = np.random.default_rng(0).normal(size=(2, 47, 91)).astype(np.float32)
    prediction = run(
        predictor(network, pixel_size=0.2).predict(stack(*frames, pixel_size=0.1), control=JobControl())
    )[1]
    assert prediction.probabilities.shape == (2, 2, 4, 47, 91)
    assert prediction.probabilities.dtype == np.float32
    np.testing.assert_allclose(prediction.probabilities.sum(axis=2), 1, atol=1e-5)
    assert prediction.masks.shape == (2, 2, 47, 91)
    assert (prediction.pixel_size, prediction.name, prediction.classes) == (0.1, "image", ("C",))


def test_progress_rises_to_one_over_all_tiles_and_frames():
    network = build_network(ModelConfig(filters=(4, 8)), 1)
    frames = np.random.default_rng(0).normal(size=(2, 300, 80)).astype(np.float32)
    events, _ = run(predictor(network).predict(stack(*frames), control=JobControl()))
    fractions = [event.fraction for event in events]
    assert len(fractions) >= 4
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert events[-1].seconds_left == 0.0


def test_an_image_without_a_pixel_size_is_refused_by_a_network_that_has_one():
    network = build_network(ModelConfig(filters=(4, 8)), 1)
    image = stack(np.eye(32, dtype=np.float32), pixel_size=None)
    with pytest.raises(CalibrationError):
        run(predictor(network, pixel_size=0.2).predict(image, control=JobControl()))


def test_a_stop_is_heard_between_tiles():
    control = JobControl()
    control.begin()
    control.run()
    body = predictor(build_network(ModelConfig(filters=(4, 8)), 1)).predict(
        stack(np.random.default_rng(0).normal(size=(300, 80))), control=control
    )
    assert next(body).fraction < 1
    control.request_stop()
    with pytest.raises(JobCanceled):
        next(body)


def test_a_stop_keeps_the_frames_that_are_done():
    control = JobControl()
    control.begin()
    control.run()
    frames = np.random.default_rng(0).normal(size=(3, 300, 80)).astype(np.float32)
    network = build_network(ModelConfig(filters=(4, 8)), 1)
    body = predictor(network).predict(stack(*frames), control=control)
    while next(body).fraction <= 1 / 3:
        pass
    control.request_stop()
    whole = run(predictor(network).predict(stack(*frames), control=JobControl()))[1]
    np.testing.assert_array_equal(run(body)[1].probabilities, whole.probabilities[:1])


def test_the_mode_of_the_network_is_kept_and_its_statistics_are_untouched():
    network = build_network(ModelConfig(filters=(4, 8)), 1).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    run(predictor(network).predict(stack(np.eye(40, dtype=np.float32)), control=JobControl()))
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("side", "tile_size", "words"),
    [
        (8, 64, "a smaller tile size has no effect"),
        (200, 256, "a smaller tile size, which has an effect down to 128"),
    ],
)
def test_a_tile_that_does_not_fit_into_memory_is_explained(side, tile_size, words):
    class Greedy(Oracle):
        def forward(self, image):
            raise torch.OutOfMemoryError("no memory")

    image = np.arange(float(side**2)).reshape(side, side)
    with pytest.raises(DeviceError, match=f"{side} x {side}") as caught:
        run(predictor(Greedy(image), tile_size=tile_size).predict(stack(image), control=JobControl()))
    assert words in caught.value.remedy
    assert "cpu" in caught.value.remedy


def test_a_network_that_swaps_its_decoders_from_tile_to_tile_is_put_right():
    _, disks = bilayer(50.0, 0.2)
    image = encode(*disks)
    network = Oracle(image, swap_every=1)
    prediction = run(predictor(network, tile_size=64).predict(stack(image), control=JobControl()))[1]
    assert network.calls > 3
    truth = np.stack(disks) > 0.5
    assert (shown(prediction) == truth).all() or (shown(prediction)[::-1] == truth).all()


def test_decoders_stay_as_they_are_where_alignment_is_switched_off():
    _, disks = bilayer(50.0, 0.2)
    image = encode(*disks)
    body = predictor(Oracle(image, swap_every=1), align_layers=False)
    prediction = run(body.predict(stack(image), control=JobControl()))[1]
    truth = np.stack(disks) > 0.5
    assert 0.1 < (shown(prediction) != truth).mean() < 0.4


def test_a_network_that_swaps_its_decoders_from_frame_to_frame_is_put_right_despite_drift():
    _, before = bilayer(30.0, 0.2)
    _, after = bilayer(30.0, 0.2, shift=(0.5, 0.9))
    frames = [encode(*before), encode(*after)]
    network = Oracle(frames[0], swap_every=len(TURNS))
    prediction = run(predictor(network, tile_size=512).predict(stack(*frames), control=JobControl()))[1]
    assert network.calls == 2 * len(TURNS)
    for frame, disks in enumerate([before, after]):
        assert (shown(prediction, frame) == (np.stack(disks) > 0.5)).all()


def test_a_network_that_is_unsure_in_one_orientation_is_asked_in_another():
    class Undecided(Oracle):
        """Shows both layers in both decoders unless more atoms lie in the upper half."""

        def forward(self, image):
            logits = super().forward(image)
            half = image.shape[-2] // 2
            is_clear = image[..., :half, :].mean() > image[..., half:, :].mean()
            return logits if is_clear else logits.mean(dim=1, keepdim=True).expand_as(logits)

    _, disks = bilayer(30.0, 0.2)
    for layer in disks:
        layer[:75] = 0
    image = encode(*disks)
    network = Undecided(image)
    for turn, unclear in ((0, True), (1, False)):
        view = torch.from_numpy(turned(image, turn).copy())[None, None]
        assert ((network(view)[0, 0] == network(view)[0, 1]).all()).item() is unclear
    prediction = run(predictor(network, tile_size=512).predict(stack(image), control=JobControl()))[1]
    assert (shown(prediction) == (np.stack(disks) > 0.5)).all()


def test_a_network_that_swaps_its_decoders_across_a_line_is_put_right():
    _, disks = bilayer(60.0, 0.2)
    line = np.add(*np.mgrid[:300, :300]) > 340
    image = encode(*disks, swapped=line)
    prediction = run(predictor(Oracle(image), tile_size=128).predict(stack(image), control=JobControl()))[1]
    truth = np.stack(disks) > 0.5
    wrong = min((shown(prediction) != truth).mean(), (shown(prediction)[::-1] != truth).mean())
    assert wrong < 0.005
    assert (shown(prediction) != shown_raw(disks, line)).mean() > 0.1


def shown_raw(disks, line):
    return np.where(line, np.stack(disks[::-1]), np.stack(disks)) > 0.5


def test_swaps_inside_an_image_of_unknown_pixel_size_are_left_alone():
    _, disks = bilayer(60.0, 0.2)
    line = np.add(*np.mgrid[:300, :300]) > 340
    image = encode(*disks, swapped=line)
    body = predictor(Oracle(image), tile_size=512)
    prediction = run(body.predict(stack(image, pixel_size=None), control=JobControl()))[1]
    assert (shown(prediction) == shown_raw(disks, line)).all()


def test_a_bilayer_of_many_tiles_comes_out_in_one_piece():
    extent, pixel_size = 1024 * 0.2, 0.2
    positions, disks = bilayer(extent, pixel_size, twist=8.0)
    y, x = np.mgrid[:1024, :1024]
    image = encode(*disks, swapped=(x + 0.4 * y > 750))
    body = predictor(Oracle(image), tile_size=256)
    prediction = run(body.predict(stack(image), control=JobControl()))[1]
    truth = np.stack(disks) > 0.5
    agrees = [(shown(prediction)[list(order)] == truth).mean() for order in [(0, 1), (1, 0)]]
    assert max(agrees) > 0.998
    atoms = locate_atoms(prediction, AtomsConfig())
    for layer, crystal in enumerate(positions if agrees[0] > agrees[1] else positions[::-1]):
        found = atoms.loc[atoms["layer"] == layer, ["y_A", "x_A"]].to_numpy()
        expected = inside(crystal, extent, pixel_size)
        distance = distances(found, expected)
        assert len(found) == pytest.approx(len(expected), rel=0.01)
        assert (distance < 0.2).mean() > 0.99
        assert np.sqrt(np.mean(distance[distance < 0.2] ** 2)) < 0.05
