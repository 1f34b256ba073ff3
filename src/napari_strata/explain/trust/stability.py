"""Stability under the shot noise of the image's own dose."""

from collections.abc import Iterator

import numpy as np

from napari_strata.explain.covering import scores
from napari_strata.explain.trust.likeness import Likeness, likeness, mean_likeness
from napari_strata.explain.trust.subject import Measured, Subject, again, part_of


def stability(subject: Subject) -> Iterator[Measured]:
    r"""Yield how much of the map is left when the image's own shot noise is added to it once more.

    The image that was recorded is all that is known of the specimen, so noise is added to noise: what is judged
    has twice the variance of the noise, as if half as many electrons had been counted. `shot_noise` says how it is
    drawn.

    Figures
    -------
    likeness : mapping
        Mean likeness of the maps to the one that is judged.
    change : float or None
        Mean of :math:`\|M(I + n) - M(I)\| / \|M(I)\|`; None of a map of zeros.
    score_std : float
        Standard deviation of the score over the noisy images [log-odds].
    """
    assert subject.draw_noisy is not None, "the judge asks only where there is noise to draw"
    before, repeats = subject.found.map.double(), subject.config.repeats
    alike: list[Likeness] = []
    changes: list[float] = []
    values: list[float] = []
    for number in range(repeats):
        noisy = subject.draw_noisy(number)
        yield Measured(number / repeats)  # of a large image drawing alone takes a moment
        changed = yield from part_of(again(subject, image=noisy), done=number / repeats, share=1 / repeats)
        alike.append(likeness(before, changed, subject.weights))
        changes.append(float((changed.double() - before).norm()))
        values.append(float(scores(subject.score, noisy)[0]))
    size = float(before.norm())
    figures = {
        "likeness": dict(mean_likeness(alike)),
        "change": float(np.mean(changes)) / size if size > 0 else None,
        "score_std": float(np.std(values)),
    }
    yield Measured(1.0, figures)


def passes(subject: Subject) -> int:
    """Return the passes through the network."""
    return subject.config.repeats * (subject.passes + 1)
