"""How long some work still takes, told once enough of it is done to know."""

from time import monotonic

ENOUGH_TIME, ENOUGH_WORK = 2.0, 0.02
"""Time [s] and part of the work after which the time left is told; before, one slow step would frighten."""


class TimeLeft:
    """Reckons from what was done since the first step, which takes longer than any other, in what time."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None

    def after(self, done: float) -> float | None:
        """Return the time left [s]; None where it is not known yet.

        Parameters
        ----------
        done : float
            Part of the work that is done now, 0 to 1.
        """
        now = monotonic()
        if self._first is None:
            self._first = now, done
        spent, part = now - self._first[0], done - self._first[1]
        return spent * (1 - done) / part if spent >= ENOUGH_TIME and part >= ENOUGH_WORK else None
