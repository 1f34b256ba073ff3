"""A form made from a settings model: a basic face, and the rest folded away under "Advanced"."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Generic, TypeVar

from pydantic.fields import FieldInfo
from qtpy.QtCore import QEvent, QObject, QSize, Qt, Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_strata.config import Config
from napari_strata.config.base import title_of
from napari_strata.widgets.parts.editors import Editor, make_editor
from napari_strata.widgets.parts.plain_words import plainly

C = TypeVar("C", bound=Config)
LABEL_WIDTH = 120
"""Least width of the labels in front of the editors [px]."""
_NO_LIMIT = 2**24 - 1
"""Qt's QWIDGETSIZE_MAX, which not every binding has [px]."""
_GAP = 4
"""Room between a form and its scroll bar [px]."""
_QUIET = "QCollapsible > QPushButton, QCollapsible > QPushButton:checked { background: transparent; }"
"""Style of a fold inside a fold, so that the outer one stands out."""


class ConfigForm(QWidget, Generic[C]):
    """Edits the fields of a settings model; labels, bounds, tooltips and defaults come from the model.

    Parameters
    ----------
    config_class : type of Config
        The settings model.
    fields : iterable of str, optional
        Fields to show, in this order; all of them by default. The others keep their defaults.
    advanced_title : str
        Title of the folded part.
    """

    changed = Signal()
    """Emitted when any field changes."""

    def __init__(
        self,
        config_class: type[C],
        fields: Iterable[str] | None = None,
        *,
        advanced_title: str = "Advanced",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._config_class = config_class
        self._forms: dict[str, ConfigForm[Any]] = {}
        self._editors: dict[str, Editor] = {}
        self._labels: dict[str, QLabel] = {}
        self._face, folded = form_layout(), form_layout()
        for name in _plain_first(config_class, config_class.model_fields if fields is None else fields):
            field = config_class.model_fields[name]
            self._add(name, field, folded if _extra(field).get("advanced") else self._face)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        if self._face.rowCount():
            layout.addLayout(self._face)
        self.advanced: QCollapsible | None = None
        """The folded part; None where every field is on the face."""
        if folded.rowCount():
            content = QWidget()
            content.setLayout(folded)
            self.advanced = fold(advanced_title, content)
            layout.addWidget(self.advanced)

    def editor(self, name: str) -> QWidget:
        """Return the widget that edits a field."""
        return self._forms[name] if name in self._forms else self._editors[name].widget

    def values(self, **fixed: Any) -> C:
        """Return the validated settings.

        Parameters
        ----------
        **fixed
            Values of fields that are decided elsewhere.

        Raises
        ------
        ConfigError
            Naming each field that cannot be as it is.
        """
        shown: dict[str, Any] = {name: editor.get() for name, editor in self._editors.items()}
        shown |= {name: form.values() for name, form in self._forms.items()}
        with plainly(self._config_class):
            return self._config_class.parse(shown | fixed)

    def set_values(self, config: C) -> None:
        """Show given settings."""
        for name, editor in self._editors.items():
            editor.put(getattr(config, name))
        for name, form in self._forms.items():
            form.set_values(getattr(config, name))

    def value(self, name: str) -> Any:
        """Return what one field shows, not validated."""
        return self._editors[name].get()

    def set_value(self, name: str, value: Any) -> None:
        """Show another value in one field."""
        self._editors[name].put(value)

    def show_field(self, name: str, visible: bool) -> None:
        """Show or hide one row of the basic face."""
        self._labels[name].setVisible(visible)
        self.editor(name).setVisible(visible)

    def _add(self, name: str, field: FieldInfo, rows: QFormLayout) -> None:
        title = _label(name, field)
        if _is_section(field):
            assert isinstance(field.annotation, type)
            form: ConfigForm[Any] = ConfigForm(field.annotation, advanced_title=title)
            form.setToolTip(field.description or "")
            form.changed.connect(self.changed)
            if form.advanced is not None:
                form.advanced.setStyleSheet(_QUIET)
            self._forms[name] = form
            rows.addRow(form)
            return
        label = row_label(title)
        label.setToolTip(field.description or "")
        self._labels[name] = label
        editor = make_editor(field)
        default = field.get_default(call_default_factory=True)
        if not field.is_required():
            editor.put(default)
        for signal in editor.changed:
            signal.connect(self._on_changed)
            if _extra(field).get("fills"):
                signal.connect(partial(self._fill, name))
        editor.widget.setToolTip(field.description or "")
        for box in (editor.widget, *editor.widget.findChildren(QWidget)):
            is_switch = isinstance(box, QCheckBox) and box is not editor.widget
            box.setAccessibleName(f"{title_of(name, field)}: set" if is_switch else title_of(name, field))
        self._editors[name] = editor
        rows.addRow(label, editor.widget)

    def _fill(self, name: str, *_value: object) -> None:
        """Show what a field decides that decides others."""
        filled = self._config_class.parse({name: self.value(name)})
        for other in filled.model_fields_set - {name}:
            self.set_value(other, getattr(filled, other))

    def _on_changed(self, *_value: object) -> None:
        self.changed.emit()


class Page(QScrollArea):
    """Scrolls up and down where a form is higher than the screen, and is never narrower than the form.

    Parameters
    ----------
    content : QWidget
        The form.
    """

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setViewportMargins(0, 0, _GAP, 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for another width when a part of the form is unfolded."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def minimumSizeHint(self) -> QSize:
        """Leave room for the form, the scroll bar, and a gap between them."""
        content, bar = self.widget().minimumSizeHint(), self.verticalScrollBar().sizeHint()
        width = content.width() + _GAP + bar.width() + 2 * self.frameWidth()
        return QSize(width, min(content.height(), 100))

    def sizeHint(self) -> QSize:
        """Ask for the whole form."""
        return QSize(self.minimumSizeHint().width(), self.widget().sizeHint().height())


def row_label(text: str) -> QLabel:
    """Make the label of a row; all are equally wide, so that forms below each other line up."""
    label = QLabel(text)
    label.setMinimumWidth(LABEL_WIDTH)
    return label


def fold(title: str, content: QWidget) -> QCollapsible:
    """Make a foldable part whose arrow is text, so that it has the colours of napari's theme.

    What is folded away is hidden, and what is open is as high as it likes: a fold inside a fold then makes the
    outer one higher, which superqt's own limit on the height would not let it.

    Parameters
    ----------
    title : str
        What stands beside the arrow.
    content : QWidget
        What is folded away at first.
    """
    part = QCollapsible(f"▸ {title}")
    part.content().deleteLater()
    part.layout().removeWidget(part.content())  # it would leave an empty line
    part.setContent(content)
    part.setDuration(0)
    part.toggleButton().setIconSize(QSize(0, 0))
    part.layout().setContentsMargins(0, 0, 0, 0)

    def show(is_open: bool) -> None:
        part.setText(f"{'▾' if is_open else '▸'} {title}")
        content.setMaximumHeight(_NO_LIMIT)
        content.setVisible(is_open)

    part.toggled.connect(show)
    part.collapse(animate=False)
    return part


def _plain_first(config_class: type[Config], names: Iterable[str]) -> list[str]:
    """Put what has folds of its own below the plain rows."""
    return sorted(names, key=lambda name: _is_section(config_class.model_fields[name]))


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Config)


def _label(name: str, field: FieldInfo) -> str:
    unit = _extra(field).get("unit")
    text = title_of(name, field)
    return f"{text} [{unit}]" if unit else text


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def form_layout() -> QFormLayout:
    """Make rows of labels and editors that use the whole width."""
    rows = QFormLayout()
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return rows
