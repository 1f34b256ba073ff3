"""Deletion and insertion curves."""

from collections.abc import Generator, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_strata.explain.covering import scores
from napari_strata.explain.gradients import batches
from napari_strata.explain.trust.edges import edges
from napari_strata.explain.trust.subject import Measured, Subject, part_of

Curve = NDArray[np.float64]

NEGLIGIBLE = 1e-6
"""A difference of scores below this part of them is rounding: there is nothing to explain."""


def curves(subject: Subject) -> Iterator[Measured]:
    r"""Yield how the score falls when the pixels that matter go first, and how it rises when they come first.

    Petsiuk, Das and Saenko, BMVC 2018, arXiv:1806.07421. The pixels of the window are replaced by the baseline
    (deletion), or the baseline's by the image's (insertion), in the order of :math:`M_p`, so that what speaks
    against the score comes last; where the image has a lower score than the baseline, signed maps are taken with
    the other sign, since what lowers the score is then the reason. Of methods that tell slopes the order is that
    of :math:`|M_p|`, since the sign of a slope does not say for what a pixel speaks. Pixels of equal value come in
    random order. Deviations: the score is that which is explained, log-odds, as a part of the way from the
    baseline to the image, :math:`(S - S(B)) / (S(I) - S(B))`, and not a probability; points lie closer where few
    pixels are changed, at the parts :math:`(k / K)^2`, since a few pixels decide about an atom. Areas are those
    under the curve over the part of the pixels, by trapezia. A good map deletes at once (small area) and inserts
    at once (large area).

    The same is done in random orders and in the order of an edge detector.

    Figures
    -------
    parts : list of float
        Which part of the pixels is changed.
    deletion, insertion : mapping
        ``area``, ``random`` (mean over the orders), ``random_std``, ``edges``, and ``curves`` of ``method``,
        ``random`` (mean) and ``edges``. All None where image and baseline have the same score.
    """
    pixels = subject.found.map.numel()
    steps = np.arange(subject.config.points + 1) / subject.config.points
    counts = np.unique(np.rint(pixels * steps**2).astype(np.int64))
    ends = scores(subject.score, torch.cat([subject.baseline, subject.scene.image])).double().cpu().numpy()
    if abs(ends[1] - ends[0]) <= NEGLIGIBLE * max(np.abs(ends).max(), 1e-30):
        yield Measured(1.0, {"parts": (counts / pixels).tolist(), "deletion": None, "insertion": None})
        return
    orders = _orders(subject, is_lower=ends[1] < ends[0])
    drawn: dict[str, list[Curve]] = {"deletion": [], "insertion": []}
    share = 1 / (2 * len(orders))
    for half, (kind, found) in enumerate(drawn.items()):
        for number, order in enumerate(orders):
            drawing = _draw(subject, order, counts, insert=kind == "insertion")
            values = yield from part_of(drawing, done=half / 2 + number * share, share=share)
            found.append((values - ends[0]) / (ends[1] - ends[0]))
    parts = counts / pixels
    yield Measured(
        1.0, {"parts": parts.tolist(), **{kind: _figures(parts, found) for kind, found in drawn.items()}}
    )


def passes(subject: Subject) -> int:
    """Return the passes through the network."""
    return 2 * (2 + subject.config.orders) * (subject.config.points + 1) + 2


def shared(subject: Subject) -> int:
    """Return how many of the passes are the same for all methods: those of random orders and of edges."""
    return 2 * (1 + subject.config.orders) * (subject.config.points + 1)


def _orders(subject: Subject, *, is_lower: bool) -> list[Tensor]:
    """Return the order of pixels by the map, by edges, and random ones."""
    rng = subject.generator(1)
    size = subject.found.map.numel()
    importance, facts = subject.found.map.detach(), subject.facts
    if facts.slope:
        importance = importance.abs()
    elif facts.signed and is_lower:
        importance = -importance
    by_value = [_ranked(values, rng) for values in (importance, edges(subject.scene.image))]
    return [*by_value, *(torch.from_numpy(rng.permutation(size)) for _ in range(subject.config.orders))]


def _ranked(values: Tensor, rng: np.random.Generator) -> Tensor:
    """Return pixel numbers, those of greatest value first; equals in random order."""
    flat = values.flatten().cpu()
    shuffled = torch.from_numpy(rng.permutation(len(flat)))
    return shuffled[torch.argsort(flat[shuffled], descending=True, stable=True)]


def _draw(
    subject: Subject, order: Tensor, counts: NDArray[np.int64], *, insert: bool
) -> Generator[float, None, Curve]:
    """Compute the scores of a curve, yielding the part that is done."""
    place = torch.empty(len(order), dtype=torch.int64)
    place[order] = torch.arange(len(order))
    place = place.reshape(subject.scene.shape)
    values: list[Tensor] = []
    for numbers in batches(len(counts), subject.batch):
        changed = torch.stack([place < int(counts[number]) for number in numbers]).to(subject.scene.image.device)
        values.append(subject.scores_covered(~changed if insert else changed))
        yield numbers.stop / len(counts)
    found: Curve = torch.cat(values).numpy()
    return found


def _figures(parts: Curve, found: Sequence[Curve]) -> dict[str, object]:
    method, edge, *others = found
    areas = [float(np.trapezoid(curve, parts)) for curve in others]
    return {
        "area": float(np.trapezoid(method, parts)),
        "random": float(np.mean(areas)),
        "random_std": float(np.std(areas)),
        "edges": float(np.trapezoid(edge, parts)),
        "curves": {
            "method": method.tolist(),
            "random": np.mean(others, axis=0).tolist(),
            "edges": edge.tolist(),
        },
    }
