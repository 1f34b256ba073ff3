"""The Label doctor dock: finds what is wrong with an image and its labels before a training does."""

from napari.layers import Image, Labels
from napari.viewer import Viewer
from qtpy.QtWidgets import QFormLayout, QPushButton, QVBoxLayout

from napari_strata.annotation.doctor.examination import Examination
from napari_strata.annotation.doctor.finding import Finding
from napari_strata.control import JobControl
from napari_strata.events import JobResult
from napari_strata.jobs.job import Job
from napari_strata.widgets.doctor.examined import Examined, ExaminedWatch, numbers_of_objects
from napari_strata.widgets.doctor.fixes import apply_fix
from napari_strata.widgets.doctor.place import go_to
from napari_strata.widgets.doctor.table import FindingTable
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.layers.label_memory import image_of, is_for, labels_of
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.layer_choice import LayerChoice
from napari_strata.widgets.parts.words import Words

_NO_IMAGE = "Open an image."
_NO_LABELS = "Make labels in the Label dock first."
_READY = "Press 'Check' before you train. Labels of all crystal layers are checked together."
_STALE = "Something has changed since this check. Press 'Check' again."
_CLICK = "Click a row to go there."
_SPLIT = (
    "Which slices are held out is told for the settings that Train begins with; other settings hold out others."
)


class DoctorDock(Dock):
    """Examines an image and its labels in a worker thread and lists what it finds.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose layers to examine.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        journal_of(viewer)  # which keeps what is painted, also without the Label dock
        self._viewer = viewer
        self._examined: Examined | None = None
        self._is_stale = False
        self._done = ""
        self.image = LayerChoice(viewer, Image)
        self.labels = LayerChoice(viewer, Labels)
        self.panel = JobPanel(QPushButton("Check"))
        self.table = FindingTable()
        self.remedy = Words()
        self.watch = ExaminedWatch(viewer, self)
        self._lay_out()
        self._connect()
        self._on_labels(self.labels.layer)

    def _lay_out(self) -> None:
        self.image.setToolTip("The image that was labelled.")
        self.labels.setToolTip("Its labels; those of the other crystal layers come with them.")
        self.panel.start_button.setToolTip("Looks at every slice of the image and its labels; changes nothing.")
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Image", self.image)
        form.addRow("Labels", self.labels)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.panel)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.remedy)
        self.table.hide()
        layout.addStretch(0)

    def _connect(self) -> None:
        self.image.chosen.connect(self._on_image)
        self.labels.chosen.connect(self._on_labels)
        self.panel.start_button.clicked.connect(self.panel.guarded(self._check))
        self.panel.brought.connect(self._on_result)
        self.table.picked.connect(self._go_to)
        self.table.fix_asked.connect(self.panel.guarded(self._fix))
        self.watch.changed.connect(self._on_changed)
        connect_while_alive(self, self._on_active, self._viewer.layers.selection.events.active)

    def _on_active(self, _event: object = None) -> None:
        self.labels.choose(self._viewer.layers.selection.active)

    def _on_image(self, image: Image | None) -> None:
        labels, layers = self.labels.layer, self._viewer.layers
        if image is not None and labels is not None and not is_for(labels, image, layers):
            for one in labels_of(image, layers)[:1]:
                if isinstance(one, Labels):
                    self.labels.choose(one)
        self._say_what_to_do()

    def _on_labels(self, labels: Labels | None) -> None:
        image = None if labels is None else image_of(labels, self._viewer.layers)
        if image is not None:
            self.image.choose(image)
        self._say_what_to_do()

    def _say_what_to_do(self) -> None:
        shown = self._examined
        is_shown = shown is not None and shown.image == self.image.layer and self.labels.layer in shown.labels
        if not is_shown:
            self._forget()
        obstacle = _NO_IMAGE if self.image.layer is None else _NO_LABELS if self.labels.layer is None else ""
        self.panel.set_obstacle(obstacle)
        if not obstacle and not is_shown:
            self.panel.say(_READY)

    def _forget(self) -> None:
        self.watch.stop()
        self._examined = None
        self.table.show_findings(())
        self.table.hide()
        self.remedy.setText("")

    def _check(self, _checked: bool = False) -> None:
        examined = Examined.of(self._viewer, self.image.layer, self.labels.layer)
        subject, expected = examined.subject(), examined.expectations()
        numbered = numbers_of_objects(examined)
        openers = [] if numbered else [lambda: subject]  # numbers of objects say nothing as codes

        def make_job(control: JobControl) -> Job:
            from napari_strata.jobs.examine import examine

            return examine(control, openers, expected, known=numbered)

        self._forget()
        self._examined, self._is_stale = examined, False
        self.watch.start(examined)
        self.panel.run(make_job, name=f"Checking {subject.name}")

    def _on_result(self, result: JobResult) -> None:
        examination: Examination = result.value
        findings = examination.findings
        self.table.show_findings(findings)
        self.table.setVisible(bool(findings))
        self.watch.compare_with(examination)
        has_split = any(finding.check == "train-validation-leak" for finding in findings)
        self.remedy.setText(f"{_CLICK} {_SPLIT}" if has_split else _CLICK if findings else "")
        self.panel.say(f"{self._done} {examination.summary}".strip())
        self._done = ""
        if self._is_stale:
            self._on_changed()

    def _on_changed(self) -> None:
        self._is_stale = True
        self.table.set_fixable(False)
        if not self.panel.runner.is_busy:
            self.panel.say(_STALE)

    def _go_to(self, finding: Finding) -> None:
        self.remedy.setText(finding.remedy)
        if self._examined is not None:
            go_to(self._viewer, finding.place, self._examined)

    def _fix(self, finding: Finding) -> None:
        examined = self._examined
        assert examined is not None, "there are findings"
        self._done = apply_fix(self._viewer, finding, examined)
        self._check()
