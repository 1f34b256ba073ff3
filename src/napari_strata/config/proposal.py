"""Where a map counts, and how it becomes a mask."""

from typing import Literal

from napari_strata.config.base import Config, setting

Side = Literal["for", "against", "either"]
Rule = Literal["maximum", "quantile"]


class ProposalConfig(Config):
    """Threshold of a map, and how a mask is made of it."""

    rule: Rule = setting(
        "maximum", "Whether the threshold is a part of the map's maximum, or a quantile of its pixels above 0."
    )
    part: float = setting(0.3, "That part of the maximum, or that quantile.", ge=0, le=1)
    side: Side = setting("for", "Whether what speaks for the score counts, what speaks against it, or either.")
    how: Literal["threshold", "graph-cut"] = setting(
        "threshold", "Take all that is above the threshold, or cut along the edges of the image near it."
    )
    evidence: Literal["map", "map-and-image"] = setting(
        "map", "What tells a pixel's side in a graph cut: the map, or also how bright both sides are."
    )
    smoothness: float = setting(0.5, "Weight of a short outline along edges in a graph cut.", ge=0, le=100)
