"""One editor for each kind of setting: number, pair of numbers, optional number, choice, switch, text, list.

magicgui makes those of switches, texts and choices. It has none that leaves a value empty or that shows decimal
numbers without useless zeros, it keeps whole numbers within their bounds after every key (64 could not be typed
where 16 is the least), and its lists take a row per value, so the others are made here.
"""

import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from magicgui.widgets import create_widget
from pydantic.fields import FieldInfo
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QWidget

from napari_strata.widgets.parts.number_boxes import DECIMALS, LARGEST_INT, IntegerBox, NumberBox, at_ease

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


def _at_ease(box: QWidget) -> None:
    at_ease(box)
    if isinstance(box, QComboBox):
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)


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
        number = NumberBox(*_bounds(field, step=10.0**-DECIMALS, default=(0.0, 1e6)))
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
    low, high = _bounds(field, step=1, default=(0, LARGEST_INT))
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
    """Put a switch before an editor, which is out of sight while the value is left empty."""
    switch = QCheckBox()
    row = _row(switch, inner.widget)
    if isinstance(inner.widget, NumberBox):
        inner.put(max(inner.widget.minimum(), 1.0))  # and not the smallest number above 0

    def reveal(is_stated: bool) -> None:
        switch.setText("" if is_stated else "set")
        inner.widget.setVisible(is_stated)

    def put(value: Any) -> None:
        switch.setChecked(value is not None)
        if value is not None:
            inner.put(value)

    switch.toggled.connect(reveal)
    reveal(False)

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
