"""Every method against small networks whose maps are worked out by hand: how far it is off, at most."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.figure import Figure
from benchmarks.known_networks import (
    BRIGHT,
    IMAGE,
    ONE,
    SIX,
    WEIGHTS,
    WHOLE,
    ZERO,
    Polynomial,
    Rectified,
    coarse_network,
    cubic,
    linear,
    square,
)
from napari_strata.config import ExplainConfig, ExplainMethod
from napari_strata.explain.catalogue import METHODS, load_method
from napari_strata.explain.methods.lime import RIDGE, WIDTH
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import Output, TargetScore, Term

TARGET = "<= 1e-06"
SEEDS = 20
Case = tuple[Tensor, Tensor]
"""A map as it was found, and as it should be."""


def shapley(function: Callable[[Tensor], Tensor], superpixels: Tensor) -> Tensor:
    """Return the Shapley values of superpixels by their definition, over all subsets."""
    count = int(superpixels.max()) + 1

    def value(subset: set[int]) -> float:
        keep = torch.isin(superpixels, torch.tensor(sorted(subset), dtype=torch.int64))
        return float(function(IMAGE[0].double() * keep))

    values = []
    for player in range(count):
        others = [k for k in range(count) if k != player]
        total = 0.0
        for size in range(count):
            weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
            for subset in itertools.combinations(others, size):
                total += weight * (value({*subset, player}) - value(set(subset)))
        values.append(total)
    return torch.tensor(values)


def measure() -> Iterator[Figure]:
    """Tell the largest deviation of every method, as a part of the largest value, and that of sampled values."""
    off = {method: deviation(*case()) for method, case in CASES.items()}
    worst = max(off, key=lambda method: off[method])
    name = f"by hand: {len(off)} of {len(METHODS)} methods, largest deviation ({METHODS[worst].title})"
    yield Figure(name, off[worst], "", TARGET)
    errors, stated = sampled_errors()
    yield Figure(
        "by hand: Shapley values of 6 superpixels from 40 subsets, error over its stated standard error",
        errors / stated,
        "",
        "<= 2",
        {"error": errors, "stated": stated},
    )


def deviation(found: Tensor, expected: Tensor) -> float:
    """Return the largest difference, as a part of the largest value that should be."""
    return float((found.double() - expected.double()).abs().max() / expected.double().abs().max())


def sampled_errors() -> tuple[float, float]:
    """Return the error of sampled Shapley values and the one they state, root mean squares over seeds."""
    true = shapley(cubic, SIX)
    errors, stated = [], []
    for seed in range(SEEDS):
        last = _last("kernel-shap", Polynomial(cubic), superpixels=SIX, subsets=40, seed=seed, batch=40)
        values = torch.stack([last.map[k == SIX].mean() for k in range(6)])
        errors.append((values - true).square().mean())
        stated.append(last.figures["standard_error"] ** 2)
    return float(torch.stack(errors).mean().sqrt()), math.sqrt(sum(stated) / len(stated))


def _last(method: Any, network: Any, image: Tensor = IMAGE, weights: Tensor = ONE, **scene: Any) -> Any:
    made = {name: scene.pop(name, None) for name in ("superpixels", "references")}
    baseline = scene.pop("baseline", torch.zeros_like(image))
    config = ExplainConfig(method=method, **scene)
    extent = float(image.max() - image.min())
    *_, last = load_method(method)(
        TargetScore(network, [Term(Output(0, 1), weights)]),
        Scene(image, config, None, extent, lambda number: _noise(image, number), baseline=baseline, **made),
    )
    return last


def _noise(image: Tensor, number: int) -> Tensor:
    return torch.randn(image.shape, generator=torch.Generator().manual_seed(number))


def _noises(count: int) -> Tensor:
    return torch.cat([_noise(IMAGE, number) for number in range(count)])[:, 0].double()


def _sums(values: Tensor) -> Tensor:
    """Return the sums of a map over the superpixels, on their pixels."""
    return torch.stack([values[k == SIX].sum() for k in range(6)])[SIX]


def _references() -> Tensor:
    return torch.randn(6, 1, 3, 3, generator=torch.Generator().manual_seed(0))


def _occlusion() -> Case:
    found = _last("occlusion", Polynomial(linear), window=2, stride=1, batch=3).map
    part = WEIGHTS * IMAGE[0, 0]
    hidden = {(y, x): part[y : y + 2, x : x + 2].sum() for y in range(3) for x in range(3)}
    expected = torch.zeros(3, 3)
    for y, x in itertools.product(range(3), repeat=2):
        over = [value for (top, left), value in hidden.items() if 0 <= y - top < 2 and 0 <= x - left < 2]
        expected[y, x] = sum(over) / len(over)
    return found, expected


def _lime() -> Case:
    """Solve the weighted ridge regression with its intercept, as least squares with more rows."""
    found = _last("lime", Polynomial(linear), superpixels=SIX, subsets=60, batch=60).map
    drawn = torch.rand((60, 6), generator=torch.Generator().manual_seed(0)) < 0.5
    drawn[0] = True
    z = drawn.double().numpy()
    parts = torch.stack([(WEIGHTS * IMAGE[0, 0])[k == SIX].sum() for k in range(6)]).double().numpy()
    weights = np.exp(-(((1 - np.sqrt(z.sum(axis=1) / 6)) / WIDTH) ** 2))
    root = np.sqrt(weights / weights.mean())[:, None]
    rows = np.vstack([root * np.c_[np.ones(60), z], np.c_[np.zeros(6), math.sqrt(RIDGE) * np.eye(6)]])
    beta = np.linalg.lstsq(rows, np.r_[root[:, 0] * (z @ parts), np.zeros(6)], rcond=None)[0][1:]
    return found, torch.from_numpy(beta)[SIX]


def _coarse(method: str) -> Tensor:
    """Return the map of the whole slice for the coarse network."""
    map_: Tensor = _last(method, coarse_network(), BRIGHT, WHOLE).map
    return map_


def _enlarged(map_: Tensor) -> Tensor:
    return nn.functional.interpolate(map_.double(), size=(8, 8), mode="bilinear")[0, 0]


SHOWN = 2 * nn.functional.max_pool2d(BRIGHT, 2)
"""What the coarsest block shows; each of its 16 pixels has the gradient 3 / 16."""


def _grad_cam_plus_plus() -> Case:
    g = 3 / 16
    weight = 16 * g**2 / (2 * g**2 + g**3 * SHOWN.double().sum()) * g
    return _coarse("grad-cam-plus-plus"), _enlarged(weight * SHOWN)


def _guided_grad_cam() -> Case:
    """Let the largest pixel of every pooled square have the gradient 2 x 3 / 16, and the others none."""
    is_largest = nn.functional.interpolate(SHOWN / 2, scale_factor=2) == BRIGHT
    return _coarse("guided-grad-cam"), is_largest[0, 0] * 2 * 3 / 16 * _enlarged(3 / 16 * SHOWN)


def _attention() -> Case:
    """With all its weights 0 a gate lets a half pass."""
    from napari_strata.config import ModelConfig
    from napari_strata.models.registry import build_network

    settings = ModelConfig(architecture="attention-unet", layers=1, filters=(2, 4), pixel_size=None)
    network = build_network(settings, 1).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    return _last("attention", network, BRIGHT, WHOLE).map, torch.full((8, 8), 0.5)


CASES: dict[ExplainMethod, Callable[[], Case]] = {
    "input-gradient": lambda: (
        _last("input-gradient", Polynomial(square)).map,
        (2 * WEIGHTS * IMAGE[0, 0]).abs(),
    ),
    "gradient-x-input": lambda: (_last("gradient-x-input", Polynomial(linear)).map, WEIGHTS * IMAGE[0, 0]),
    "smooth-grad": lambda: (
        _last("smooth-grad", Polynomial(square), samples=7, noise=0.1, batch=3).map,
        (2 * WEIGHTS * (IMAGE[0, 0] + 0.4 * _noises(7).mean(dim=0))).abs(),
    ),
    "var-grad": lambda: (
        _last("var-grad", Polynomial(square), samples=40, noise=0.1, batch=7).map,
        (2 * WEIGHTS * 0.4).square() * _noises(40).var(dim=0, correction=0),
    ),
    "integrated-gradients": lambda: (
        _last(
            "integrated-gradients", Polynomial(square), baseline=torch.full_like(ZERO, 0.5), steps=5, batch=3
        ).map,
        WEIGHTS * (IMAGE[0, 0].square() - 0.25),
    ),
    # S rises from 0 to 2 x 3.5 while the sum rises from -3.5 to 3.5: 1 for each unit of the sum.
    "deep-lift": lambda: (
        _last("deep-lift", Rectified(), -IMAGE, baseline=IMAGE).map,
        -2 * WEIGHTS * IMAGE[0, 0],
    ),
    "guided-backprop": lambda: (_last("guided-backprop", Rectified(), -IMAGE).map, 2 * WEIGHTS),
    "deconvolution": lambda: (_last("deconvolution", Rectified()).map, 2 * WEIGHTS),
    "gradient-shap": lambda: (
        _last("gradient-shap", Polynomial(linear), samples=4, noise=0.25, batch=3).map,
        WEIGHTS * (IMAGE[0, 0] + _noises(4).mean(dim=0)),
    ),
    "expected-gradients": lambda: (
        _last("expected-gradients", Polynomial(linear), references=_references(), samples=6, batch=4).map,
        WEIGHTS * (IMAGE - _references().mean(dim=0))[0, 0],
    ),
    "grad-cam": lambda: (_coarse("grad-cam"), _enlarged(3 / 16 * SHOWN)),
    "grad-cam-plus-plus": _grad_cam_plus_plus,
    "guided-grad-cam": _guided_grad_cam,
    "layer-activation": lambda: (_coarse("layer-activation"), _enlarged(SHOWN)),
    "mean-activation": lambda: (_coarse("mean-activation"), _enlarged(SHOWN)),
    "attention": _attention,
    "occlusion": _occlusion,
    "feature-ablation": lambda: (
        _last("feature-ablation", Polynomial(linear), superpixels=SIX, batch=4).map,
        _sums(WEIGHTS * IMAGE[0, 0]),
    ),
    "lime": _lime,
    "kernel-shap": lambda: (
        _last("kernel-shap", Polynomial(cubic), superpixels=SIX).map,
        shapley(cubic, SIX)[SIX],
    ),
    "receptive-field": lambda: (_last("receptive-field", Polynomial(linear), samples=3).map, WEIGHTS.abs()),
}
