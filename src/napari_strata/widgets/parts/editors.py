"""One editor for each kind of setting: number, pair of numbers, optional number, choice, switch, text, list.

magicgui makes those of switches, texts and choices. It has none that leaves a value empty or that shows decimal
numbers without useless zeros, it keeps whole numbers within their bounds after every key (64 could not be typed
where 16 is the least), and its lists take a row per value, so the others are made here.
"""

import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from magicgui.widgets import create_widget
from pydantic.fields import FieldInfo
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QWidget

_LARGEST_INT = 2**31 - 1
_DIGITS = 6
"""Digits of a number that are shown."""
_DECIMALS = 9
"""Decimals that the value of a box has."""
_BEGUN = re.compile(r"[+-]?\d*([.,]\d*)?([eE][+-]?\d*)?")
"""What is a number, or the beginning of one."""
_UNENDED = re.compile(r"[eE][+-]?$")
_END_WIDTH = 50
"""Least width of the number in a box for one end of a range [px]."""


@dataclass(frozen=True, slots=True)
class Editor:
    """A widget that edits one value.

    Attributes
    ----------
    widget : QWidget
        What the user sees.
    get, put : callable
        Read and write the value; what is read is validated by the settings model, not here.
    changed : tuple of signals
        Emitted when the user or `put` changes the value.
    """

    widget: QWidget
    get: Callable[[], Any]
    put: Callable[[Any], None]
    changed: tuple[Any, ...]


class _WheelFilter(QObject):
    """Keeps the mouse wheel from a box that has not the focus."""

    def eventFilter(self, box: QWidget, event: QEvent) -> bool:
        """Let such a wheel go on to the page that the box is on."""
        is_kept = event.type() == QEvent.Type.Wheel and not box.hasFocus()
        if is_kept:
            event.ignore()
        return bool(is_kept)


def _at_ease(box: QWidget) -> None:
    """Let the mouse wheel scroll the page unless a box has the focus, and let the box be narrow."""
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    box.setMinimumWidth(50)
    box.installEventFilter(_WheelFilter(box))
    if isinstance(box, QComboBox):
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)


class NumberBox(QDoubleSpinBox):
    """A box for a decimal number that shows no useless zeros and leaves the wheel to the page it is on.

    It takes ``0.003``, ``0,003`` and ``3e-3``, whatever the language: Qt takes the comma of an English text for a
    mark of thousands and refuses the e, so that other numbers would come of what was typed. What is on the way to
    a number stays as it is until editing ends.

    Of the language it takes the comma alone: other digits, minus signs and ``1×10^−5`` could not be edited.
    """

    def __init__(self, minimum: float = 0.0, maximum: float = 1e6) -> None:
        super().__init__()
        self.setDecimals(_DECIMALS)
        self.setRange(minimum, maximum)
        _at_ease(self)

    def textFromValue(self, value: float) -> str:
        """Write 5 as ``5`` and 0.106 as ``0.106``."""
        text = f"{value:.{_DIGITS}g}"
        return text.replace(".", ",") if self.locale().decimalPoint() == "," else text

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Refuse what can become no number, and wait where it can become one, or one within the bounds."""
        if text and text == self.specialValueText():
            return QValidator.State.Acceptable, text, position
        if not _BEGUN.fullmatch(self._bare(text)):
            return QValidator.State.Invalid, text, position
        number = _number(self._bare(text))
        is_done = number is not None and self.minimum() <= number <= self.maximum()
        return QValidator.State.Acceptable if is_done else QValidator.State.Intermediate, text, position

    def valueFromText(self, text: str) -> float:
        """Read a number; what is none, or what the value is shown as, leaves all its digits as they are."""
        if text and text == self.specialValueText():
            return float(self.minimum())
        bare = self._bare(text)
        number = None if bare == self.textFromValue(self.value()) else _number(bare)
        return float(self.value()) if number is None else number

    def fixup(self, text: str) -> str:
        """Return the nearest number within the bounds, once editing ends."""
        number = _number(_UNENDED.sub("", self._bare(text)))
        nearest = self.value() if number is None else min(max(number, self.minimum()), self.maximum())
        return f"{self.prefix()}{self.textFromValue(nearest)}{self.suffix()}"

    def _bare(self, text: str) -> str:
        return text.removeprefix(self.prefix()).removesuffix(self.suffix()).strip()

    def set_value(self, value: float) -> None:
        """Show a value and step by about a tenth of it."""
        exponent = -2 if value == 0 else len(f"{abs(value):.0f}") - 2 if abs(value) >= 1 else _exponent(value) - 1
        self.setSingleStep(10.0**exponent)
        self.setValue(value)


class IntegerBox(QSpinBox):
    """A box for a whole number that leaves the wheel to the page it is on."""

    def __init__(self, minimum: int = 0, maximum: int = _LARGEST_INT) -> None:
        super().__init__()
        self.setRange(minimum, maximum)
        self.setCorrectionMode(QSpinBox.CorrectionMode.CorrectToNearestValue)
        _at_ease(self)


class ChoiceBox(QComboBox):
    """A drop-down list that leaves the wheel to the page it is on."""

    def __init__(self) -> None:
        super().__init__()
        _at_ease(self)


def make_editor(field: FieldInfo) -> Editor:
    """Make the editor that fits a field's type and bounds.

    Raises
    ------
    TypeError
        If there is no editor for such a type.
    """
    kind = field.annotation
    if get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind):
        (inner,) = (argument for argument in get_args(kind) if argument is not type(None))
        return _optional(_plain(inner, field))
    return _plain(kind, field)


def _plain(kind: Any, field: FieldInfo) -> Editor:
    if kind is float:
        number = NumberBox(*_bounds(field, step=10.0**-_DECIMALS, default=(0.0, 1e6)))
        return Editor(number, number.value, number.set_value, (number.valueChanged,))
    if kind is int:
        return _whole(field)
    if kind in (bool, str, Path) or get_origin(kind) is Literal:
        return _magic(kind)
    if get_origin(kind) is tuple and get_args(kind) == (float, float):
        return _pair(field)
    if get_origin(kind) is tuple:
        return _listing()
    raise TypeError(f"no editor for a field of type {kind}")


def _whole(field: FieldInfo) -> Editor:
    low, high = _bounds(field, step=1, default=(0, _LARGEST_INT))
    box = IntegerBox(int(low), int(high))
    box.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
    return Editor(box, box.value, box.setValue, (box.valueChanged,))


def _magic(kind: Any) -> Editor:
    widget = create_widget(annotation=kind)
    _at_ease(widget.native)
    return Editor(widget.native, widget.get_value, widget.set_value, (widget.changed,))


def _pair(field: FieldInfo) -> Editor:
    low, high = (_plain(float, field) for _ in range(2))
    for end in (low, high):
        end.widget.setStyleSheet(
            f"min-width: {_END_WIDTH}px"
        )  # napari's style has them wider than a dock has room for
    row = _row(low.widget, QLabel("to"), high.widget)

    def put(values: tuple[float, float]) -> None:
        low.put(values[0])
        high.put(values[1])

    return Editor(row, lambda: (low.get(), high.get()), put, low.changed + high.changed)


def _listing() -> Editor:
    line = QLineEdit()
    return Editor(
        line,
        lambda: [part.strip() for part in line.text().split(",") if part.strip()],
        lambda values: line.setText(", ".join(map(str, values))),
        (line.textChanged,),
    )


def _optional(inner: Editor) -> Editor:
    switch = QCheckBox()
    switch.setToolTip("Untick to leave this empty.")
    switch.toggled.connect(inner.widget.setEnabled)
    row = _row(switch, inner.widget)

    def put(value: Any) -> None:
        switch.setChecked(value is not None)
        inner.widget.setEnabled(value is not None)
        if value is not None:
            inner.put(value)

    return Editor(row, lambda: inner.get() if switch.isChecked() else None, put, (switch.toggled, *inner.changed))


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget, 0 if isinstance(widget, QLabel | QCheckBox) else 1)
    return row


def _bounds(field: FieldInfo, *, step: float, default: tuple[float, float]) -> tuple[float, float]:
    low, high = default
    for bound in field.metadata:
        low = getattr(bound, "ge", low)
        high = getattr(bound, "le", high)
        low = bound.gt + step if hasattr(bound, "gt") else low
        high = bound.lt - step if hasattr(bound, "lt") else high
    return low, high


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _exponent(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])
