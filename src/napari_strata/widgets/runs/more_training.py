"""A window that asks how much longer a training may take whose budget is spent."""

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from napari_strata.widgets.parts.number_boxes import IntegerBox, NumberBox
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari_strata.training.folders.listing import Run

MOST = 100_000
"""Largest number that can be added."""
WIDTH = 340
"""Of the window [px]."""


class MoreTraining(QDialog):
    """Asks for more epochs, minutes or patience, and proposes as much again of what is spent.

    Parameters
    ----------
    run : Run
        A run with settings that can be read.
    """

    def __init__(self, run: "Run", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        assert run.config is not None, "a run that can go on has settings"
        self._training = training = run.config.training
        self.setWindowTitle(f"Continue {run.folder.name}")
        self.epochs, self.minutes, self.patience = IntegerBox(), NumberBox(), IntegerBox()
        rows = QFormLayout()
        for name, words, box, tip in (
            ("epochs", "More epochs", self.epochs, "Besides those that it had."),
            ("time_limit", "More minutes", self.minutes, "Besides those that it had."),
            ("patience", "More patience [epochs]", self.patience, "How much longer to wait for a better score."),
        ):
            before = getattr(training, name)
            box.setRange(0, MOST)
            box.setToolTip(tip)
            if before is not None:
                box.setValue(before if name in run.spent else 0)
                rows.addRow(f"{words} (so far {before:g})", box)
            box.valueChanged.connect(self._on_changed)
        words = Words()
        words.setText("This training has used up what it was given. How much longer may it train?")
        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        self.continue_button = self.buttons.button(kinds.Ok)
        self.continue_button.setText("Continue")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addLayout(rows)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(WIDTH)
        self._on_changed()

    @property
    def budgets(self) -> dict[str, Any]:
        """What is to be other than before: settings of the training with their new values."""
        added = {
            "epochs": self.epochs.value(),
            "time_limit": self.minutes.value(),
            "patience": self.patience.value(),
        }
        return {name: getattr(self._training, name) + more for name, more in added.items() if more}

    def _on_changed(self, _value: float = 0) -> None:
        self.continue_button.setEnabled(bool(self.budgets))
