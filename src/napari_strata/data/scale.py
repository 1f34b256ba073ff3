"""Between physical values and the numbers near 0 and 1 that a network works with."""

from dataclasses import dataclass

from napari_strata.types import AnyArray, FloatImage


@dataclass(frozen=True, slots=True)
class Scale:
    """A shift and a factor.

    Attributes
    ----------
    offset : float
        The value that becomes 0.
    spread : float
        The difference that becomes 1; positive.
    """

    offset: float
    spread: float

    def apply(self, values: AnyArray) -> FloatImage:
        """Return values as the network sees them."""
        scaled: FloatImage = ((values - self.offset) / self.spread).astype("float32")
        return scaled

    def undo(self, scaled: AnyArray) -> FloatImage:
        """Return values in their own units."""
        values: FloatImage = (scaled * self.spread + self.offset).astype("float32")
        return values

    def after(self, first: "Scale") -> "Scale":
        """Return the scale that does what `first` does, and then this one."""
        return Scale(first.offset + first.spread * self.offset, first.spread * self.spread)
