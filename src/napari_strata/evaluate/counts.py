"""Right, wrong and missed, and the scores that follow from them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a prediction was right.

    Where there is nothing on either side (all counts 0) every score is NaN: there was nothing to get right, and
    means leave it out. Where there is something on one side only, every score is 0.

    Attributes
    ----------
    hits : int
        Found and true.
    extras : int
        Found but not true.
    misses : int
        True but not found.
    """

    hits: int = 0
    extras: int = 0
    misses: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.hits + other.hits, self.extras + other.extras, self.misses + other.misses)

    @property
    def precision(self) -> float:
        """Part of what was found that is true."""
        return self._part(self.hits + self.extras)

    @property
    def recall(self) -> float:
        """Part of what is true that was found."""
        return self._part(self.hits + self.misses)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; the Dice coefficient."""
        return self._part(self.hits + (self.extras + self.misses) / 2)

    @property
    def iou(self) -> float:
        """Intersection over union."""
        return self._part(self.hits + self.extras + self.misses)

    def _part(self, whole: float) -> float:
        if self.hits + self.extras + self.misses == 0:
            return float("nan")
        return self.hits / whole if self.hits else 0.0
