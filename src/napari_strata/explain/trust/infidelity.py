"""Infidelity."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_strata.explain.covering import scores
from napari_strata.explain.gradients import batches
from napari_strata.explain.trust.subject import Measured, Subject


def infidelity(subject: Subject) -> Iterator[Measured]:
    r"""Yield how badly the map tells by how much the score falls when a square is covered.

    .. math:: \mathrm{INFD} = \mathbb E_w \left(\sum_{p \in w} \Phi_p - \bigl(S(I) - S(I_w)\bigr)\right)^2

    with random squares :math:`w` of the window covered by the baseline in :math:`I_w`, of sides between the
    setting ``window`` and half the receptive window, and the fall :math:`\Phi_p` that the map tells: :math:`M_p`
    of maps in log-odds, :math:`M_p (I_p - B_p)` of slopes. Yeh et al., NeurIPS 2019, arXiv:1901.09392, with the
    squares of its section 3. The same as captum's ``infidelity`` with that perturbation (tested), which needs all
    squares in one call to normalise and says nothing before its end.

    Maps without sign tell sizes only: they are compared with :math:`|S(I) - S(I_w)|`. Since maps have different
    units, only ``scaled`` compares methods: the least infidelity of any multiple of the map, as a part of that of
    a map of zeros. 0 tells all falls, 1 none.

    Figures
    -------
    infidelity : float
        As above [log-odds²].
    scaled : float or None
        0 to 1; None where no square changes the score.
    squares : int
        How many were covered.
    """
    rng, before = subject.generator(2), float(scores(subject.score, subject.scene.image)[0])
    told, fell = np.empty(0), np.empty(0)
    flat = fall_told(subject)
    for numbers in batches(subject.config.squares, subject.batch):
        masks = torch.stack([_square(subject, rng) for _ in numbers]).to(subject.scene.image.device)
        after = subject.scores_covered(masks).numpy()
        sums = (flat * masks).sum(dim=(-2, -1), dtype=torch.float64).cpu().numpy()
        told, fell = np.append(told, sums), np.append(fell, before - after)
        if numbers.stop < subject.config.squares:
            yield Measured(numbers.stop / subject.config.squares)
    yield Measured(1.0, _figures(told, fell if subject.facts.signed else np.abs(fell)))


def passes(subject: Subject) -> int:
    """Return the passes through the network."""
    return subject.config.squares + 1


def shared(subject: Subject) -> int:
    """Return how many of the passes are the same for all methods: those of the squares."""
    return subject.config.squares


def fall_told(subject: Subject) -> Tensor:
    """Return the fall of the score that the map tells of every pixel being covered, shape (y, x)."""
    map_ = subject.found.map.detach()
    if not subject.facts.slope:
        return map_
    step = (subject.scene.image - subject.baseline)[0, 0]
    return map_ * (step if subject.facts.signed else step.abs())


def _square(subject: Subject, rng: np.random.Generator) -> Tensor:
    """Return a random square inside the window as a mask."""
    shape = subject.scene.shape
    most = max(min(shape) // 2, 1)
    least = min(subject.scene.pixels(subject.scene.config.window), most)
    side = round(math.exp(rng.uniform(math.log(least), math.log(most))))
    y, x = (int(rng.integers(0, length - side + 1)) for length in shape)
    mask = torch.zeros(shape, dtype=torch.bool)
    mask[y : y + side, x : x + side] = True
    return mask


def _figures(told: NDArray[np.float64], fell: NDArray[np.float64]) -> dict[str, float | int | None]:
    size, own = float(fell @ fell), float(told @ told)
    explained = (told @ fell) ** 2 / own if own > 0 else 0.0
    return {
        "infidelity": float(np.mean((told - fell) ** 2)),
        "scaled": max(1 - float(explained) / size, 0.0) if size > 0 else None,
        "squares": len(fell),
    }
