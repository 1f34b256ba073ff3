"""Settings of removing specks and filling holes."""

from typing import TYPE_CHECKING

from napari_strata.annotation.tools.specks import fill_holes, remove_specks
from napari_strata.types import AnyArray
from napari_strata.widgets.label_tools.amount import AmountRow
from napari_strata.widgets.label_tools.page import TAKES_PAINT_AWAY, Becomes, OverPaint, ToolPage, Work
from napari_strata.widgets.parts.editors import ChoiceBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_strata.jobs.label_tool import LabelTool
    from napari_strata.widgets.layers.label_target import LabelTarget

_SPECKS, _HOLES = "specks", "holes"


class SpecksPage(ToolPage):
    """Removes pieces of the chosen class, or fills holes in it, that are smaller than an area."""

    hint = "Works on all that is painted in the chosen class."

    def __init__(self) -> None:
        super().__init__()
        self.action = ChoiceBox()
        self.action.addItem("Remove small specks", _SPECKS)
        self.action.addItem("Fill small holes", _HOLES)
        self.area = AmountRow(2, 20)
        self.over = OverPaint()
        self.becomes = Becomes()
        self.add_row("What to do", self.action, "Take small pieces away, or fill small holes.")
        self.add_row("Smaller than", self.area, "Area of the smallest piece, or hole, that stays.")
        self.add_row("They become", self.becomes, "What becomes of pixels that leave the class.")
        self.rows.addRow(self.over)
        self.action.currentIndexChanged.connect(self._on_action)
        self._on_action()

    def on_target(self, target: "LabelTarget") -> None:
        """Offer ångström where the pixel size is known."""
        self.area.set_pixel_size(target.pixel_size)

    def obstacle(self, target: "LabelTarget") -> str:
        """Protect paint from being taken away."""
        return TAKES_PAINT_AWAY if target.only_unlabelled and self.action.currentData() == _SPECKS else ""

    def plan(self, work: Work, *, all_slices: bool) -> "tuple[LabelTool, Sequence[int | slice]]":
        """Work on each slice for itself."""
        action, area, becomes = self.action.currentData(), self.area.in_pixels, self.becomes.code
        spares = self.over.spares_paint(work)

        def change(codes: AnyArray, _image: AnyArray) -> AnyArray:
            if action == _SPECKS:
                return remove_specks(codes, area, code=work.code, becomes=becomes)
            return fill_holes(codes, area, code=work.code, only_unlabelled=spares)

        return change, work.each_slice

    def _on_action(self, _index: int = 0) -> None:
        is_specks = self.action.currentData() == _SPECKS
        self.over.setVisible(not is_specks)
        self.show_row(self.becomes, is_specks)
        self.changed.emit()
