"""How far a pixel of a feature map sees, operation by operation."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Reach:
    """The input pixels that pixel i of a feature map depends on, along one axis.

    They are those from ``i * pixel - before`` to ``i * pixel + after``, both included.

    Attributes
    ----------
    before, after : int
        At least 0 [px of the input].
    pixel : int
        Side of a pixel of the feature map [px of the input].
    """

    before: int = 0
    after: int = 0
    pixel: int = 1

    @property
    def radius(self) -> int:
        """No input pixel farther away than this has an influence [px]."""
        return max(self.before, self.after)

    @property
    def middle(self) -> float:
        """Where the middle of what pixel 0 sees lies [px of the input]."""
        return (self.after - self.before) / 2

    @property
    def origin(self) -> float:
        """Outer edge of pixel 0, in the middle of what it sees, from that of the input's first pixel."""
        return self.middle - (self.pixel - 1) / 2

    def convolved(self, times: int = 1, *, kernel: int = 3) -> Self:
        """Return the reach after convolutions of stride 1."""
        more = times * (kernel // 2) * self.pixel
        return replace(self, before=self.before + more, after=self.after + more)

    def halved(self) -> Self:
        """Return the reach after 2 x 2 pooling: pixel i is made of 2 i and 2 i + 1."""
        return replace(self, after=self.after + self.pixel, pixel=2 * self.pixel)

    def halved_by_convolution(self) -> Self:
        """Return the reach after a 3 x 3 convolution of stride 2: pixel i is made of 2 i - 1 to 2 i + 1."""
        return replace(self.convolved(), pixel=2 * self.pixel)

    def doubled(self) -> Self:
        """Return the reach after a 2 x 2 transposed convolution of stride 2: pixel j is made of j // 2."""
        finer = self.pixel // 2
        return replace(self, before=self.before + finer, pixel=finer)

    def doubled_by_three(self) -> Self:
        """Return the reach after a 3 x 3 transposed convolution of stride 2: odd pixels are made of two."""
        finer = self.pixel // 2
        return replace(self, before=self.before + finer, after=self.after + finer, pixel=finer)

    def joined(self, skip: "Reach") -> Self:
        """Return the reach of this feature map and another of the same pixel side, concatenated."""
        assert self.pixel == skip.pixel, "only maps of one grid can be concatenated"
        return replace(self, before=max(self.before, skip.before), after=max(self.after, skip.after))
