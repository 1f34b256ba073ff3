"""From a prepared question to heatmaps on the image's grid, ever better ones."""

import math
from collections.abc import Generator

from napari_strata.explain.catalogue import load_method
from napari_strata.explain.heatmap import Heatmap
from napari_strata.explain.prepare import Prepared


def explain(prepared: Prepared) -> Generator[Heatmap, None, None]:
    """Compute the heatmap of a question.

    Only the window that the target depends on is computed; the map is 0 outside.

    Parameters
    ----------
    prepared : Prepared
        Score, scene and settings.

    Yields
    ------
    Heatmap
        At least one; its metadata tell which part of the work is ``done``, and the last one has 1.
    """
    method = load_method(prepared.scene.config.method)
    for found in method(prepared.score, prepared.scene):
        figures = {name: value for name, value in found.figures.items() if math.isfinite(value)}
        metadata = {**prepared.metadata, "done": found.done, "figures": figures}
        yield Heatmap(prepared.on_image(found.map), metadata, found.covers)
