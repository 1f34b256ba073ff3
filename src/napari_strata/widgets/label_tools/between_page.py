"""Filling a class between painted slices needs no settings."""

from typing import TYPE_CHECKING

from napari_strata.annotation.tools.between import fill_between, gaps_of
from napari_strata.types import AnyArray
from napari_strata.widgets.label_tools.page import ToolPage, Work
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_strata.jobs.label_tool import LabelTool
    from napari_strata.widgets.layers.label_target import LabelTarget

_HOW = (
    "Paint the class in two slices and go to a slice between them. Its outline is carried over step by step; what "
    "is painted in between stays."
)


class BetweenPage(ToolPage):
    """Fills the chosen class between the two nearest slices in which it is painted."""

    button = "Fill between"
    hint = "The slices between the nearest painted ones, before and after the one that is shown, are filled."
    slices = "Every gap of the stack"
    slices_tip = "All gaps between painted slices; otherwise the one around the slice that is shown."
    needs_stack = True

    def __init__(self) -> None:
        super().__init__()
        words = Words()
        words.setText(_HOW)
        self.rows.addRow(words)

    def obstacle(self, target: "LabelTarget") -> str:
        """Ask for a stack."""
        return "This needs a stack of at least three slices." if target.frames < 3 else ""

    def plan(self, work: Work, *, all_slices: bool) -> "tuple[LabelTool, Sequence[int | slice]]":
        """Fill gap by gap."""

        def fill(codes: AnyArray, _image: AnyArray) -> AnyArray:
            return fill_between(codes, code=work.code)

        return fill, gaps_of(work.codes, work.code, at=None if all_slices else work.frame)
