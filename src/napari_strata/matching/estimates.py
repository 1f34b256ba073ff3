"""What is known about how an image was made."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its standard uncertainty, in the same unit."""

    value: float
    uncertainty: float


@dataclass(frozen=True, slots=True)
class ImageEstimates:
    """How an image was made, in the terms of the simulation's settings; None is what it does not tell.

    Attributes
    ----------
    pixel_size : Estimate
        Pixel size at which the crystal has the area of its cell [Å/px]; the uncertainty is mostly the scan's.
    stated_pixel_size : float or None
        What the image itself states [Å/px].
    layers, layers_seen : int
        Crystal layers of the settings, and those whose reflections are seen.
    twist : Estimate or None
        Between two layers [degrees]; as crystals look the same when turned by an angle, up to half of that.
    stretch : float
        Largest over smallest stretch of the scan.
    probe_width : Estimate or None
        Standard deviation of the image of one atom [Å].
    dose : Estimate or None
        As the settings count it.
    background : Estimate or None
        Smooth background relative to the brightest atom.
    even_background : Estimate or None
        Even background relative to the brightest atom.
    is_gain_known : bool
        Whether the noise told the values of no and of one electron.
    is_smoothed : bool
        Whether the finest noise is missing.
    is_saturated : bool
        Whether the brightest pixels are cut off at one value.
    """

    pixel_size: Estimate
    stated_pixel_size: float | None
    layers: int
    layers_seen: int
    twist: Estimate | None
    stretch: float
    probe_width: Estimate | None
    dose: Estimate | None
    background: Estimate | None
    even_background: Estimate | None
    is_gain_known: bool
    is_smoothed: bool
    is_saturated: bool
