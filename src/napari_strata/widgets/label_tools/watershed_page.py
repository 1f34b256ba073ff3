"""Settings of the watershed, in plain words."""

from functools import partial
from typing import TYPE_CHECKING

from napari_strata.annotation.tools.watershed import Surface, flood_from_markers
from napari_strata.widgets.label_tools.page import ToolPage, Work
from napari_strata.widgets.parts.editors import ChoiceBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_strata.jobs.label_tool import LabelTool

_WORDS = {
    Surface.EDGES: "at edges (gradient)",
    Surface.BRIGHT_LINES: "on bright lines (intensity)",
    Surface.DARK_LINES: "on dark lines (intensity)",
    Surface.HALFWAY: "halfway between strokes (distance)",
}


class WatershedPage(ToolPage):
    """Grows all that is painted until it meets."""

    hint = "Paint a stroke in each region, background included: they grow over what is unlabelled until they meet."
    slices = "Through all slices"
    slices_tip = "Strokes in a few slices grow through the stack; otherwise only in the slice that is shown."
    looks = True
    needs_class = False

    def __init__(self) -> None:
        super().__init__()
        self.surface = ChoiceBox()
        for surface, words in _WORDS.items():
            self.surface.addItem(words, surface)
        self.add_row("Regions meet", self.surface, "Where the border between two regions is drawn.")

    def plan(self, work: Work, *, all_slices: bool) -> "tuple[LabelTool, Sequence[int | slice]]":
        """Flood the slice, or the whole stack at once."""
        return partial(flood_from_markers, surface=Surface(self.surface.currentData())), work.whole
