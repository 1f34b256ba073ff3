import numpy as np
import pytest
import torch

from bright_network import save_bright
from napari_strata.config import ExplainConfig
from napari_strata.config.what_if import WhatIfConfig
from napari_strata.data.grid import to_network_grid
from napari_strata.data.turns import TURNS
from napari_strata.explain import view as views
from napari_strata.explain.changes import cropped_score, what_if
from napari_strata.explain.changes.cropped_score import crop_score
from napari_strata.explain.changes.pixel_gradient import PixelGradient
from napari_strata.explain.changes.what_if import WhatIf
from napari_strata.explain.prepare import prepare
from napari_strata.explain.question import Question
from napari_strata.explain.targets import PixelTarget
from napari_strata.models.registry import load_network
from napari_strata.types import ImageStack

QUESTION = Question(PixelTarget(20, 33), 0, "C")


@pytest.fixture
def make_prepared(tmp_path, monkeypatch):
    """Prepare the question as seen in an orientation; return image, model and what was prepared."""

    def make(turn, pixel_size):
        monkeypatch.setattr(views, "_find_turn", lambda *_: (turn, (0,)))
        data = np.random.default_rng(1).poisson(40, (1, 45, 50)).astype(np.float32)
        image = ImageStack(data, pixel_size, "noise")
        model = load_network(save_bright(tmp_path / "model", pixel_size=0.2), torch.device("cpu"))
        with torch.no_grad():
            for weight in model.network.parameters():
                weight.add_(0.2 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(3)))
        return image, model, prepare(model, image, QUESTION, ExplainConfig(), atoms=None)

    return make


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("pixel_size", [0.2, 0.26, 0.13])
def test_from_the_images_pixels_the_network_sees_the_same_window(make_prepared, turn, pixel_size):
    image, _, prepared = make_prepared(turn, pixel_size)
    gradient = PixelGradient(crop_score(prepared), prepared.view, image.data[0], pixel_size=pixel_size, target=0.2)
    part = torch.from_numpy(image.data[0].astype(float))[gradient.rows, gradient.columns]
    cropped, (rows, columns) = crop_score(prepared), prepared.view.window
    seen = prepared.view.inputs[0, 0][
        slice(*(end - rows.start for end in (cropped.window[0].start, cropped.window[0].stop))),
        slice(*(end - columns.start for end in (cropped.window[1].start, cropped.window[1].stop))),
    ]
    np.testing.assert_allclose(gradient.window(part)[0, 0], seen, atol=1e-4)
    with torch.no_grad():
        score = float(cropped.of(cropped.logits(seen[None, None])))
    assert score == pytest.approx(prepared.metadata["score"], rel=1e-5)


@pytest.mark.parametrize(("turn", "pixel_size"), [(1, 0.2), (3, 0.26), (2, 0.13)])
def test_the_slope_is_that_of_the_score(make_prepared, turn, pixel_size):
    """Along a direction; limits and scale are held, so clipped pixels are left alone."""
    image, _, prepared = make_prepared(turn, pixel_size)
    values = image.data[0].astype(float)
    cropped = crop_score(prepared)
    gradient = PixelGradient(cropped, prepared.view, values, pixel_size=pixel_size, target=0.2)
    inner = (values > np.percentile(values, 5)) & (values < np.percentile(values, 95))
    direction = np.random.default_rng(2).normal(size=values.shape) * inner

    def score(step):
        part = torch.from_numpy(values + step * direction)[gradient.rows, gradient.columns]
        with torch.no_grad():
            return float(cropped.of(cropped.logits(gradient.window(part))))

    measured = (score(0.02) - score(-0.02)) / 0.04
    assert (gradient.at(values) * direction).sum() == pytest.approx(measured, rel=0.02)
    assert all(weight.requires_grad for weight in prepared.score.network.parameters())


@pytest.mark.parametrize(("turn", "pixel_size"), [(0, 0.26), (1, 0.2), (3, 0.13)])
def test_masks_lie_where_the_whole_image_has_them(make_prepared, turn, pixel_size):
    """Those of a corner of the image are those of all of it, in any orientation."""
    image, model, prepared = make_prepared(turn, pixel_size)
    session = WhatIf(model, image, QUESTION, prepared)
    corner = np.zeros(session.shape, bool)
    corner[3, 4] = True
    changed = session.change(corner, WhatIfConfig(change="blur", blur=0.2))
    one = session.outcome(changed, corner, {})
    all_ = session.outcome(changed, np.ones(session.shape, bool), {})
    assert all_.masks.shape == session.shape
    assert (one.masks == all_.masks[one.window]).all()
    if turn == 1:
        grid = to_network_grid(changed, pixel_size, 0.2)
        flipped = torch.from_numpy(np.pad(grid, [(0, -s % 2) for s in grid.shape], mode="edge")[::-1].copy())
        with torch.no_grad():
            codes = model.network(flipped[None, None])[0, 0].argmax(dim=0).numpy()[::-1] + 1
        assert (all_.masks == codes[: session.shape[0], : session.shape[1]]).all()


def test_a_network_that_cannot_be_cropped_says_the_same(make_prepared, monkeypatch):
    image, model, prepared = make_prepared(3, 0.26)
    corner = np.zeros(image.data.shape[1:], bool)
    corner[15:22, 28:36] = True

    def ask():
        session = WhatIf(model, image, QUESTION, prepared)
        return session.outcome(session.change(corner, WhatIfConfig(shift_x=1, change="shift")), corner, {})

    cropped = ask()
    for module in (what_if, cropped_score):
        monkeypatch.setattr(module, "can_be_cropped", lambda _network: False)
    whole = ask()
    assert whole.after.score == pytest.approx(cropped.after.score, rel=1e-5)
    assert whole.after.probability == pytest.approx(cropped.after.probability, rel=1e-5)
    assert whole.before.score == cropped.before.score == prepared.metadata["score"] != whole.after.score
    assert (whole.masks == cropped.masks).all()
