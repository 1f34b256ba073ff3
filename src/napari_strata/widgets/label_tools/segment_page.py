"""Segment Anything: point at an object, look at the proposed mask, accept it into the class."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QHideEvent
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.tools.edit import edit_between, in_words
from napari_strata.annotation.tools.region import paint_region
from napari_strata.control import JobControl
from napari_strata.errors import ExtraError
from napari_strata.events import JobEnded, JobResult
from napari_strata.inference.promptable.checkpoint import CONFIG, WEIGHTS, check_installed
from napari_strata.inference.promptable.prompts import Prompts
from napari_strata.jobs.job import Job
from napari_strata.jobs.segment import SegmenterShelf, segment
from napari_strata.widgets.label_tools.checkpoints import CheckpointRow, FetchDialog, folder_for
from napari_strata.widgets.label_tools.prompt_marks import Box, PromptMarks
from napari_strata.widgets.layers.label_edits import write_edit
from napari_strata.widgets.layers.label_target import LabelTarget
from napari_strata.widgets.layers.preview_overlay import PreviewOverlay
from napari_strata.widgets.layers.targets import place_in
from napari_strata.widgets.layers.world import from_world
from napari_strata.widgets.parts.click import ClickPicker
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import row_label
from napari_strata.widgets.parts.job_panel import JobPanel

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_strata.inference.promptable.segmenter import Answer

_CLICK = "Click in the image"
_ARMED = "Click on the object… (Esc ends)"
_HINT = "Press 'Click in the image' and click on an object, or draw a box around it."
_NO_NETWORK = (
    f"Press 'Download…', or fetch the files {WEIGHTS} and {CONFIG} of facebook/sam-vit-base from huggingface.co "
    "into one folder and press 'Open…'."
)
_OBJECT, _BESIDE = "the object", "not the object"
_PROPOSED = (
    "{pixels:,} pixels proposed, score {score:.2f}. Accept, or click again: on what is missing, or with Shift "
    "held down on what is too much."
)
_FETCHED = "Fetched. SHA-256 {sha256} agrees with what {who} stated."


class SegmentPage(QWidget):
    """Clicks and boxes give a mask, which is painted only when it is accepted.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    target : LabelTarget
        What is worked on.
    """

    def __init__(self, viewer: "Viewer", target: LabelTarget) -> None:
        super().__init__()
        self._viewer, self._target = viewer, target
        self._shelf = SegmenterShelf()
        self._prompts = Prompts()
        self._on: tuple[Image, int] | None = None
        self._answer: Answer | None = None
        self._wants_more = False
        self._then: Callable[[JobResult], None] = self._on_fetched
        self.overlay = PreviewOverlay(viewer)
        self.marks = PromptMarks(viewer, self)
        self.picker = ClickPicker(viewer, self)
        self.checkpoint = CheckpointRow()
        self.meaning = ChoiceBox()
        self.box_button = QPushButton("Draw a box")
        self.accept_button = QPushButton("Accept")
        self.reject_button = QPushButton("Reject")
        self.panel = JobPanel(QPushButton(_CLICK))
        self._lay_out()
        self._connect()
        self._refresh()

    @property
    def prompts(self) -> Prompts:
        """What was pointed at."""
        return self._prompts

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the mouse and the canvas to others."""
        self._drop()
        self.picker.disarm()
        super().hideEvent(event)

    def _lay_out(self) -> None:
        self.meaning.addItems([_OBJECT, _BESIDE])
        self.meaning.setToolTip("What a click points at; a click with Shift or Alt held down points at the other.")
        self.box_button.setToolTip("Drag a box around the object.")
        self.accept_button.setToolTip("Paint the proposed mask in the chosen class; one step for undo.")
        self.reject_button.setToolTip("Drop the proposed mask and all clicks.")
        self.panel.start_button.setCheckable(True)
        self.panel.start_button.setToolTip(_HINT)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(row_label("Network"), self.checkpoint)
        form.addRow(row_label("Clicks mean"), self.meaning)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self.box_button)
        layout.addWidget(self.panel)
        row = QHBoxLayout()
        for button in (self.accept_button, self.reject_button):
            row.addWidget(button)
        layout.addLayout(row)

    def _connect(self) -> None:
        guarded = self.panel.guarded
        self._target.changed.connect(self._on_target)
        self.checkpoint.changed.connect(self._refresh)
        self.checkpoint.open_button.clicked.connect(guarded(lambda _checked=False: self.checkpoint.ask()))
        self.checkpoint.fetch_button.clicked.connect(guarded(self._on_fetch))
        self.panel.start_button.clicked.connect(guarded(self._on_button))
        self.panel.brought.connect(guarded(lambda result: self._then(result)))
        self.panel.runner.ended.connect(self._on_ended)
        self.picker.clicked.connect(guarded(self._on_click))
        self.picker.armed_changed.connect(self._on_armed)
        self.box_button.clicked.connect(guarded(self._on_box_button))
        self.marks.drawn.connect(guarded(self._on_box))
        self.accept_button.clicked.connect(guarded(self._on_accept))
        self.reject_button.clicked.connect(lambda: self._drop())

    def _refresh(self) -> None:
        """Say what is missing, or what to do."""
        obstacle = self._obstacle()
        if obstacle:
            self.picker.disarm()
        self.panel.set_obstacle(obstacle)
        self.box_button.setEnabled(not obstacle)
        if not obstacle and not self.panel.words.text():
            self.panel.say(_HINT)
        self.accept_button.setEnabled(self._answer is not None and not obstacle)
        self.reject_button.setEnabled(self._on is not None)

    def _obstacle(self) -> str:
        try:
            check_installed()
        except ExtraError as error:
            return str(error)
        return self._target.obstacle() or ("" if self.checkpoint.folder else _NO_NETWORK)

    def _on_target(self) -> None:
        if self._on is not None and self._on[0] != self._target.image:
            self._drop()
        self._refresh()

    def _on_button(self, _checked: bool = False) -> None:
        if self.picker.is_armed:
            self.picker.disarm()
        else:
            self.picker.arm()

    def _on_armed(self, armed: bool) -> None:
        self.panel.start_button.setChecked(armed)
        self.panel.start_button.setText(_ARMED if armed else _CLICK)

    def _on_click(self, world: tuple[float, ...]) -> None:
        image = self._target.image
        assert image is not None, "the picker is disarmed without an image"
        place = place_in(image, from_world(image, self._viewer, world))
        self._begin(image, place.frame)
        means_object = (self.meaning.currentText() == _OBJECT) is not bool(self.picker.held)
        point = (place.y, place.x)
        if means_object:
            self._prompts = replace(self._prompts, inside=(*self._prompts.inside, point))
        else:
            self._prompts = replace(self._prompts, outside=(*self._prompts.outside, point))
        self.marks.show_clicks(image, place.frame, self._prompts)
        self._ask()

    def _on_box_button(self, _checked: bool = False) -> None:
        self.picker.disarm()
        self._begin(self._target.image, self._target.frame)
        self.marks.draw_box(self._target.image)
        self.panel.say("Drag a box around the object.")

    def _on_box(self, box: Box) -> None:
        self._viewer.layers.selection.active = self._target.labels
        self._prompts = replace(self._prompts, box=box)
        self.picker.arm()  # clicks make the mask better
        self._ask()

    def _begin(self, image: Any, frame: int) -> None:
        """Forget what was pointed at in another slice."""
        if self._on is not None and (self._on[0] != image or self._on[1] != frame):
            self._drop()
        self._on = (image, frame)
        self._refresh()

    def _ask(self) -> None:
        """Let the network answer; while it does, further clicks wait for one more answer."""
        folder = self.checkpoint.folder
        if not self._prompts or self._on is None or folder is None:
            self.panel.say("Click on the object, too.")
            return
        if self.panel.runner.is_busy:
            self._wants_more = True
            return
        frame, asked = self._on[1], self._prompts
        image = self._target.intensities(slice(frame, frame + 1))[0]
        self._then = lambda result: self._show_answer(result, asked)
        self._run(lambda control: segment(control, self._shelf, folder, image, asked), "Segment Anything")

    def _run(self, make_job: Callable[[JobControl], Job], name: str) -> None:
        self.panel.run(make_job, name=name)

    def _on_ended(self, ended: JobEnded) -> None:
        wants_more, self._wants_more = self._wants_more, False
        if wants_more and ended.error is None:
            self._ask()

    def _show_answer(self, result: JobResult, asked: Prompts) -> None:
        if self._on is None or self._prompts is not asked:
            return  # rejected, or pointed at more meanwhile
        self._answer = result.value
        image, frame = self._on
        self.overlay.show(image, frame, result.value.mask)
        self.panel.say(_PROPOSED.format(**result.figures))
        self._refresh()

    def _on_accept(self, _checked: bool = False) -> None:
        assert self._answer is not None, "the button is dead then"
        assert self._on is not None, "an answer is about a slice"
        labels, frame = self._target.labels, self._on[1]
        codes = self._target.codes(slice(frame, frame + 1))
        painted = paint_region(
            codes, self._answer.mask[None], self._target.code, only_unlabelled=self._target.only_unlabelled
        )
        counts = write_edit(labels, edit_between(codes, painted), first_frame=frame)
        self._drop()
        self.panel.say(in_words(counts, self._target.names))

    def _drop(self) -> None:
        """Forget what was pointed at and proposed."""
        self._prompts, self._on, self._answer, self._wants_more = Prompts(), None, None, False
        self.overlay.hide()
        self.marks.clear()
        if self.panel.runner.is_busy is False:
            self.panel.say("")
        self._refresh()

    def _on_fetch(self, _checked: bool = False) -> None:
        self.panel.runner.check_idle()
        dialog = FetchDialog(self)
        if dialog.exec() != FetchDialog.DialogCode.Accepted:
            return
        address, checksum = dialog.address.currentText(), dialog.checksum.text()
        folder = folder_for(address)

        def make_job(control: JobControl) -> Job:
            from napari_strata.jobs.fetch_checkpoint import fetch_checkpoint

            return fetch_checkpoint(control, address, folder, sha256=checksum)

        self._then = self._on_fetched
        self._run(make_job, "Downloading a network")

    def _on_fetched(self, result: JobResult) -> None:
        self.checkpoint.open(Path(result.paths["checkpoint"]))
        figures = result.figures
        self.panel.say(_FETCHED.format(sha256=figures["sha256"], who=figures["verified_by"]))
