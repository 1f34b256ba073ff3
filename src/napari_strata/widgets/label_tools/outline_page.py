"""Settings of growing, shrinking and smoothing."""

from typing import TYPE_CHECKING

from napari_strata.annotation.tools.outline import grow, shrink, smooth
from napari_strata.types import AnyArray
from napari_strata.widgets.label_tools.amount import AmountRow
from napari_strata.widgets.label_tools.page import TAKES_PAINT_AWAY, Becomes, OverPaint, ToolPage, Work
from napari_strata.widgets.parts.editors import ChoiceBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_strata.jobs.label_tool import LabelTool
    from napari_strata.widgets.layers.label_target import LabelTarget

_GROW, _SHRINK, _SMOOTH = "grow", "shrink", "smooth"


class OutlinePage(ToolPage):
    """Moves or smooths the outline of the chosen class."""

    hint = "Works on all that is painted in the chosen class."

    def __init__(self) -> None:
        super().__init__()
        self.action = ChoiceBox()
        for text in (_GROW, _SHRINK, _SMOOTH):
            self.action.addItem(text.capitalize(), text)
        self.radius = AmountRow(1, 2)
        self.over = OverPaint()
        self.becomes = Becomes()
        self.add_row("What to do", self.action, "Grow or shrink by a distance, or smooth the outline.")
        self.add_row("By", self.radius, "Distance; for smoothing, the size of the bumps that go.")
        self.add_row("Rim becomes", self.becomes, "What becomes of pixels that leave the class.")
        self.rows.addRow(self.over)
        self.action.currentIndexChanged.connect(self._on_action)
        self._on_action()

    def on_target(self, target: "LabelTarget") -> None:
        """Offer ångström where the pixel size is known."""
        self.radius.set_pixel_size(target.pixel_size)

    def obstacle(self, target: "LabelTarget") -> str:
        """Protect paint from being taken away."""
        return TAKES_PAINT_AWAY if target.only_unlabelled and self.action.currentData() != _GROW else ""

    def plan(self, work: Work, *, all_slices: bool) -> "tuple[LabelTool, Sequence[int | slice]]":
        """Work on each slice for itself."""
        action, radius, becomes = self.action.currentData(), self.radius.in_pixels, self.becomes.code
        spares = self.over.spares_paint(work)

        def change(codes: AnyArray, _image: AnyArray) -> AnyArray:
            if action == _GROW:
                return grow(codes, radius, code=work.code, only_unlabelled=spares)
            if action == _SHRINK:
                return shrink(codes, radius, code=work.code, becomes=becomes)
            return smooth(codes, radius, code=work.code, only_unlabelled=spares, becomes=becomes)

        return change, work.each_slice

    def _on_action(self, _index: int = 0) -> None:
        action = self.action.currentData()
        self.over.setVisible(action != _SHRINK)
        self.show_row(self.becomes, action != _GROW)
        self.changed.emit()
