"""What tests of explanations begin with: a score of one term, and the whole map of a method."""

import numpy as np
import torch

from napari_strata.config import ExplainConfig
from napari_strata.explain.baselines import make_references
from napari_strata.explain.catalogue import METHODS, load_method
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import Output, TargetScore, Term


def score_of(network, weights, decoder=0, index=1):
    """Return the score of one decoder's class in a target."""
    return TargetScore(network, [Term(Output(decoder, index), weights)])


def window_scene(method, image, part=None, **settings):
    """Return a scene with all that a method needs, made of a whole image (1, 1, y, x), or a window of it."""
    whole = image[0, 0].numpy()
    config, needs = ExplainConfig(method=method, **settings), METHODS[method].needs
    cut = (slice(None), slice(None)) if part is None else part
    numbers = torch.arange(image.shape[-1]) // 9 + 100 * (torch.arange(image.shape[-2]) // 9)[:, None]
    moved = make_references(whole, config.samples, seed=0)
    references = torch.from_numpy(np.stack(moved))[:, None]

    def draw_noise(number):
        return torch.randn(image.shape, generator=torch.Generator().manual_seed(number))[..., *cut]

    return Scene(
        image[..., *cut],
        config,
        None,
        range=float(np.ptp(whole)),
        draw_noise=draw_noise,
        origin=(cut[0].start or 0, cut[1].start or 0),
        whole=(image.shape[-2], image.shape[-1]),
        baseline=torch.full_like(image, 0.1)[..., *cut] if "baseline" in needs else None,
        superpixels=torch.unique(numbers[cut], return_inverse=True)[1] if "superpixels" in needs else None,
        references=references[..., *cut] if "references" in needs else None,
    )


def whole_map(method, score, scene):
    """Return the whole map of a method in a scene, shape (y, x)."""
    *_, last = load_method(method)(score, scene)
    return last.map


def scene_of(image, pixel_size=None, baseline=None, superpixels=None, references=None, **settings):
    """Return the scene of an image (1, 1, y, x)."""
    config = ExplainConfig(**settings)

    def draw_noise(number):
        return torch.randn(image.shape, generator=torch.Generator().manual_seed(number))

    extent = float(image.max() - image.min())
    return Scene(
        image,
        config,
        pixel_size,
        extent,
        draw_noise,
        baseline=baseline,
        superpixels=superpixels,
        references=references,
    )


def map_of(method, score, image, **scene):
    """Return the whole map of a method, by name, shape (y, x)."""
    *_, last = load_method(method)(score, scene_of(image, **scene))
    assert last.done == 1
    return last.map


def assert_same(method, part, whole, window, score, *, rtol=1e-5):
    """Check that a window gives the same map as the whole image.

    What is covered may reach out of the window, where no pixel matters: there only the whole image shows it. And a
    fall of a score is as exact as the score.
    """
    assert np.abs(whole).max() > 0
    rounding = 0.0
    if METHODS[method].family == "covering":
        rounding = 1e-6 * abs(float(score.detach()))
    else:
        outside = whole.copy()
        outside[window] = 0
        np.testing.assert_allclose(outside, 0, atol=rtol * np.abs(whole).max())
    np.testing.assert_allclose(part, whole[window], atol=rtol * np.abs(whole).max() + rounding)


def traces(network):
    """Return all that an explanation could leave behind."""
    hooks = [
        (name, kind)
        for name, module in network.named_modules()
        for kind in vars(module)
        if kind.endswith("hooks") and getattr(module, kind)
    ]
    attributes = {name: sorted(vars(module)) for name, module in network.named_modules()}
    modes = {name: module.training for name, module in network.named_modules()}
    weights = {name: (weight.requires_grad, weight.grad) for name, weight in network.named_parameters()}
    state = {name: value.clone() for name, value in network.state_dict().items()}
    return hooks, attributes, modes, weights, state


def assert_same_traces(network, before):
    after = traces(network)
    assert after[:4] == before[:4]
    assert after[0] == []
    assert all(torch.equal(value, after[4][name]) for name, value in before[4].items())
