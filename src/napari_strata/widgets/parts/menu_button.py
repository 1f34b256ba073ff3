"""A button that offers a choice, made anew each time, and does what is chosen."""

from collections.abc import Callable, Iterable
from typing import Any

from qtpy.QtWidgets import QMenu, QPushButton, QWidget

from napari_strata.widgets.parts.notify import in_notifications


class MenuButton(QPushButton):
    """Shows a menu when it is pressed.

    Parameters
    ----------
    text, tip : str
        Text and tooltip of the button.
    offer : callable
        Returns the text of each choice and the choice itself.
    do : callable
        Takes the choice that was made.
    """

    def __init__(
        self,
        text: str,
        tip: str,
        offer: Callable[[], Iterable[tuple[str, Any]]],
        do: Callable[[Any], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.setToolTip(tip)
        self.setStyleSheet("QPushButton::menu-indicator { image: none; width: 0; }")
        self._offer, self._do = offer, do
        self.choices = QMenu(self)
        self.choices.aboutToShow.connect(self._fill)
        self.setMenu(self.choices)

    def choose(self, text: str) -> None:
        """Choose by the text of a choice, as a click does."""
        self._fill()
        next(action for action in self.choices.actions() if action.text() == text).trigger()

    def _fill(self) -> None:
        self.choices.clear()
        for text, choice in self._offer():
            slot = in_notifications(lambda _checked=False, choice=choice: self._do(choice))
            self.choices.addAction(text).triggered.connect(slot)
        if self.choices.isEmpty():
            self.choices.addAction("There is none.").setEnabled(False)
