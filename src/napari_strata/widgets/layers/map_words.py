"""What a map answers, in words: its question, its name, and its score."""

from collections.abc import Mapping
from typing import Any

from napari_strata.config import ExplainMethod
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.promise import broken_promise
from napari_strata.numbers import counted


def question_words(details: Mapping[str, Any], layers: int) -> str:
    """Say shortly what was asked, what differs most between questions first: "Why C, layer 0 not 1".

    Parameters
    ----------
    details : mapping
        What the metadata of a map say.
    layers : int
        How many crystal layers the model has; a single one is not named.
    """
    class_, layer = details["class"], details["layer"]
    against = details["against"]
    where = f", layer {layer}" if layers > 1 else ""
    match against["kind"]:
        case "class":
            return f"Why {class_} not {against['class']}{where}"
        case "layer":
            return f"Why {class_}{where} not {against['layer']}"
        case "correction":
            return f"Why the error{where}"
    return f"Why {class_}{where}"


def answer_words(details: Mapping[str, Any], kind: str, layers: int) -> str:
    """Say what was asked, how and where: "Why C: LIME of the atom at y 60.1, x 60.3 px"."""
    asked = question_words(details, layers).replace(" not ", " rather than ")
    y, x = details["position"]
    where = "on this slice" if kind == "slice" else f"of the {kind} at y {y:.1f}, x {x:.1f} px"
    return f"{asked}: {METHODS[details['method']].title} {where}"


def map_name(details: Mapping[str, Any], kind: str, place: tuple[float, float], layers: int) -> str:
    """Name a map: place and method, which differ most, then the question; "60, 60: Grad-CAM - why C, layer 1".

    napari cuts long names in the middle. A map that was stopped says that it is not finished.

    Parameters
    ----------
    details : mapping
        What the metadata of the map say.
    kind : str
        Kind of target, as of a `napari_strata.widgets.layers.targets.Chosen`.
    place : tuple of float
        Its middle (y, x) [px].
    layers : int
        How many crystal layers the model has.
    """
    y, x = place
    where = "Slice" if kind == "slice" else f"{y:.0f}, {x:.0f}"
    state = ", unfinished" if details.get("done", 1) < 1 else ""
    asked = question_words(details, layers)
    return f"{where}: {METHODS[details['method']].title}{state} - {asked[0].lower()}{asked[1:]}"


def score_words(details: Mapping[str, Any]) -> str:
    """Say how sure the model is of what it was asked, and how exact the map is."""
    said = f"Score {details['score']:.2f} (mean log-odds)"
    if (probability := details.get("probability")) is not None:
        said += f", P({details['class']}) {probability:.2f}"
    if (wrong := details.get("wrong_pixels")) is not None:
        said += f", where {counted(wrong, 'pixel')} of the network's {'is' if wrong == 1 else 'are'} wrong"
    figures = details["figures"]
    if {"sum", "baseline_score"} <= set(figures):
        score, baseline = details["score"], figures["baseline_score"]
        said += (
            f". The map sums to {figures['sum']:.2f}; score minus baseline's: {score:.2f} - ({baseline:.2f}) ="
            f" {score - baseline:.2f} (delta {figures['delta']:.1g})"
        )
    if "feature_map" in details:
        said += f". Feature map: {details['feature_map']}"
    if broken := broken_promise(details["method"], details["score"], figures):
        said += f". {broken}"
    return f"{said}{_fit_words(details['method'], details['score'], figures)}."


def _fit_words(method: ExplainMethod, score: float, figures: Mapping[str, Any]) -> str:
    """Say how exact a map of random samples is, or that nobody knows."""
    said = ""
    if method == "kernel-shap" and "baseline_score" in figures:
        baseline = figures["baseline_score"]
        gained = f"{score:.2f} - ({baseline:.2f}) = {score - baseline:.2f}"
        said = f". The patches sum to score minus baseline's: {gained}"
    if "standard_error" in figures:
        return f"{said}. Standard error {figures['standard_error']:.2g}"
    if "r_squared" in figures:
        return f"{said}. Its linear model explains {figures['r_squared']:.0%} of how the score varies"
    if method in ("kernel-shap", "lime"):
        return f"{said}. How exact it is is not known: take more subsets, or larger superpixels"
    return said
