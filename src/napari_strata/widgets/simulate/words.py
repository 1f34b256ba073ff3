"""What was drawn for a simulated image, in words."""

from collections.abc import Mapping
from typing import Any

from napari_strata.numbers import plain


def drawn_in_words(
    parameters: Mapping[str, Any], *, dose_per: str, zone_axis: tuple[int, int, int] | None = None
) -> str:
    """Name the values that decide the look of a simulated image.

    Parameters
    ----------
    parameters : mapping
        The values drawn, as the simulator describes them.
    dose_per : str
        How the settings count the dose: ``peak`` or ``area``.
    zone_axis : (int, int, int), optional
        Direction [uvw] along which the crystal of a CIF file is seen.
    """
    probe, detector = parameters["probe"], parameters["detector"]
    seen = "" if zone_axis is None else f" along [{' '.join(map(str, zone_axis))}]"
    words = [parameters["material"] + seen, *(f"twist {abs(angle):.1f}°" for angle in parameters["twist"])]
    if "sigma" in probe:
        words.append(f"width {probe['sigma']:.2f} Å")
    else:
        words.append(f"defocus {probe['defocus']:.0f} Å")
    words.append(f"dose {plain(parameters['dose'], 3)} counts" + (" per Å²" if dose_per == "area" else ""))
    even = f" smooth and {plain(detector['background'], 2)} even" if detector["background"] else ""
    words.append(f"background {plain(parameters['background'], 2)}{even}")
    return "Drawn: " + ", ".join(words) + "."
