"""Boxes for numbers that take what is typed as it is meant, or refuse it in words; never as another number.

Qt's own boxes drop the keys that they do not know, so that ``1e3`` becomes 13 and ``-5`` becomes 5, and cut what
is out of their bounds to the nearest end.
"""

import re
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

from napari_strata.widgets.parts.notify import show_refused

if TYPE_CHECKING:
    from qtpy.QtWidgets import QAbstractSpinBox as _Box
else:
    _Box = object

LARGEST_INT = 2**31 - 1
DECIMALS = 9
"""Decimals that the value of a box has."""
_DIGITS = 6
"""Digits of a number that are shown."""
_WIDTH = 50
"""Least width of a box [px]."""
_DECIMAL = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?(\d+|(\d+[.,]\d*|[.,]\d+)[eE]\+?\d+|\d+[eE][+-]?\d+)", re.ASCII)
"""Whole numbers; ``1.000`` is none, because it is a thousand for some and one for others."""


class _WheelFilter(QObject):
    """Keeps the mouse wheel from a box that has not the focus."""

    def eventFilter(self, box: QWidget, event: QEvent) -> bool:
        """Let such a wheel go on to the page that the box is on."""
        is_kept = event.type() == QEvent.Type.Wheel and not box.hasFocus()
        if is_kept:
            event.ignore()
        return bool(is_kept)


def at_ease(box: QWidget) -> None:
    """Let the mouse wheel scroll the page unless a box has the focus, and let the box be narrow."""
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    box.setMinimumWidth(_WIDTH)
    box.installEventFilter(_WheelFilter(box))


class _TypedNumber(_Box):
    """What both boxes have in common: all keys are shown, and once editing ends the text is taken or refused.

    What is refused leaves the number that was there before the first key. Who speaks of it is told by the box's
    accessible name.
    """

    _KIND = "number"
    _FORM = _DECIMAL
    _settled: Any = 0

    def __init__(self) -> None:
        super().__init__()
        at_ease(self)
        self.editingFinished.connect(self._settle)

    def setRange(self, minimum: float, maximum: float) -> None:
        """Take numbers between two ends, them included."""
        super().setRange(minimum, maximum)
        self._settle()

    def setValue(self, value: float) -> None:
        """Show a number."""
        super().setValue(value)
        self._settle()

    def stepBy(self, steps: int) -> None:
        """Go up or down."""
        super().stepBy(steps)
        self._settle()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Wait, whatever is typed, until it is a number that can be taken."""
        is_done = self.read(text) is not None
        return QValidator.State.Acceptable if is_done else QValidator.State.Intermediate, text, position

    def fixup(self, text: str) -> str:
        """Return the number before, and say why; where nothing is left nothing was meant."""
        if self._bare(text):
            title = f"{self.accessibleName()}: " if self.accessibleName() else ""
            self.refuse(f"{title}{self.why_not(self._bare(text))} It stays {self._shown()}.")
        return self._shown()

    def refuse(self, words: str) -> None:
        """Say why what was typed is not taken."""
        show_refused(words)

    def read(self, text: str) -> float | None:
        """Return the number that a text means; None where it means none that can be taken."""
        bare = self._bare(text)
        if self.specialValueText() and bare in ("", self.specialValueText()):
            return float(self.minimum())
        number = self.number(bare)
        return number if number is not None and self.minimum() <= number <= self.maximum() else None

    def why_not(self, typed: str) -> str:
        """Say why what was typed is not taken."""
        if self.number(typed) is None:
            return f"“{typed}” is no {self._KIND}."
        low, high = (self.textFromValue(end) for end in (self.minimum(), self.maximum()))
        return f"{typed} is not between {low} and {high}."

    def number(self, bare: str) -> float | None:
        """Return the number that a text without prefix and suffix means, within the bounds or not."""
        number = float(bare.replace(",", ".")) if self._FORM.fullmatch(bare) else None
        return None if number is None or (self._FORM is _WHOLE and not number.is_integer()) else number

    def _bare(self, text: str) -> str:
        return str(text).removeprefix(self.prefix()).removesuffix(self.suffix()).strip()

    def _shown(self) -> str:
        if self.specialValueText() and self._settled == self.minimum():
            return str(self.specialValueText())
        return f"{self.prefix()}{self.textFromValue(self._settled)}{self.suffix()}"

    def _settle(self) -> None:
        self._settled = self.value()


class NumberBox(_TypedNumber, QDoubleSpinBox):
    """A box for a decimal number that shows no useless zeros and leaves the wheel to the page it is on.

    It takes ``0.003``, ``0,003`` and ``3e-3``, whatever the language: Qt takes the comma of an English text for a
    mark of thousands and refuses the e, so that other numbers would come of what was typed.

    Of the language it takes the comma alone: other digits, minus signs and ``1×10^−5`` could not be edited.
    """

    def __init__(self, minimum: float = 0.0, maximum: float = 1e6) -> None:
        super().__init__()
        self.setDecimals(DECIMALS)
        self.setRange(minimum, maximum)

    def textFromValue(self, value: float) -> str:
        """Write 5 as ``5`` and 0.106 as ``0.106``."""
        text = f"{value:.{_DIGITS}g}"
        return text.replace(".", ",") if self.locale().decimalPoint() == "," else text

    def valueFromText(self, text: str) -> float:
        """Read a number; the text that the value is shown as leaves all its digits as they are."""
        number = None if self._bare(text) == self.textFromValue(self.value()) else self.read(text)
        return float(self.value()) if number is None else number

    def set_value(self, value: float) -> None:
        """Show a value and step by about a tenth of it."""
        exponent = -2 if value == 0 else len(f"{abs(value):.0f}") - 2 if abs(value) >= 1 else _exponent(value) - 1
        self.setSingleStep(10.0**exponent)
        self.setValue(value)


class IntegerBox(_TypedNumber, QSpinBox):
    """A box for a whole number that takes ``1e3``, too, and leaves the wheel to the page it is on."""

    _KIND = "whole number"
    _FORM = _WHOLE

    def __init__(self, minimum: int = 0, maximum: int = LARGEST_INT) -> None:
        super().__init__()
        self.setRange(minimum, maximum)

    def textFromValue(self, value: int) -> str:
        """Write digits that every language can edit."""
        return str(value)

    def valueFromText(self, text: str) -> int:
        """Read a whole number."""
        number = self.read(text)
        return int(self.value()) if number is None else int(number)


def _exponent(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])
