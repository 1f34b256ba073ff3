"""Sensitivity to small changes of the image."""

from collections.abc import Iterator

import torch
from torch import Tensor

from napari_strata.explain.trust.subject import Measured, Subject, again, part_of


def sensitivity(subject: Subject) -> Iterator[Measured]:
    r"""Yield how much the map changes, at most, when all pixels change a little.

    .. math:: \mathrm{SENS} = \max_{\|\delta\|_\infty \le r} \frac{\|M(I + \delta) - M(I)\|}{\|M(I)\|}

    over ``repeats`` random :math:`\delta`, uniform within the radius. Yeh et al., NeurIPS 2019,
    arXiv:1901.09392. The same as captum's ``sensitivity_max`` with these :math:`\delta` (tested), which
    draws from torch's global random numbers, and cannot be stopped within a map of many passes. captum 0.9 wants
    the maps in a tuple: of a bare tensor it compares each map with all of its batch, and finds up to
    :math:`\sqrt n` times too much with n changes in a call.

    Figures
    -------
    sensitivity : float or None
        As above; None of a map of zeros.
    radius : float
        :math:`r`, in standard deviations of the image.
    """
    before = subject.found.map.double()
    size, largest = float(before.norm()), 0.0
    repeats, radius = subject.config.repeats, subject.config.radius * subject.scene.range
    for number in range(repeats):
        making = again(subject, image=subject.scene.image + small_change(subject, number))
        changed = yield from part_of(making, done=number / repeats, share=1 / repeats)
        largest = max(largest, float((changed.double() - before).norm()))
    yield Measured(1.0, {"sensitivity": largest / size if size > 0 else None, "radius": radius})


def passes(subject: Subject) -> int:
    """Return the passes through the network."""
    return subject.config.repeats * subject.passes


def small_change(subject: Subject, number: int) -> Tensor:
    """Return a change of the image within the radius, shape (1, 1, y, x), always the same for a number."""
    radius = subject.config.radius * subject.scene.range
    drawn = subject.generator(3, number).uniform(-radius, radius, subject.scene.shape)
    return torch.from_numpy(drawn).to(subject.scene.image)[None, None]
