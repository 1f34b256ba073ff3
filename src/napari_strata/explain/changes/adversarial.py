"""The smallest change that turns the sign of a score."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

PAST = 2e-5
"""A flip goes past 0 by this part of the score that is flipped."""
OVERSHOOT = 0.02
"""The first steps go past the plane where the score seems to be 0, by this part of the score."""
LEAST_GAIN = 1e-3
"""A change that is smaller by less than this part is not worth another gradient."""
SHARES = (1.0, 0.5, 0.25, 0.1)
"""How far a change is moved at once towards the one that is the smallest by the slope at hand."""
REACHES = (1.0, 1.03, 1.15)
"""What does not flip is tried so much larger."""
BISECTIONS = 12
"""At most so many looks find where the sign turns."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The best so far.

    Attributes
    ----------
    change : ndarray of float64
        The smallest change that flips the score, else the last that was tried.
    score : float
        The score with it.
    flips : bool
        Whether it turns the sign.
    done : float
        Part of the work that is done at least, 0 to 1.
    """

    change: Values
    score: float
    flips: bool
    done: float

    @property
    def length(self) -> float:
        r""":math:`|\delta|`, in units of the image."""
        return float(np.linalg.norm(self.change))


def smallest_change(
    score: Callable[[Values], float],
    slope: Callable[[Values], Values],
    low: Values,
    high: Values,
    *,
    steps: int,
) -> Generator[Found, None, None]:
    r"""Look for the smallest :math:`\delta`, in the L2 norm, with which the score :math:`S` has the other sign.

    First DeepFool (Moosavi-Dezfooli, Fawzi and Frossard, CVPR 2016, arXiv:1511.04599): from the change at hand to
    the nearest one on the plane where the score, linear with the slope there, is 0, until the sign turns. Then, as
    FAB does (Croce and Hein, ICML 2020, arXiv:1907.02044), along the surface :math:`S = 0`: the change is moved
    towards the smallest one on the tangent plane, :math:`\delta^* = \arg\min |\delta|` with
    :math:`S(\delta_k) + w \cdot (\delta - \delta_k) = 0` and the limits kept, and shortened to the surface by
    false position; a change that is not smaller is moved half as far. Of a linear score
    :math:`\delta = -S w / |w|^2` comes out, in one step. Of others it is a local minimum: an upper bound of the
    smallest change. Own code: captum's `PGD` and `MinParamPerturbation` search within a ball of a given size,
    leave no way to stop, and know no limit of a single pixel.

    Parameters
    ----------
    score, slope : callable
        From a change, shape (n,), to the score and to its gradient.
    low, high : ndarray, shape (n,)
        Limits of the change, at most and at least 0.
    steps : int
        At most so many slopes are taken.

    Yields
    ------
    Found
        After every look at the score; the last has done 1.
    """
    search = _Search(score, slope, low, high, steps)
    yield search.best
    yield from search.cross()
    if search.best.flips:
        yield from search.shrink()
    yield replace(search.best, done=1.0)


def least_change(slope: Values, gain: float, low: Values, high: Values) -> Values:
    r"""Return the smallest :math:`\delta` within limits with :math:`w \cdot \delta` = `gain`.

    It is :math:`\delta = \mathrm{clip}(\lambda w)`, where :math:`\lambda` is found by bisection; where no change
    within the limits gains as much, the one that gains most.

    Parameters
    ----------
    slope, low, high : ndarray, shape (n,)
        :math:`w`, and the limits; 0 need not lie between them.
    gain : float
        What is wanted.
    """
    square = float(slope @ slope)
    if not square > 0:
        return np.clip(np.zeros_like(slope), low, high)

    def at(factor: float) -> Values:
        return np.clip(factor * slope, low, high)

    least, most = -1.0, 1.0
    start = abs(gain) / square or 1.0
    for _ in range(60):
        if slope @ at(least * start) <= gain <= slope @ at(most * start):
            break
        least, most = 4 * least, 4 * most
    for _ in range(100):
        middle = (least + most) / 2
        if slope @ at(middle * start) < gain:
            least = middle
        else:
            most = middle
    return at((least + most) / 2 * start)


class _Search:
    """The best change so far, and two ways to a better one; what they yield is `best`, after every look."""

    def __init__(
        self,
        score: Callable[[Values], float],
        slope: Callable[[Values], Values],
        low: Values,
        high: Values,
        steps: int,
    ) -> None:
        self._score, self._slope, self._low, self._high, self._steps = score, slope, low, high, steps
        self._first = score(np.zeros_like(low))
        self._sign = 1.0 if self._first >= 0 else -1.0
        self._past = max(PAST * abs(self._first), 1e-9)
        self._taken = 0
        self.best = Found(np.zeros_like(low), self._first, False, 0.0)

    def cross(self) -> Iterator[Found]:
        """Go on until the sign turns, or nothing within the limits changes the score any more."""
        while not self.best.flips and self._taken < self._steps:
            here, toward = self.best.change, self._take_slope(self.best.change)
            wanted = -self._sign * OVERSHOOT * abs(self._first) - self.best.score
            step = least_change(toward, wanted, self._low - here, self._high - here)
            if not step.any():
                return
            self._keep(here + step, self._score(here + step))
            yield self.best
        if self.best.flips:
            yield from self._shorten(self.best.change, self.best.score)

    def shrink(self) -> Iterator[Found]:
        """Make a change that flips smaller, as long as that is worth a slope."""
        while self._taken < self._steps:
            before = self.best.length
            toward = self._take_slope(self.best.change)
            wanted = float(toward @ self.best.change) - self.best.score - self._sign * self._past
            yield from self._pull(least_change(toward, wanted, self._low, self._high))
            if self.best.length > (1 - LEAST_GAIN) * before:
                return

    def _pull(self, aim: Values) -> Iterator[Found]:
        """Move the best towards an aim, as far as it thereby gets smaller."""
        start = self.best
        for share in SHARES:
            moved = start.change + share * (aim - start.change)
            for reach in REACHES:
                tried = np.clip(reach * moved, self._low, self._high)
                value = self._score(tried)
                yield self.best
                if self._is_flipped(value):
                    yield from self._shorten(tried, value)
                    break
            if self.best is not start:
                return

    def _shorten(self, change: Values, value: float) -> Iterator[Found]:
        """Find where on the way from none to a change that flips the sign turns."""
        near, far = 0.0, 1.0
        at_near, at_far = abs(self._first) + self._past, self._sign * value + self._past
        self._keep_smaller(change, value)
        for turn in range(BISECTIONS):
            if far - near < 1e-5 * far or abs(at_far) <= self._past:
                return
            share = at_near / (at_near - at_far) if turn % 3 < 2 and at_near > at_far else 0.5
            middle = near + (far - near) * min(max(share, 0.02), 1.0)
            found = self._score(middle * change)
            if self._is_flipped(found):
                far, at_far = middle, self._sign * found + self._past
                self._keep_smaller(middle * change, found)
            else:
                near, at_near = middle, self._sign * found + self._past
            yield self.best

    def _take_slope(self, change: Values) -> Values:
        self._taken += 1
        return self._slope(change)

    def _is_flipped(self, value: float) -> bool:
        return self._sign * value < 0

    def _keep_smaller(self, change: Values, value: float) -> None:
        if not self.best.flips or np.linalg.norm(change) < self.best.length:
            self._keep(change, value)

    def _keep(self, change: Values, value: float) -> None:
        self.best = Found(change, value, self._is_flipped(value), self._taken / self._steps)
