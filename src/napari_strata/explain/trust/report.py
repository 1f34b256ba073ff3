"""A judgement as text and as JSON."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from napari_strata.io.files import replacing


def report_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """Tell the verdict, and one line for each measure; curves and single stages are left to JSON.

    Parameters
    ----------
    figures : mapping
        Those of `napari_strata.jobs.judge_map.judge_map`.
    """
    if "verdict" not in figures:
        return
    yield figures["verdict"]
    for name, found in figures["measures"].items():
        told = _completeness(found) if name == "completeness" else ", ".join(_told(found))
        yield f"  {name}: {told}"


def write_report(figures: Mapping[str, Any], path: Path) -> Path:
    """Write a judgement as JSON, and as text beside it.

    Parameters
    ----------
    figures : mapping
        Those of `napari_strata.jobs.judge_map.judge_map`.
    path : Path
        The JSON file; the text gets its name, and the ending txt.

    Returns
    -------
    Path
        The text file.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    text = path.with_suffix(".txt")
    place = f"{figures['method']} at y {figures['y_px']:.1f}, x {figures['x_px']:.1f} px, layer {figures['layer']}"
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(figures, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    with replacing(text) as temporary:
        temporary.write_text("\n".join([place, *report_lines(figures)]) + "\n", encoding="utf-8")
    return text


def _completeness(found: Mapping[str, Any]) -> str:
    """Tell whether the map sums to what the image changes of the score."""
    if not found["promised"]:
        return "this method does not promise that its map sums to the score"
    if found["delta"] is None:
        return "not known"
    share = "" if found["relative"] is None else f" ({100 * found['relative']:.2g} %)"
    return f"the sum of the map misses {found['delta']:.3g} of {found['difference']:.3g} log-odds{share}"


def _told(figures: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Tell single numbers and words; the verdict says where a map is flat."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _told(value, f"{prefix}{name} ")
        elif not isinstance(value, list | bool):
            shown = "not known" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
            yield f"{prefix}{name} {shown}"
