"""Everything that an image tells about how it was made."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import SimulationConfig
from napari_strata.errors import ImageError, LatticeError
from napari_strata.lattice.cells import SYMMETRY, family_of, fold_twist
from napari_strata.lattice.spectrum import find_spots
from napari_strata.matching.counting import noise_of
from napari_strata.matching.estimates import Estimate, ImageEstimates
from napari_strata.matching.light import light_of
from napari_strata.matching.orientation import Expected, SeenLayer, recognise
from napari_strata.matching.probe import fit_probe, usual_width
from napari_strata.matching.reflections import reflections_of
from napari_strata.matching.spectrum import Power, spot_powers
from napari_strata.simulate.crystal_choice import crystals_of
from napari_strata.simulate.scan import smooth_gradient
from napari_strata.types import AnyArray, ImageStack

LEAST_SIDE = 64
MOST_SIDE = 1024
"""Of a larger image its middle is looked at [px]."""
MOST_FRAMES = 5
CURVED = 0.02
"""Part of 1 / extent by which a scan that is distorted smoothly moves the lowest spots of each layer."""
SATURATED = 0.002
"""Part of the pixels that have the very highest value where a detector is saturated."""
FADED = 0.004
"""Transfer of the probe from which on nothing of the lattice is in the noise."""


def match_image(stack: ImageStack, config: SimulationConfig) -> ImageEstimates:
    """Estimate pixel size, probe, dose and background of an image of a known crystal.

    Parameters
    ----------
    stack : ImageStack
        The image; of several frames up to five are looked at. Where its spots can be read in several ways, those
        count a little more that agree with its own pixel size.
    config : SimulationConfig
        Material and layers; the probe's tail and the atoms' displacements, which an image does not tell, are taken
        from the middle of their ranges.

    Raises
    ------
    ImageError
        If the image has fewer than 64 px a side.
    LatticeError
        If no reflections of the crystal are seen.
    ConfigError
        If the crystal cannot be read.
    """
    return combine([match_frame(stack, frame, config) for frame in chosen_frames(stack)])


def chosen_frames(stack: ImageStack) -> tuple[int, ...]:
    """Return which frames are looked at: up to five, the first and the last among them.

    Raises
    ------
    ImageError
        If the image has fewer than 64 px a side.
    """
    height, width = stack.data.shape[1:]
    if min(height, width) < LEAST_SIDE:
        raise ImageError(
            f"{stack.name} is {height} x {width} px.", remedy=f"Take an image of at least {LEAST_SIDE} px a side."
        )
    return spread_frames(len(stack.data))


def spread_frames(count: int) -> tuple[int, ...]:
    """Return up to five of so many frames, the first and the last among them."""
    return tuple(np.unique(np.linspace(0, count - 1, MOST_FRAMES).round().astype(int)).tolist())


def _middle(frame: AnyArray) -> NDArray[np.float64]:
    y, x = (max(0, (side - MOST_SIDE) // 2) for side in frame.shape)
    return np.asarray(frame[y : y + MOST_SIDE, x : x + MOST_SIDE], dtype=np.float64)


def match_frame(stack: ImageStack, frame: int, config: SimulationConfig) -> ImageEstimates:
    """Estimate how one frame of an image was made; parameters and errors are those of `match_image`."""
    image = _middle(stack.data[frame])
    layers = _recognised(image, stack, config)
    pixel_size, power = _pixel_size(layers, config, image.shape), Power.of(image)
    probe = fit_probe(layers, spot_powers(power, layers, pixel_size.value), config)
    noise = noise_of(power, probe.faded_at(FADED) * pixel_size.value)
    light = None if noise is None else light_of(image, config, layers, probe, noise, pixel_size.value)
    return ImageEstimates(
        pixel_size=pixel_size,
        stated_pixel_size=stack.pixel_size,
        layers=config.layers,
        layers_seen=len(layers),
        twist=_twist(layers, config, power.resolution),
        stretch=float(np.mean([np.linalg.cond(layer.matrix) for layer in layers])),
        probe_width=Estimate(probe.sigma, probe.uncertainty) if probe.is_clear else None,
        dose=None if light is None else light.dose(config, pixel_size.value),
        background=light.background() if light is not None and probe.is_clear else None,
        even_background=light.even_background(config) if light is not None and probe.is_clear else None,
        is_gain_known=light is not None and light.is_gain_known,
        is_smoothed=noise is not None and noise.is_smoothed,
        is_saturated=_is_saturated(image),
    )


def _is_saturated(image: NDArray[np.float64]) -> bool:
    """Tell whether the brightest pixels have been cut off: many have one value, and few the next lower ones."""
    _values, counts = np.unique(image, return_counts=True)
    return bool(counts[-1] > SATURATED * image.size and counts[-1] > 2 * counts[-2:-1].sum())


def _recognised(image: NDArray[np.float64], stack: ImageStack, config: SimulationConfig) -> tuple[SeenLayer, ...]:
    crystals = crystals_of(config)
    reflections = {crystal: reflections_of(crystal, config) for crystal in crystals}
    expected = Expected(usual_width(config), stack.pixel_size)
    layers = recognise(find_spots(image, 1.0), [reflections[crystal] for crystal in crystals], expected)
    if not layers:
        raise LatticeError(
            f"No reflections of {config.subject} are seen in the Fourier transform of {stack.name}.",
            remedy="Check the material, or take an image in which its lattice is resolved over a larger area.",
        )
    return layers


def _pixel_size(layers: Sequence[SeenLayer], config: SimulationConfig, shape: tuple[int, ...]) -> Estimate:
    """Return the mean of all layers; the settings say by how much a scan may be wrong in both directions."""
    sizes = np.array([layer.pixel_size for layer in layers])
    value, own = float(sizes.mean()), float(np.mean([layer.uncertainty for layer in layers]))
    affine = value * config.scan.affine / np.sqrt(6)  # of the mean of two numbers between plus and minus that
    smooth = value * smooth_gradient(config.scan.distortion, min(shape) * value) / np.sqrt(2)
    return Estimate(value, float(np.sqrt(own**2 + sizes.var() + affine**2 + smooth**2)))


def _twist(layers: Sequence[SeenLayer], config: SimulationConfig, resolution: float) -> Estimate | None:
    """Return the twist of two layers; as the scan distorts both alike, M2 / M1 is similar to a turn.

    That holds of an affine scan. One that is curved moves every spot by some part of the transform's resolution.
    """
    if config.layers != 2 or len(layers) != 2:
        return None
    between = layers[1].matrix @ np.linalg.inv(layers[0].matrix)
    cosine = float(np.trace(between) / (2 * np.sqrt(abs(np.linalg.det(between)))))
    period = SYMMETRY[family_of(crystals_of(config)[0].lattice)]
    angle = fold_twist(float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))), period)
    own = max(layer.uncertainty / layer.pixel_size for layer in layers)
    curved = CURVED * resolution / min(float(np.hypot(*layer.places.T).min()) for layer in layers)
    return Estimate(angle, float(np.degrees(np.sqrt(2) * np.hypot(own, curved))))


def combine(frames: Sequence[ImageEstimates]) -> ImageEstimates:
    """Return the mean of all frames; how they differ adds to the uncertainty."""
    first = frames[0]
    pixel_size = _mean([frame.pixel_size for frame in frames])
    assert pixel_size is not None, "every frame has one"
    return replace(
        first,
        pixel_size=pixel_size,
        layers_seen=max(frame.layers_seen for frame in frames),
        twist=_mean([frame.twist for frame in frames]),
        stretch=float(np.mean([frame.stretch for frame in frames])),
        probe_width=_mean([frame.probe_width for frame in frames]),
        dose=_mean([frame.dose for frame in frames]),
        background=_mean([frame.background for frame in frames]),
        even_background=_mean([frame.even_background for frame in frames]),
        is_gain_known=all(frame.is_gain_known for frame in frames),
        is_smoothed=any(frame.is_smoothed for frame in frames),
        is_saturated=any(frame.is_saturated for frame in frames),
    )


def _mean(estimates: Sequence[Estimate | None]) -> Estimate | None:
    known = [one for one in estimates if one is not None]
    if not known:
        return None
    values, own = np.array([one.value for one in known]), np.array([one.uncertainty for one in known])
    return Estimate(float(values.mean()), float(np.sqrt((own**2).mean() + values.var())))
