"""The verdict in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Figures = Mapping[Any, Any]

CHANGED, SAME = 0.5, 0.8
"""A map depends on the network if less than the first is left of it with random weights, and does not if more than
the second: rank correlations at given distance from the target. The second says, too, that it does not depend on
which class or layer is asked."""
EXCHANGED = "heads exchanged"


class Finding(StrEnum):
    """What the sanity checks say of a method on a model."""

    LEARNED = "depends on what was learned"
    PARTLY = "depends in part on what was learned"
    UNASKED = "hardly depends on what is asked"
    EDGES = "no better than an edge detector"
    FLAT = "shows nothing"
    UNKNOWN = "not tested"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be said, in a word and in words.

    Attributes
    ----------
    finding : Finding
        That of the sanity checks.
    words : str
        The finding with its numbers, for people.
    """

    finding: Finding
    words: str


def judge_figures(figures: Figures) -> Verdict:
    """Say what the figures of the measures mean.

    The finding rests on the likeness ``beyond_distance`` of the map to those of wholly random networks, and, if a
    network was trained on permuted masks, on that to its map, too; the larger one counts. A map that hardly
    changes when another class or layer is asked does not tell why it is this one, however much it has learned. How
    fast the score falls when pixels are removed is told beside it, and does not change it. A map that is the same
    everywhere shows nothing, whatever it is compared with.

    Parameters
    ----------
    figures : mapping
        Figures of the measures, by name; those that are missing are not spoken of.
    """
    finding = _finding(figures)
    parts = [_sentence(finding), _of_weights(figures), _of_labels(figures), _of_deletion(figures)]
    return Verdict(finding, " ".join(part for part in parts if part))


def _finding(figures: Figures) -> Finding:
    left = []
    model, labels = (figures.get(f"{name}-randomisation") or {} for name in ("model", "label"))
    if model:
        left.append(model["random"]["beyond_distance"])
    if labels.get("kind") == "trained on permuted masks":
        left.append(labels["likeness"]["beyond_distance"])
    if not left:
        return Finding.UNKNOWN
    if model.get("flat") or labels.get("flat"):
        return Finding.FLAT
    most = max(left)
    if most > SAME:
        return Finding.EDGES
    if labels.get("kind") == EXCHANGED and labels["likeness"]["beyond_distance"] > SAME:
        return Finding.UNASKED
    return Finding.LEARNED if most < CHANGED else Finding.PARTLY


def _sentence(finding: Finding) -> str:
    return {
        Finding.LEARNED: "This method, on this model, depends on what the model learned.",
        Finding.PARTLY: "This method, on this model, depends only in part on what the model learned.",
        Finding.UNASKED: "This method, on this model, depends at least in part on what the model learned, but"
        " hardly on which layer or class is asked: do not read its map as why it is this one.",
        Finding.EDGES: "This method, on this model, is no better than an edge detector: its map does not depend on"
        " what the model learned.",
        Finding.FLAT: "This map is the same everywhere, so it shows nothing that could be compared.",
        Finding.UNKNOWN: "Whether this method, on this model, depends on what the model learned was not tested.",
    }[finding]


def _of_weights(figures: Figures) -> str:
    model = figures.get("model-randomisation")
    if not model or model["flat"]:
        return ""
    random, edges = model["random"], model["edges"]
    return (
        f"With random weights its map keeps a rank correlation of {random['beyond_distance']:.2f} at given"
        f" distance from the target ({random['spearman']:.2f} over all pixels); an edge detector keeps 1.00, a map"
        f" that shows what was learned about 0. Its rank correlation with the image's edges is"
        f" {edges['spearman']:.2f}."
    )


def _of_labels(figures: Figures) -> str:
    labels = figures.get("label-randomisation")
    if not labels or labels.get("flat"):
        return ""
    if labels["likeness"] is None:
        return "Without labels, and with one layer and one class, random labels cannot be tested."
    left = f"{labels['likeness']['beyond_distance']:.2f}"
    if labels["kind"] == EXCHANGED:
        return (
            f"Its rank correlation with the map of another class or layer at the same place is {left} at given"
            " distance from the target; nothing was trained anew."
        )
    training = labels["training"]
    return (
        f"Of a network trained on permuted masks for {training['steps']} steps ({training['right']:.0%} of them"
        f" right, {training['chance']:.0%} by chance) the map keeps a rank correlation of {left}."
    )


def _of_deletion(figures: Figures) -> str:
    curves = figures.get("curves")
    if not curves:
        return ""
    if curves["deletion"] is None:
        return "Image and baseline have the same score, so there is nothing that removing pixels could show."
    area, edges, random = (curves["deletion"][name] for name in ("area", "edges", "random"))
    said = "faster than" if area < min(edges, random) else "no faster than"
    return (
        f"Removing its pixels first lowers the score {said} removing edges or random pixels first"
        f" (area {area:.2f} against {edges:.2f} and {random:.2f})."
    )
