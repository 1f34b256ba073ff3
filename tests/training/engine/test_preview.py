import numpy as np
import pytest
import torch
from torch import nn

from napari_strata.data.grid import from_network_grid, to_network_grid
from napari_strata.errors import ImageError
from napari_strata.events import PreviewReady, Warned
from napari_strata.requests import Look
from napari_strata.training.engine import preview as module
from napari_strata.training.engine.preview import Preview
from napari_strata.types import ImageStack

CPU = torch.device("cpu")
FULL = torch.OutOfMemoryError("CUDA out of memory.")
PICTURE = np.random.default_rng(0).random((1, 220, 180)).astype(np.float32)


class Smooth(nn.Module):
    """Sees 3 pixels to each side."""

    def __init__(self) -> None:
        super().__init__()
        self.blur = nn.Conv2d(1, 2, 7, padding=3, padding_mode="replicate")
        self.sizes: list[tuple[int, int]] = []

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.sizes.append((image.shape[-2], image.shape[-1]))
        return self.blur(image)[:, None]


def network() -> Smooth:
    torch.manual_seed(0)
    return Smooth()


def made(pixel_size: float | None = None, interval: float = 4.0) -> Preview:
    grid = None if pixel_size is None else 0.2
    return Preview(ImageStack(PICTURE, pixel_size, "a"), pixel_size=grid, interval=interval, receptive_field=3)


@pytest.mark.parametrize("pixel_size", [None, 0.1, 0.2, 0.36])
def test_what_is_seen_is_predicted_as_in_the_whole_window_and_no_more_is_computed(pixel_size):
    look = Look(ImageStack(PICTURE, pixel_size, "a"), 5, (96, 64, 64, 32))
    preview, net = made(pixel_size), network()
    preview.look(look)
    found = preview.predict(net, CPU, 3)
    assert (found.key, found.epoch, found.probabilities.shape) == (5, 3, (1, 2, 64, 32))
    grid = to_network_grid(PICTURE[0], pixel_size, None if pixel_size is None else 0.2)
    assert np.prod(net.sizes[0]) < grid.size or pixel_size == 0.1  # where all is small
    with torch.inference_mode():
        whole = net(torch.from_numpy(grid)[None, None]).softmax(dim=2)[0].numpy()
    expected = from_network_grid(whole, PICTURE.shape[1:])[..., 96:160, 64:96]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)


def test_previews_take_at_most_a_tenth_of_the_training_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    preview, net = made(interval=0.1), network()
    net.register_forward_hook(lambda *_: now.__setitem__(0, now[0] + 0.5))
    start, shown = now[0], 0
    while now[0] - start < 100:
        now[0] += 0.1
        if preview.is_due(now[0] - start):
            preview.predict(net, CPU, 1)
            shown += 1
    assert shown == 20
    assert preview.share == pytest.approx(0.1, abs=0.002)


def test_a_preview_waits_for_its_interval_but_not_where_the_user_has_just_turned_to(monkeypatch):
    monkeypatch.setattr(module.time, "monotonic", lambda: 0.0)
    preview, net = made(interval=4.0), network()
    assert preview.is_due(0.0)
    preview.predict(net, CPU, 1)
    assert not preview.is_due(3.9)
    preview.look(Look(ImageStack(PICTURE[:, ::-1], None, "b"), 1))
    assert preview.is_due(3.9)
    preview.predict(net, CPU, 1)
    preview.interval = 1.0
    assert preview.is_due(4.95)


def test_nothing_is_predicted_while_nobody_looks(monkeypatch):
    monkeypatch.setattr(module.time, "monotonic", lambda: 0.0)
    preview = made()
    preview.look(Look(None, 1))
    assert not preview.is_due(1000.0)
    preview.look(Look(ImageStack(PICTURE, None, "a"), 2))
    assert preview.is_due(1001.0)


def test_the_next_network_of_an_ensemble_has_previews_too(monkeypatch):
    monkeypatch.setattr(module.time, "monotonic", lambda: 0.0)
    preview = made(interval=4.0)
    preview.is_due(100.0)
    preview.predict(network(), CPU, 1)
    assert not preview.is_due(1.0)
    assert preview.is_due(5.0)


def test_a_slice_that_cannot_be_used_is_refused_and_the_one_before_stays():
    preview = made()
    with pytest.raises(ImageError):
        preview.look(Look(ImageStack(np.full((1, 20, 20), np.nan), None, "a"), 9))
    assert preview.predict(network(), CPU, 1).key == 0


def test_where_memory_is_short_nothing_more_is_predicted_until_the_user_looks_elsewhere(monkeypatch):
    preview = made(interval=0)
    with monkeypatch.context() as patch:
        patch.setattr(Smooth, "forward", lambda *_args: (_ for _ in ()).throw(FULL))
        warned = preview.predict(network(), CPU, 1)
    assert isinstance(warned, Warned)
    assert "Zoom in" in warned.remedy
    assert not preview.is_due(1e6)
    preview.look(Look(ImageStack(PICTURE, None, "a"), 2, (0, 0, 20, 20)))
    assert preview.is_due(2e6)
    assert isinstance(preview.predict(network(), CPU, 1), PreviewReady)
