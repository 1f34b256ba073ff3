"""The Import page of the Label files dock: reads annotation files, reports, previews, and adds layers."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.candidates import Candidate
from napari_strata.annotation.class_mapping import map_classes
from napari_strata.annotation.drawn_labels import DrawingStyle, DrawnLabels
from napari_strata.annotation.import_plan import ImportPlan, images_of
from napari_strata.annotation.matching import ImageMatch, match_images
from napari_strata.config import ClassTable
from napari_strata.control import JobControl
from napari_strata.errors import LabelsError, StrataError
from napari_strata.events import JobResult
from napari_strata.io.image_folder import ImageFile, find_images
from napari_strata.io.labels.formats import find_format
from napari_strata.io.labels.reading import joined
from napari_strata.jobs.import_labels import ImportedLabels, draw_import
from napari_strata.jobs.job import Job
from napari_strata.jobs.plan_import import ImportRequest, plan_import
from napari_strata.widgets.label_files.image_candidates import folder_candidates, image_layer, open_candidates
from napari_strata.widgets.label_files.import_form import LabelImportForm
from napari_strata.widgets.label_files.imported_layers import add_codes, add_numbers
from napari_strata.widgets.label_files.match_table import rows_of
from napari_strata.widgets.label_files.preview import LabelPreview
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.outline_layers import outline_layers
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.job_panel import JobPanel

if TYPE_CHECKING:
    from napari.viewer import Viewer

_FORM, _BELOW = 0, 2
"""Places in the page of the form, which grows with its tables, and of what is below, which grows without them."""
_NO_FILE = "Choose annotation files."
_NO_IMAGE = "None of the annotated images is open: open them, or choose their folder under Images."


class LabelImportPage(QWidget):
    """Reads annotation files as soon as they are chosen; Import then adds layers.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose images were annotated.
    """

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._plan: ImportPlan | None = None
        self._files: tuple[ImageFile, ...] = ()
        self._candidates: list[Candidate] = []
        self._read_again = False
        self._take: Callable[[Any], None] = self._take_plan
        self.form = LabelImportForm()
        self.preview = LabelPreview(viewer)
        self.panel = JobPanel(QPushButton("Import"))
        layout = QVBoxLayout(self)
        layout.addWidget(self.form, 1)
        layout.addWidget(self.panel)
        layout.addStretch(0)
        self._connect()
        self._show(None)

    def _connect(self) -> None:
        guarded = self.panel.guarded
        self.form.source_changed.connect(guarded(self._read))
        self.form.mapping_changed.connect(guarded(self._on_mapping))
        self.form.style_changed.connect(self.preview.remove)
        self.form.leave_out.toggled.connect(self._say_what_to_do)
        self.form.matches.picked.connect(self._on_picked)
        self.form.preview_button.clicked.connect(guarded(self._on_preview))
        self.panel.start_button.clicked.connect(guarded(self._import))
        self.panel.brought.connect(self._on_result)
        self.panel.runner.ended.connect(self._on_layers)
        self.panel.runner.state_changed.connect(lambda _state: self._on_preview_changed())
        events = self._viewer.layers.events
        connect_while_alive(self, self._on_layers, events.inserted, events.removed, events.renamed)

    def _read(self) -> None:
        self.panel.runner.check_idle()
        self._show(None)
        if not self.form.paths:
            return
        self._files = find_images(self.form.folder) if self.form.folder is not None else ()
        self._candidates = self._all_candidates()
        request = ImportRequest(self.form.paths, self.form.format_name, None, tuple(self._candidates))
        self._read_again = any(_needs_sizes(path, request.format_name) for path in request.files)
        names = ", ".join(path.name for path in request.files[:3])
        self._start(lambda control: plan_import(control, request), f"Reading {names}", self._take_plan)

    def _all_candidates(self) -> list[Candidate]:
        opened = open_candidates(self._viewer)
        return [*opened, *folder_candidates(self._files, opened)]

    def _take_plan(self, plan: ImportPlan) -> None:
        if not self._candidates:  # then names and sizes of the file had to do, and there is nothing to lie on
            plan = ImportPlan(plan.files, match_images(images_of(plan.files), ()), plan.mapping)
        self._show(plan)

    def _on_layers(self, _event: object = None) -> None:
        """Look for the images anew; a file that was refused may be read if it waits for the size of an image."""
        if self._plan is None and self._read_again and not self.panel.runner.is_busy:
            known = {one.key for one in self._candidates}
            if any(one.key not in known for one in open_candidates(self._viewer)):
                self.panel.guarded(self._read)()
        if self._plan is not None and not self.panel.runner.is_busy:
            self._candidates = self._all_candidates()
            matching = match_images(images_of(self._plan.files), self._candidates)
            before, now = ([one.texts for one in rows_of(each)] for each in (self._plan.matching, matching))
            self._plan = ImportPlan(self._plan.files, matching, self._plan.mapping)
            self.form.matches.show_matching(matching)
            if now != before:
                self._say_what_to_do()
        self._on_preview_changed()

    def _on_mapping(self) -> None:
        if self._plan is None or self.form.classes.meanings == self._plan.mapping.meanings:
            return
        mapping = map_classes(joined(self._plan.files).classes, self.form.classes.meanings)
        self._plan = ImportPlan(self._plan.files, self._plan.matching, mapping)
        self.form.classes.refresh(self._plan)
        self.preview.remove()

    def _show(self, plan: ImportPlan | None) -> None:
        self.preview.remove()
        self._plan = plan
        self.form.show_plan(plan)
        for place, is_filled in ((_FORM, plan is not None), (_BELOW, plan is None)):
            self.layout().setStretch(place, int(is_filled))
        self._say_what_to_do()

    def _say_what_to_do(self, _checked: bool = False) -> None:
        plan = self._plan
        if plan is None:
            self.panel.set_obstacle(_NO_FILE)
            return
        self.form.leave_out.setVisible(bool(plan.obstacles))
        if not plan.matching.matches:
            self.panel.set_obstacle(" ".join((_NO_IMAGE, *plan.obstacles)))
        elif plan.obstacles and not self.form.leave_out.isChecked():
            self.panel.set_obstacle(" ".join((*plan.obstacles, "Open the right images, or leave these out.")))
        else:
            self.panel.set_obstacle("")
            self.panel.say(_summary(plan))

    def _on_preview(self, _checked: bool = False) -> None:
        if self.preview.is_shown:
            self.preview.remove()
            return
        match = self.form.matches.match
        if self._plan is None or match is None or self.panel.runner.is_busy:
            return
        plan, style = self._plan, self.form.style
        table = table_of(plan) if style.kind == "semantic" else None
        self._start(
            lambda control: draw_import(control, plan, style, only=match),
            f"Drawing {match.name}",
            lambda imported: self._show_preview(imported, table),
        )

    def _show_preview(self, imported: tuple[ImportedLabels, ...], table: ClassTable | None) -> None:
        for one in imported:
            assert one.match.candidate is not None, "only matched images are previewed"
            image = image_layer(self._viewer, one.match.candidate.key)
            self.preview.show(image, one.drawn.data, table)
            self.panel.say(f"The preview shows {_counted(one.drawn)} on {image.name}; nothing is imported yet.")

    def _on_picked(self) -> None:
        self.preview.remove()

    def _on_preview_changed(self) -> None:
        self.form.preview_button.setText("Remove the preview" if self.preview.is_shown else "Preview")
        self.form.preview_button.setEnabled(not self.panel.runner.is_busy and not self.form.wants_outlines)

    def _import(self, _checked: bool = False) -> None:
        assert self._plan is not None, "without a plan the button is off"
        plan, style = self._plan, self.form.style
        self.preview.remove()
        if self.form.wants_outlines:
            self._add_outlines(plan)
            return
        table, layer, names = table_of(plan), self.form.layer, plan.mapping.names
        self._start(
            lambda control: draw_import(control, plan, style),
            "Importing labels",
            lambda imported: self._add_labels(imported, table, style, layer, names),
        )

    def _add_labels(
        self,
        imported: tuple[ImportedLabels, ...],
        table: ClassTable,
        style: DrawingStyle,
        crystal_layer: int | None,
        names: tuple[str, ...],
    ) -> None:
        """Add what was drawn with the choices of when it was begun."""
        added, pixels, troubles = [], 0, []
        for one in imported:
            try:
                added.append(self._add(one, table, style, crystal_layer).name)
                pixels += sum(count for name, count in one.drawn.pixels.items() if name in names)
            except StrataError as error:
                troubles.append(str(error))
        words = f"Added {_named(added)} with {pixels:,} pixels of {_named(names)}." if added else ""
        self.panel.say(" ".join(filter(None, (words, *troubles))))

    def _add(
        self, one: ImportedLabels, table: ClassTable, style: DrawingStyle, crystal_layer: int | None
    ) -> Layer:
        assert one.match.candidate is not None, "only matched images are imported"
        image = image_layer(self._viewer, one.match.candidate.key)
        if style.kind == "instance":
            return add_numbers(self._viewer, image, one.drawn, table, outside=style.outside)
        return add_codes(self._viewer, image, one.drawn.data, table, crystal_layer=crystal_layer)

    def _add_outlines(self, plan: ImportPlan) -> None:
        colors = {one.name: one.color for one in plan.mapping.classes}
        added: list[str] = []
        for match in plan.matching.matches:
            added += self._outlines_of(match, plan, colors)
        self.panel.say(f"Added {_named(added)}." if added else "There are no shapes to add.")

    def _outlines_of(self, match: ImageMatch, plan: ImportPlan, colors: dict[str, str]) -> list[str]:
        assert match.candidate is not None, "only matched images are imported"
        image = image_layer(self._viewer, match.candidate.key)
        frames = {frame: plan.mapping.apply(one.annotations) for frame, one in match.frames.items()}
        layers = outline_layers(
            frames, match.extent.size, name=image.name, colors=colors, is_stack=image.ndim == 3
        )
        return [
            self._viewer.add_layer(Layer.create(data, {**settings, **placement(image)}, kind)).name
            for data, settings, kind in layers
        ]

    def _start(self, make_job: Callable[[JobControl], Job], name: str, take: Callable[[Any], None]) -> None:
        self.panel.run(make_job, name=name)
        self._take = take

    def _on_result(self, result: JobResult) -> None:
        self.panel.guarded(self._take)(result.value)


def _needs_sizes(path: Path, format_name: str) -> bool:
    try:
        return find_format(format_name, path).needs_sizes
    except LabelsError:  # which the job tells
        return False


def table_of(plan: ImportPlan) -> ClassTable:
    """Return the classes that a plan imports, or where it imports none a table with one class."""
    classes = plan.mapping.classes
    return ClassTable(classes=classes) if classes else ClassTable.from_names(("class 1",))


def _summary(plan: ImportPlan) -> str:
    shapes = sum(plan.shapes_by_class().values())
    images = len(plan.matching.matches)
    found = f"{shapes:,} annotation{'s' * (shapes != 1)}; {images} image{'s' * (images != 1)} found."
    return " ".join((found, *plan.warnings, "Look at the tables, then press Import."))


def _counted(drawn: DrawnLabels) -> str:
    return ", ".join(f"{count:,} px of {name}" for name, count in drawn.pixels.items()) or "nothing"


def _named(names: "list[str] | tuple[str, ...]") -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
