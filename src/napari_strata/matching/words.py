"""What was found in an image, in words for people and in figures for programs."""

import math
from typing import Any

from napari_strata.config import SimulationConfig
from napari_strata.matching.estimates import Estimate, ImageEstimates
from napari_strata.numbers import plain

DIFFERS = 0.03
"""Part by which a stated pixel size differs from the one that is found before it is worth a word."""
STRETCHED = 0.02
"""A stretch is worth a word from this part on."""


def found_in_words(estimates: ImageEstimates, config: SimulationConfig) -> tuple[str, ...]:
    """Tell what an image says about itself, one sentence for each.

    Parameters
    ----------
    estimates : ImageEstimates
        What it says.
    config : SimulationConfig
        The settings that it was matched with.
    """
    words = [f"Pixel size: {_number(estimates.pixel_size)} Å/px, if {config.subject} is as expected."]
    if estimates.twist is not None:
        words.append(f"Twist: {_number(estimates.twist)} degrees.")
    if estimates.stretch > 1 + STRETCHED:
        more = 100 * (estimates.stretch - 1)
        words.append(f"The scan is stretched by {more:.0f} % more in one direction than across it.")
    if estimates.probe_width is not None:
        words.append(f"Width of one atom: {_number(estimates.probe_width)} Å (standard deviation).")
    if estimates.dose is not None:
        per = "per Å²" if config.dose_per == "area" else "in the brightest pixel at 0.2 Å/px"
        words.append(f"Dose: {_number(estimates.dose)} counts {per}.")
    if estimates.background is not None and estimates.even_background is not None:
        words.append(
            f"Background, relative to the brightest atom: smooth {_number(estimates.background)}, "
            f"even {_number(estimates.even_background)}."
        )
    return (*words, *doubts(estimates, config))


def summary(estimates: ImageEstimates) -> str:
    """Tell the same in one sentence, without what is doubtful."""
    found = [f"{_number(estimates.pixel_size)} Å/px"]
    backgrounds = (
        ("smooth background {}", estimates.background),
        ("even background {}", estimates.even_background),
    )
    for text, one in (
        ("twist {}°", estimates.twist),
        ("atoms {} Å wide", estimates.probe_width),
        ("dose {} counts", estimates.dose),
        *((text, one) for text, one in backgrounds if one is not None and not _is_nothing(one)),
    ):
        if one is not None:
            found.append(text.format(_number(one)))
    if all(one is not None and _is_nothing(one) for _, one in backgrounds):
        found.append("no background that could be told from none")
    return f"Found: {', '.join(found)}."


def _is_nothing(background: Estimate) -> bool:
    """Tell what is no more than its uncertainty from what is there."""
    return abs(background.value) <= background.uncertainty


def doubts(estimates: ImageEstimates, config: SimulationConfig) -> tuple[str, ...]:
    """Tell what an image does not say, or says against what is stated."""
    words = []
    found, stated = estimates.pixel_size.value, estimates.stated_pixel_size
    if stated is not None and abs(found / stated - 1) > DIFFERS:
        off = f"{100 * abs(found / stated - 1):.0f} % {'larger' if found > stated else 'smaller'}"
        words.append(
            f"The image states {plain(stated)} Å/px; the one found is {off}: check the material, the calibration "
            "and the scan."
        )
    if estimates.layers_seen < estimates.layers:
        words.append(
            f"Only {estimates.layers_seen} of {estimates.layers} layers are seen: the others are too faint, or "
            "lie in the same direction."
        )
    if estimates.probe_width is None:
        words.append("Too few reflections are seen to tell probe and background; they stay as they are.")
    if estimates.dose is None:
        words.append("The pixels are too large to tell noise from lattice; dose and background stay as they are.")
    elif not estimates.is_gain_known:
        words.append(
            "The noise does not tell which value means no electrons, so the dose is a guess: it takes the "
            "background to be in the middle of its range."
        )
    if estimates.is_saturated:
        words.append(
            "The brightest pixels are cut off at one value, so dose and background may be far off: take an image "
            "that is not saturated."
        )
    if estimates.is_smoothed:
        words.append("The image looks smoothed or resampled; the dose is that of its coarser noise.")
    return tuple(words)


def figures_of(estimates: ImageEstimates) -> dict[str, Any]:
    """Return plain data, ready for JSON; what is not known is None."""
    named = {
        "pixel_size_A": estimates.pixel_size,
        "twist_deg": estimates.twist,
        "probe_width_A": estimates.probe_width,
        "dose": estimates.dose,
        "background": estimates.background,
        "even_background": estimates.even_background,
    }
    figures: dict[str, Any] = {}
    for name, one in named.items():
        figures[name] = None if one is None else one.value
        figures[f"{name}_sigma"] = None if one is None else one.uncertainty
    return figures | {
        "stated_pixel_size_A": estimates.stated_pixel_size,
        "layers_seen": estimates.layers_seen,
        "stretch": estimates.stretch,
        "gain_known": estimates.is_gain_known,
        "smoothed": estimates.is_smoothed,
        "saturated": estimates.is_saturated,
    }


def _number(estimate: Estimate) -> str:
    """Return value ± uncertainty, to one digit of the latter, or two where that is a 1."""
    sigma = estimate.uncertainty
    if not sigma or not math.isfinite(sigma):
        return plain(estimate.value)
    first = math.floor(math.log10(sigma))
    digits = (1 if sigma < 2 * 10.0**first else 0) - first
    value, rounded = round(estimate.value, digits), round(sigma, digits)
    return f"{value:.{max(digits, 0)}f} ± {rounded:.{max(digits, 0)}f}"
