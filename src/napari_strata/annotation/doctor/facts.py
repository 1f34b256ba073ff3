"""What was measured of images and labels, a few numbers per slice: all that the checks see."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_strata.annotation.doctor.finding import Box
from napari_strata.config import ClassTable
from napari_strata.types import FloatImage


@dataclass(frozen=True, slots=True)
class ImageSlice:
    """One slice of an image.

    Attributes
    ----------
    pixels, not_finite : int
        All pixels, and those that are NaN or infinite.
    low, high : float
        Smallest and largest value; both 0 where a pixel is not finite.
    at_low, at_high : int
        Pixels that pile up at the smallest and at the largest value; 0 where they do not pile up.
    digest : bytes
        The same for slices that are equal in every pixel.
    thumbnail : ndarray of float32, shape (cells,), or None
        Normalised to length 1; None where the slice shows nothing. See `thumbnail`.
    """

    pixels: int
    not_finite: int = 0
    low: float = 0.0
    high: float = 0.0
    at_low: int = 0
    at_high: int = 0
    digest: bytes = b""
    thumbnail: FloatImage | None = None


@dataclass(frozen=True, slots=True)
class LabelSlice:
    """One slice of the labels of one crystal layer.

    Attributes
    ----------
    counts : dict of int to int
        Pixels of each code, 0 (not labelled) included.
    fractional : int
        Pixels whose value is no whole number.
    boxes : dict of int to Box
        Where the codes lie that no class table can hold, or that this one does not.
    diameters : tuple of float
        Equivalent diameters of the round blobs of the classes [px].
    digest : bytes
        The same for slices of the same codes.
    fit, turned_fit : float
        Part of the image's variance that the labels explain as they are, and with y and x swapped, 0 to 1.
    """

    counts: dict[int, int] = field(default_factory=dict)
    fractional: int = 0
    boxes: dict[int, Box] = field(default_factory=dict)
    diameters: tuple[float, ...] = ()
    digest: bytes = b""
    fit: float = 0.0
    turned_fit: float = 0.0

    @property
    def codes(self) -> set[int]:
        """Codes that are painted; not labelled (0) is none."""
        return {code for code, pixels in self.counts.items() if pixels and code != 0}


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """The labels of one crystal layer of one image.

    Attributes
    ----------
    name, file : str
        What they are called, and where they lie; an empty file where they are in none.
    shape, dtype
        As in the array.
    pixel_ratio : float
        Side of a label pixel in pixels of the image.
    shift : (float, float)
        Where the first label pixel lies on the image (y, x) [px].
    slices : tuple of LabelSlice
        Empty where their shape or type forbids to look at them.
    """

    name: str
    file: str
    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    pixel_ratio: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    slices: tuple[LabelSlice, ...] = ()


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """One image and its labels.

    Attributes
    ----------
    name, file : str
        As of the image.
    shape, dtype
        As in the image's array.
    is_colour : bool
        Whether its last axis holds colours.
    pixel_size : float or None
        Pixel size of the image [Å/px].
    slices : tuple of ImageSlice
        Empty where the shape or type of the image forbids to look at them.
    layers : tuple of LayerFacts
        One per crystal layer.
    """

    name: str
    file: str
    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    is_colour: bool
    pixel_size: float | None
    slices: tuple[ImageSlice, ...] = ()
    layers: tuple[LayerFacts, ...] = ()

    @property
    def is_stack(self) -> bool:
        """Whether it makes sense to say which slice."""
        return len(self.slices) > 1

    def is_labelled(self, frame: int) -> bool:
        """Tell whether anything is painted in a slice, if only in fractions."""
        slices = [layer.slices[frame] for layer in self.layers if frame < len(layer.slices)]
        return any(one.codes or one.fractional for one in slices)


@dataclass(frozen=True, slots=True)
class Expectations:
    """What is known of the training that is to follow.

    Attributes
    ----------
    table : ClassTable or None
        What the codes mean; None where nobody said.
    needs_pixel_size : bool or None
        Whether the network works at a pixel size of its own; None where nobody said.
    has_atoms : bool or None
        Whether what is labelled are atoms; None where nobody said.
    layers : int or None
        Crystal layers of the network; None where it is not known yet.
    """

    table: ClassTable | None = None
    needs_pixel_size: bool | None = None
    has_atoms: bool | None = None
    layers: int | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything that is examined together.

    Attributes
    ----------
    subjects : tuple of SubjectFacts
        The images, in the order of the training.
    expected : Expectations
        What the training will make of them.
    held_out : frozenset of (int, int)
        Subject and slice of everything that would be held out for validation.
    """

    subjects: tuple[SubjectFacts, ...]
    expected: Expectations = field(default_factory=Expectations)
    held_out: frozenset[tuple[int, int]] = frozenset()
