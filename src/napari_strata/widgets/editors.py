"""One Qt editor for each kind of setting: number, pair of numbers, optional number, choice, switch, text, list."""

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from qtpy.QtCore import Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QWidget

_LARGEST_INT = 2**31 - 1
_DECIMALS = 6


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


class NumberBox(QDoubleSpinBox):
    """A box for a decimal number that shows no useless zeros and leaves the wheel to the page it is on."""

    def __init__(self, minimum: float = 0.0, maximum: float = 1e6) -> None:
        super().__init__()
        self.setDecimals(_DECIMALS)
        self.setRange(minimum, maximum)
        _let_scroll(self)

    def textFromValue(self, value: float) -> str:
        """Write 5 as ``5`` and 0.106 as ``0.106``."""
        return str(self.locale().toString(value, "g", _DECIMALS))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change the number only while it has the focus."""
        _wheel(self, event, super().wheelEvent)

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
        _let_scroll(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change the number only while it has the focus."""
        _wheel(self, event, super().wheelEvent)


class ChoiceBox(QComboBox):
    """A drop-down list that leaves the wheel to the page it is on."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        _let_scroll(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change the choice only while it has the focus."""
        _wheel(self, event, super().wheelEvent)


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
    if kind is bool:
        switch = QCheckBox()
        return Editor(switch, switch.isChecked, switch.setChecked, (switch.toggled,))
    if kind is int:
        whole = IntegerBox(*(int(bound) for bound in _bounds(field, step=1, default=(0, _LARGEST_INT))))
        return Editor(whole, whole.value, whole.setValue, (whole.valueChanged,))
    if kind is float:
        number = NumberBox(*_bounds(field, step=10.0**-_DECIMALS, default=(0.0, 1e6)))
        return Editor(number, number.value, number.set_value, (number.valueChanged,))
    if kind is str:
        line = QLineEdit()
        return Editor(line, line.text, line.setText, (line.textChanged,))
    if get_origin(kind) is Literal:
        return _choice(get_args(kind))
    if get_origin(kind) is tuple and get_args(kind) == (float, float):
        return _pair(field)
    if get_origin(kind) is tuple and get_args(kind)[1:] == (...,):
        return _listing()
    raise TypeError(f"no editor for a field of type {kind}")


def _choice(values: tuple[Any, ...]) -> Editor:
    box = ChoiceBox()
    for value in values:
        box.addItem(str(value), value)
    return Editor(
        box,
        box.currentData,
        lambda value: box.setCurrentIndex(box.findData(value)),
        (box.currentIndexChanged,),
    )


def _pair(field: FieldInfo) -> Editor:
    low, high = (_plain(float, field) for _ in range(2))
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


def _exponent(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])


def _let_scroll(box: QWidget) -> None:
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    box.setMinimumWidth(50)


def _wheel(box: QWidget, event: QWheelEvent, turn: Callable[[QWheelEvent], None]) -> None:
    if box.hasFocus():
        turn(event)
    else:
        event.ignore()
