"""What every tool of the Label tools dock is: settings, and the function of codes and image that they make."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QWidget

from napari_strata.types import BACKGROUND, NOT_LABELLED, AnyArray
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import row_label

if TYPE_CHECKING:
    from napari_strata.jobs.label_tool import LabelTool
    from napari_strata.widgets.layers.label_target import LabelTarget

TAKES_PAINT_AWAY = "Untick 'Paint only where unlabelled': this takes paint away."


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Copies of what a tool works on, as they were when it was started.

    Attributes
    ----------
    codes, image : ndarray, shape (frame, y, x)
        Mask codes, and intensities; the codes again for a tool that looks at no image.
    code : int
        Code of the chosen class.
    only_unlabelled : bool
        Whether what is painted already stays.
    frame : int
        Which of the slices is shown.
    pixel_size : float or None
        Pixel size [Å/px].
    click : tuple of int, or None
        Row and column that were clicked.
    """

    codes: AnyArray
    image: AnyArray
    code: int
    only_unlabelled: bool
    frame: int
    pixel_size: float | None = None
    click: tuple[int, int] | None = None

    @property
    def each_slice(self) -> list[int | slice]:
        """The slices, one by one."""
        return list(range(len(self.codes)))

    @property
    def whole(self) -> list[int | slice]:
        """All slices at once; a single one as an image."""
        return [0] if len(self.codes) == 1 else [slice(0, len(self.codes))]


class ToolPage(QWidget):
    """Settings of one tool.

    Attributes
    ----------
    button : str
        What the button that starts it says.
    hint : str
        In words, what it does.
    slices : str
        What the tick for all slices says.
    slices_tip : str
        What that means.
    picks : bool
        Whether it is started by a click in the image.
    looks : bool
        Whether it looks at the image.
    needs_stack : bool
        Whether it works on all slices also where only one is changed.
    needs_class : bool
        Whether it works on the chosen class.
    """

    changed = Signal()
    """Emitted when a setting is another one."""

    button = "Apply"
    hint = ""
    slices = "In all slices"
    slices_tip = "Each slice for itself; otherwise only the slice that is shown."
    picks = False
    looks = False
    needs_stack = False
    needs_class = True

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = QFormLayout(self)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)

    def add_row(self, text: str, widget: QWidget, tip: str) -> None:
        """Add a row with a label."""
        widget.setToolTip(tip)
        self.rows.addRow(row_label(text), widget)

    def show_row(self, widget: QWidget, visible: bool) -> None:
        """Show or hide a row with its label."""
        widget.setVisible(visible)
        label = self.rows.labelForField(widget)
        if label is not None:
            label.setVisible(visible)

    def on_target(self, target: "LabelTarget") -> None:
        """Follow another image, class or slice."""

    def obstacle(self, target: "LabelTarget") -> str:
        """Say what keeps this tool, beyond what all need; an empty text where nothing does."""
        return ""

    @abstractmethod
    def plan(self, work: Work, *, all_slices: bool) -> "tuple[LabelTool, Sequence[int | slice]]":
        """Return the function to apply and the blocks to apply it to.

        Raises
        ------
        StrataError
            If there is nothing to apply it to.
        """

    def preview(self, work: Work) -> AnyArray | None:
        """Return new codes of a single slice, where that is quick enough to follow a slider; else None."""
        return None


class OverPaint(QCheckBox):
    """Whether a tool may replace other paint."""

    def __init__(self) -> None:
        super().__init__("May replace other paint")
        self.setToolTip("Otherwise background and other classes stay, and only unlabelled pixels are painted.")

    def spares_paint(self, work: Work) -> bool:
        """Return whether other paint stays."""
        return work.only_unlabelled or not self.isChecked()


class Becomes(ChoiceBox):
    """What becomes of pixels that are taken away from a class."""

    def __init__(self) -> None:
        super().__init__()
        self.addItem("not labelled", NOT_LABELLED)
        self.addItem("background", BACKGROUND)

    @property
    def code(self) -> int:
        """The code that they get."""
        return int(self.currentData())
