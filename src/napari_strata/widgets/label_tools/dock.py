"""The Label tools dock: helpers that save strokes, each of which undo takes back in one step."""

from typing import TYPE_CHECKING

import numpy as np
from napari.viewer import Viewer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QCheckBox, QFormLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.tools.edit import Edit, in_words
from napari_strata.control import JobControl
from napari_strata.errors import LabelsError
from napari_strata.events import JobResult
from napari_strata.jobs.job import Job
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.label_tools.between_page import BetweenPage
from napari_strata.widgets.label_tools.flood_page import FloodPage
from napari_strata.widgets.label_tools.outline_page import OutlinePage
from napari_strata.widgets.label_tools.page import ToolPage, Work
from napari_strata.widgets.label_tools.segment_page import SegmentPage
from napari_strata.widgets.label_tools.specks_page import SpecksPage
from napari_strata.widgets.label_tools.threshold_page import ThresholdPage
from napari_strata.widgets.label_tools.watershed_page import WatershedPage
from napari_strata.widgets.layers.label_edits import write_edit
from napari_strata.widgets.layers.label_target import LabelTarget
from napari_strata.widgets.layers.preview_overlay import PreviewOverlay
from napari_strata.widgets.layers.targets import place_in
from napari_strata.widgets.layers.world import from_world
from napari_strata.widgets.parts.click import ClickPicker
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import row_label
from napari_strata.widgets.parts.job_panel import JobPanel

if TYPE_CHECKING:
    from napari.layers import Labels

PREVIEW_DELAY = 40
"""Time that a slider rests before the preview follows [ms]."""
_ARMED = "Click in the image… (Esc ends)"


class LabelToolsDock(Dock):
    """Paints by helpers on the chosen labels.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose labels to work on.
    """

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        journal_of(viewer)  # which keeps what is painted, also without the Label dock
        self._viewer = viewer
        self._request: tuple[Labels, int, object] | None = None
        self.target = LabelTarget(viewer)
        self.overlay = PreviewOverlay(viewer)
        self.picker = ClickPicker(viewer, self)
        self.panel = JobPanel(QPushButton())
        self.threshold, self.flood, self.watershed = ThresholdPage(), FloodPage(), WatershedPage()
        self.outline, self.between, self.specks = OutlinePage(), BetweenPage(), SpecksPage()
        self.segment = SegmentPage(viewer, self.target)
        self.tool = ChoiceBox()
        self.all_slices = QCheckBox()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PREVIEW_DELAY)
        self._lay_out()
        self._connect()
        self._on_tool()

    @property
    def pages(self) -> dict[str, QWidget]:
        """The tools by the names under which they are offered."""
        return {
            "Threshold": self.threshold,
            "Flood fill": self.flood,
            "Watershed from strokes": self.watershed,
            "Grow, shrink or smooth": self.outline,
            "Fill between slices": self.between,
            "Remove specks, fill holes": self.specks,
            "Segment Anything": self.segment,
        }

    @property
    def page(self) -> ToolPage | None:
        """The tool that is shown; None for the one that does everything by itself."""
        page = self.pages[self.tool.currentText()]
        return page if isinstance(page, ToolPage) else None

    def came_to_front(self, is_in_front: bool) -> None:
        """Show the preview while the dock is in front; leave the mouse and the canvas to others when it is not."""
        if is_in_front:
            self._timer.start()
        else:
            self._timer.stop()
            self.picker.disarm()
            self.overlay.hide()

    def _lay_out(self) -> None:
        self.tool.addItems(list(self.pages))
        self.tool.setToolTip("Each of them is one step for undo (Ctrl+Z with the Labels layer active).")
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(row_label("Tool"), self.tool)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addWidget(self.target)
        layout.addLayout(form)
        for page in self.pages.values():
            layout.addWidget(page)
        layout.addWidget(self.all_slices)
        layout.addWidget(self.panel)
        layout.addStretch(1)
        self.scroll(content)

    def _connect(self) -> None:
        self.tool.currentIndexChanged.connect(self._on_tool)
        self.target.changed.connect(self._on_target)
        for page in self.pages.values():
            if isinstance(page, ToolPage):
                page.changed.connect(self._on_settings)
        self.panel.start_button.clicked.connect(self.panel.guarded(self._on_button))
        self.panel.brought.connect(self.panel.guarded(self._on_result))
        self.picker.clicked.connect(self.panel.guarded(self._on_click))
        self.picker.armed_changed.connect(self._on_armed)
        self._timer.timeout.connect(self._show_preview)

    def _on_tool(self, _index: int = 0) -> None:
        self.picker.disarm()
        shown = self.pages[self.tool.currentText()]
        for page in self.pages.values():
            page.setVisible(page is shown)
        page = self.page
        self.panel.setVisible(page is not None)
        if page is not None:
            self.panel.start_button.setCheckable(page.picks)
            self.panel.start_button.setText(page.button)
            self.panel.start_button.setToolTip(page.hint)
            self.all_slices.setText(page.slices)
            self.all_slices.setToolTip(page.slices_tip)
            self.panel.say(page.hint)
        self._on_target()

    def _on_target(self) -> None:
        self.all_slices.setVisible(self.page is not None and self.target.frames > 1)
        if self.page is not None:
            self.page.on_target(self.target)
        self._on_settings()

    def _on_settings(self) -> None:
        page = self.page
        if page is not None:
            obstacle = self.target.obstacle(needs_class=page.needs_class) or page.obstacle(self.target)
            self.panel.set_obstacle(obstacle)
            if obstacle:
                self.picker.disarm()
            elif not self.panel.words.text():
                self.panel.say(page.hint)
        self._timer.start()

    def _on_button(self, _checked: bool = False) -> None:
        page = self.page
        assert page is not None, "the button is hidden then"
        if not page.picks:
            self._start(page)
        elif self.picker.is_armed:
            self.picker.disarm()
        else:
            self.picker.arm()

    def _on_armed(self, armed: bool) -> None:
        page = self.page
        self.panel.start_button.setChecked(armed)
        if page is not None and page.picks:
            self.panel.start_button.setText(_ARMED if armed else page.button)

    def _on_click(self, world: tuple[float, ...]) -> None:
        page, image = self.page, self.target.image
        if page is not None and image is not None:
            place = place_in(image, from_world(image, self._viewer, world))
            self._start(page, click=(round(place.y), round(place.x)))

    def _start(self, page: ToolPage, click: tuple[int, int] | None = None) -> None:
        """Copy what the tool works on and let a job compute the edit."""
        self.panel.runner.check_idle()
        every = self.all_slices.isChecked() and self.target.frames > 1
        first, work = self._take(page, whole=every or page.needs_stack, click=click)
        tool, blocks = page.plan(work, all_slices=every)
        labels = self.target.labels
        assert labels is not None, "there is an obstacle without labels"
        self._request = (labels, first, labels.data)

        def make_job(control: JobControl) -> Job:
            from napari_strata.jobs.label_tool import use_label_tool

            return use_label_tool(control, tool, work.codes, work.image, blocks)

        self.panel.run(make_job, name=f"{self.tool.currentText()} on {labels.name}")

    def _take(self, page: ToolPage, *, whole: bool, click: tuple[int, int] | None = None) -> tuple[int, Work]:
        """Copy codes and image; returns the first slice that was copied, too."""
        target, frame = self.target, self.target.frame
        frames = slice(0, target.frames) if whole else slice(frame, frame + 1)
        codes = target.codes(frames)
        work = Work(
            codes,
            target.intensities(frames) if page.looks else codes,
            target.code,
            target.only_unlabelled,
            frame - frames.start,
            target.pixel_size,
            click,
        )
        return frames.start, work

    def _on_result(self, result: JobResult) -> None:
        assert self._request is not None, "a job ended that was never started"
        (labels, first, data), self._request = self._request, None
        edit: Edit = result.value
        if labels not in self._viewer.layers or labels.data is not data:
            raise LabelsError(
                f"{labels.name} was removed or replaced meanwhile; nothing was painted.", remedy="Start again."
            )
        counts = write_edit(labels, edit, first_frame=first)
        self.panel.say(in_words(counts, self.target.names))
        self._timer.start()

    def _show_preview(self) -> None:
        """Show what would be painted in the slice that is shown, where the tool is quick enough for that."""
        page, target = self.page, self.target
        region = None
        if page is self.threshold and self.isVisible() and not target.obstacle():
            region = self._preview_region(page)
        if region is None:
            self.overlay.hide()
        elif target.labels is not None:
            self.overlay.show(target.labels, target.frame, region)

    def _preview_region(self, page: ToolPage) -> "np.ndarray | None":
        target, frame = self.target, self.target.frame
        codes = target.codes(slice(frame, frame + 1))
        work = Work(codes, target.shown_intensities(), target.code, target.only_unlabelled, 0)
        new = page.preview(work)
        return None if new is None else new != codes[0]
