"""Settings of the flood fill."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.annotation.tools.flood import flood_from
from napari_strata.widgets.label_tools.page import ToolPage, Work
from napari_strata.widgets.parts.number_boxes import NumberBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_strata.jobs.label_tool import LabelTool
    from napari_strata.widgets.layers.label_target import LabelTarget

_PART = 0.1
"""Of the contrast of a slice, the tolerance that is proposed."""


class FloodPage(ToolPage):
    """Paints the connected region around a click whose brightness is close to that of the click."""

    button = "Click in the image"
    hint = "Press 'Click in the image', then click on what you mean. Raise the tolerance if too little is painted."
    slices = "Through all slices"
    slices_tip = (
        "The region goes on into the slices before and after; otherwise it stays in the slice that is shown."
    )
    picks = True
    looks = True

    def __init__(self) -> None:
        super().__init__()
        self.tolerance = NumberBox(0.0, 1e12)
        self._proposed_for: object = None
        self.add_row("Tolerance", self.tolerance, "How far the brightness may differ from that of the click.")

    def on_target(self, target: "LabelTarget") -> None:
        """Propose a tolerance for another image."""
        if target.image != self._proposed_for and not target.obstacle(needs_class=False):
            self._proposed_for = target.image
            self.tolerance.set_value(self._tenth(target))

    def plan(self, work: Work, *, all_slices: bool) -> "tuple[LabelTool, Sequence[int | slice]]":
        """Flood from the click."""
        assert work.click is not None, "this tool is started by a click"
        seed = work.click if len(work.codes) == 1 else (work.frame, *work.click)
        flood = partial(
            flood_from,
            seed=seed,
            tolerance=self.tolerance.value(),
            code=work.code,
            only_unlabelled=work.only_unlabelled,
        )
        return flood, work.whole

    def _tenth(self, target: "LabelTarget") -> float:
        """Return a tenth of the contrast of the first slice, to three digits."""
        values = target.intensities(slice(0, 1))
        values = values[np.isfinite(values)]
        contrast = np.ptp(np.percentile(values, (1, 99))) if values.size else 0.0
        return float(f"{_PART * contrast:.3g}")
