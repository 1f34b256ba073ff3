"""Settings of the simulation around what an image tells."""

from math import ceil
from typing import Any

from napari_strata.config import SimulationConfig
from napari_strata.config.base import Config
from napari_strata.config.ranges import Bounds, Limits
from napari_strata.matching.estimates import Estimate, ImageEstimates

WIDTH = 0.2
"""The probe's width is varied by this part to both sides, or by twice its uncertainty."""
DOSE = 2.0
"""The dose is varied by this factor to both sides, or by twice its uncertainty."""
TWIST = 3.0
"""The twist is varied by this to both sides [degrees]."""
BACKGROUND = 0.3
"""Backgrounds are varied by this part to both sides, or by their uncertainty. That goes with the dose's: both at
their ends would be far from the contrast that is seen."""
MOST_AFFINE = 0.3
"""The settings take no more."""


def ranges_around(estimates: ImageEstimates, config: SimulationConfig) -> SimulationConfig:
    """Return settings whose ranges lie around what an image tells; all else stays.

    Parameters
    ----------
    estimates : ImageEstimates
        What it tells; where it tells nothing the settings stay.
    config : SimulationConfig
        The settings it was matched with.
    """
    found: dict[str, dict[str, Any]] = {"": {}, "probe": {}, "contamination": {}, "detector": {}, "scan": {}}
    if estimates.twist is not None:
        found[""]["twist"] = _around(config, "twist", estimates.twist, at_least=TWIST)
    if estimates.dose is not None:
        found[""]["dose"] = _by_factor(config, "dose", estimates.dose)
    if (width := estimates.probe_width) is not None:
        sigma = _around(config.probe, "sigma", width, at_least=WIDTH * width.value)
        found["probe"] = {"preset": "none", "kind": "width", "sigma": sigma}
    for section, one in (("contamination", estimates.background), ("detector", estimates.even_background)):
        if one is not None:
            part = getattr(config, section)
            reach = max(BACKGROUND * one.value, one.uncertainty)
            found[section]["background"] = _within(part, "background", one.value - reach, one.value + reach)
    found["scan"]["affine"] = max(config.scan.affine, _affine(estimates.stretch))
    own = found.pop("")
    sections = {name: {**getattr(config, name).model_dump(), **values} for name, values in found.items()}
    return SimulationConfig.parse({**config.model_dump(), **own, **sections}, source="The settings")


def _around(config: Config, field: str, estimate: Estimate, *, at_least: float) -> Bounds:
    """Return a range of that reach, or twice the uncertainty."""
    reach = max(at_least, 2 * estimate.uncertainty)
    return _within(config, field, estimate.value - reach, estimate.value + reach)


def _by_factor(config: Config, field: str, estimate: Estimate) -> Bounds:
    factor = max(DOSE, 1 + 2 * estimate.uncertainty / estimate.value)
    return _within(config, field, estimate.value / factor, estimate.value * factor)


def _affine(stretch: float) -> float:
    """Return the largest element of a matrix, less 1, that stretches by that much more in one direction."""
    return float(min(ceil(500 * (stretch - 1)) / 1000, MOST_AFFINE))


def _within(config: Config, field: str, low: float, high: float) -> Bounds:
    """Return bounds within the field's limits, to three digits."""
    limits = next(one for one in type(config).model_fields[field].metadata if isinstance(one, Limits))
    low, high = (float(f"{min(max(value, limits.ge), limits.le):.3g}") for value in (low, high))
    return low, high
