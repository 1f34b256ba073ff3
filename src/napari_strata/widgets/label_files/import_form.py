"""The choices of an import: format, images, what the annotations become, and the tables that report."""

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QFileDialog, QFormLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.drawn_labels import DrawingStyle
from napari_strata.annotation.import_plan import ImportPlan, images_of
from napari_strata.io.labels.formats import FORMATS
from napari_strata.io.labels.shapes import Points, Polyline
from napari_strata.types import BACKGROUND, NOT_LABELLED
from napari_strata.widgets.label_files.class_mapping_table import ClassMappingTable
from napari_strata.widgets.label_files.match_table import MatchTable
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.file_choice import FileChoice
from napari_strata.widgets.parts.number_boxes import NumberBox

LABELS, OBJECTS, OUTLINES = "labels: a code per class", "objects: a number for each", "outlines: shapes and points"
_OPEN, _FOLDER = "the open images", "the open images and a folder…"
_FIND_OUT = "find out"
_LAYERS = 4


class LabelImportForm(QWidget):
    """Rows and tables of an import.

    Signals tell what has to be done anew.
    """

    source_changed = Signal()
    """Files, format or images are others: read again."""
    mapping_changed = Signal()
    """A class means something else."""
    style_changed = Signal()
    """Something else is drawn."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.files = FileChoice()
        self.format = ChoiceBox()
        self.images = ChoiceBox()
        self.becomes = ChoiceBox()
        self.crystal_layer = ChoiceBox()
        self.outside = ChoiceBox()
        self.point_radius = NumberBox(0.0, 1000.0)
        self.line_width = NumberBox(0.1, 1000.0)
        self.classes = ClassMappingTable()
        self.matches = MatchTable()
        self.leave_out = QCheckBox("Leave out what does not fit")
        self.preview_button = QPushButton("Preview")
        self._paths: tuple[Path, ...] = ()
        self._has_lines = self._has_points = False
        self._folder: Path | None = None
        self._fill()
        self._lay_out()
        self._connect()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The chosen files."""
        return self._paths

    @property
    def folder(self) -> Path | None:
        """The folder of images, where one was chosen."""
        return self._folder

    @property
    def format_name(self) -> str:
        """The chosen format, or "auto"."""
        return "auto" if self.format.currentIndex() == 0 else list(FORMATS)[self.format.currentIndex() - 1]

    @property
    def style(self) -> DrawingStyle:
        """How to draw."""
        return DrawingStyle(
            kind="instance" if self.becomes.currentText() == OBJECTS else "semantic",
            outside=BACKGROUND if self.outside.currentIndex() == 0 else NOT_LABELLED,
            line_width=self.line_width.value(),
            point_radius=self.point_radius.value(),
        )

    @property
    def layer(self) -> int | None:
        """The chosen crystal layer; None where labels make a group of their own."""
        index = self.crystal_layer.currentIndex()
        return index - 1 if index > 0 else None

    @property
    def wants_outlines(self) -> bool:
        """Whether annotations become shapes and not pixels."""
        return bool(self.becomes.currentText() == OUTLINES)

    def _fill(self) -> None:
        self.format.addItems([_FIND_OUT, *(one.title for one in FORMATS.values())])
        self.images.addItems([_OPEN, _FOLDER])
        self.becomes.addItems([LABELS, OBJECTS, OUTLINES])
        self.crystal_layer.addItems(["none: labels of their own", *(f"layer {n}" for n in range(_LAYERS))])
        self.outside.addItems(["background", "not labelled"])
        self.line_width.set_value(1.0)
        self.files.setToolTip("Files of CVAT, COCO, LabelMe and others, or a folder of them.")
        self.images.setToolTip("Images are found by name. Those in a folder are opened when you press Import.")
        self.becomes.setToolTip(
            "Labels are what Train learns from. Objects have a number each. Outlines can be edited, and made into "
            "labels in the Label dock."
        )
        self.crystal_layer.setToolTip(
            "For a Gomb-Net: the crystal layer of the image that these labels are. They join the image's group."
        )
        self.outside.setToolTip(
            "What pixels are on which nothing is drawn. Choose 'not labelled' where only a part of the image was "
            "annotated."
        )
        self.point_radius.setToolTip("Radius of the disks that points become [px]; 0 is the one pixel.")
        self.line_width.setToolTip("Width of drawn lines [px].")
        self.leave_out.setToolTip("Import the other images all the same.")
        self.preview_button.setToolTip("Shows on the image in the chosen row what Import would add.")

    def _lay_out(self) -> None:
        rows = QFormLayout()
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, widget in (
            ("Annotations", self.files),
            ("Format", self.format),
            ("Images", self.images),
            ("They become", self.becomes),
            ("Crystal layer", self.crystal_layer),
            ("Nothing drawn is", self.outside),
            ("Line width [px]", self.line_width),
            ("Point radius [px]", self.point_radius),
        ):
            rows.addRow(label, widget)
        self.rows = rows
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(rows)
        layout.addWidget(self.classes, 1)
        layout.addWidget(self.matches, 1)
        layout.addWidget(self.leave_out)
        layout.addWidget(self.preview_button)
        self.show_plan(None)

    def show_plan(self, plan: ImportPlan | None) -> None:
        """Show what a file holds, or hide all that can be seen only after one was read."""
        kinds = set() if plan is None else {type(a.shape) for i in images_of(plan.files) for a in i.annotations}
        self._has_lines, self._has_points = Polyline in kinds, Points in kinds
        for widget in (self.classes, self.matches, self.leave_out, self.preview_button):
            widget.setVisible(plan is not None)
        self.format.setItemText(0, _FIND_OUT if plan is None else f"{_FIND_OUT}: {_titles(plan)}")
        self.classes.show_plan(plan)
        self.matches.show_matching(None if plan is None else plan.matching)
        self._on_becomes()

    def _connect(self) -> None:
        self.files.chosen.connect(self._on_files)
        self.format.activated.connect(lambda _index: self.source_changed.emit())
        self.images.activated.connect(self._on_images)
        self.classes.changed.connect(self.mapping_changed)
        self.becomes.currentIndexChanged.connect(self._on_becomes)
        self.outside.currentIndexChanged.connect(lambda _index: self.style_changed.emit())
        for box in (self.line_width, self.point_radius):
            box.valueChanged.connect(lambda _value: self.style_changed.emit())

    def _on_files(self, paths: tuple[Path, ...]) -> None:
        self._paths = paths
        self.source_changed.emit()

    def _on_images(self, index: int) -> None:
        self._folder = None
        if index == 1:
            path = QFileDialog.getExistingDirectory(self, "Folder of the images")
            self._folder = Path(path) if path else None
            self.images.setCurrentIndex(1 if path else 0)
            self.images.setToolTip(path or "Images are found by name.")
        self.source_changed.emit()

    def _on_becomes(self, _index: int = 0) -> None:
        becomes = self.becomes.currentText()
        self.rows.setRowVisible(self.crystal_layer, becomes == LABELS)
        self.rows.setRowVisible(self.outside, becomes == LABELS)
        self.rows.setRowVisible(self.line_width, self._has_lines and becomes != OUTLINES)
        self.rows.setRowVisible(self.point_radius, self._has_points and becomes != OUTLINES)
        self.preview_button.setEnabled(becomes != OUTLINES)
        self.style_changed.emit()


def _titles(plan: ImportPlan) -> str:
    """Return the titles of the formats of the files."""
    names = dict.fromkeys(file.annotations.format for file in plan.files)
    return ", ".join(FORMATS[name].title if name in FORMATS else name for name in names)
