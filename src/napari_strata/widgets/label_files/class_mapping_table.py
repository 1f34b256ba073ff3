"""The classes of an annotation file, and what each of them becomes."""

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_strata.annotation.class_mapping import SKIP
from napari_strata.annotation.classes import BACKGROUND_COLOR
from napari_strata.annotation.import_plan import ImportPlan
from napari_strata.io.labels.annotations import BACKGROUND_NAME, NOT_LABELLED_NAME
from napari_strata.widgets.parts.editors import ChoiceBox

_COLOR, _NAME, _SHAPES, _MEANING = range(4)


class ClassMappingTable(QTableWidget):
    """A row per class of the file; the last column is edited."""

    changed = Signal()
    """The user chose another meaning."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self.setHorizontalHeaderLabels(["", "In the file", "Shapes", "Becomes"])
        self.verticalHeader().hide()
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_MEANING, QHeaderView.ResizeMode.Fixed)
        self.setColumnWidth(_MEANING, 140)

    @property
    def meanings(self) -> dict[str, str]:
        """What each class of the file becomes."""
        return {
            self.item(row, _NAME).text(): self.cellWidget(row, _MEANING).currentText().strip() or SKIP
            for row in range(self.rowCount())
        }

    def show_plan(self, plan: ImportPlan | None) -> None:
        """Show the classes of a plan, or nothing."""
        meanings = {} if plan is None else plan.mapping.meanings
        self.setRowCount(len(meanings))
        for row, (name, meaning) in enumerate(meanings.items()):
            self._fill_row(row, name, meaning, list(meanings))
        if plan is not None:
            self.refresh(plan)

    def refresh(self, plan: ImportPlan) -> None:
        """Show counts and colours of a plan with the same classes."""
        counts = plan.shapes_by_class()
        colors = {one.name: one.color for one in plan.mapping.classes} | {BACKGROUND_NAME: BACKGROUND_COLOR}
        for row in range(self.rowCount()):
            name = self.item(row, _NAME).text()
            meaning = plan.mapping.meanings[name]
            color = colors.get(meaning)
            self.cellWidget(row, _MEANING).setCurrentText(meaning)  # "not labeled" is shown as what it means
            self.item(row, _SHAPES).setText(f"{counts.get(name, 0):,}")
            self.item(row, _COLOR).setData(
                Qt.ItemDataRole.DecorationRole, None if color is None else QColor(color)
            )

    def _fill_row(self, row: int, name: str, meaning: str, names: Sequence[str]) -> None:
        for column, text in ((_COLOR, ""), (_NAME, name), (_SHAPES, "")):
            item = QTableWidgetItem(text)
            item.setToolTip(name)
            self.setItem(row, column, item)
        self.item(row, _SHAPES).setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        box = ChoiceBox()
        box.setEditable(True)
        fixed = (BACKGROUND_NAME, NOT_LABELLED_NAME, SKIP)
        box.addItems(list(dict.fromkeys([name, *(one for one in names if one not in fixed), *fixed])))
        box.setCurrentText(meaning)
        box.setToolTip(
            "Type another name, or the same name in two rows to merge them. 'not labelled' is left out of "
            "training, 'skip' is not drawn at all."
        )
        box.activated.connect(lambda _index: self.changed.emit())
        box.lineEdit().editingFinished.connect(self.changed)
        self.setCellWidget(row, _MEANING, box)
