"""The button that says what shall be explained: by a click in the image, or by what is drawn there."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QWidget

from napari_strata.errors import StrataError, TargetError
from napari_strata.widgets.explain.question_form import Kind, QuestionForm
from napari_strata.widgets.layers.located_size import check_located_size
from napari_strata.widgets.layers.results import find_results
from napari_strata.widgets.layers.shown_atoms import shown_frame
from napari_strata.widgets.layers.source import SourceForm
from napari_strata.widgets.layers.targets import (
    Chosen,
    Place,
    clicked_label,
    drawn_region,
    nearest_atom,
    place_in,
    whole_slice,
)
from napari_strata.widgets.layers.world import from_world
from napari_strata.widgets.parts.click import ClickPicker
from napari_strata.widgets.parts.job_panel import JobPanel

if TYPE_CHECKING:
    from napari.layers import Labels, Points
    from napari.viewer import Viewer

_PREDICTED = ", after a prediction of the image"
_LOCATED = ", after a prediction that finds the atoms (spared once they are found in the Predict dock)"
_BUTTON: dict[Kind, str] = {
    "atom": "Pick atom",
    "pixel": "Pick pixel",
    "region": "Explain region",
    "label": "Pick label",
    "slice": "Explain slice",
}
_HINT: dict[Kind, str] = {
    "atom": "Press 'Pick atom', then click near an atom in the image.",
    "pixel": "Press 'Pick pixel', then click a pixel of the image.",
    "region": "Select a layer of shapes (the selected ones count, or all) or of labels (the selected label), then"
    " press 'Explain region'.",
    "label": "Press 'Pick label', then click one of the labels in the image.",
    "slice": "Press 'Explain slice': why does the network see the class where it sees it on this slice?",
}
_PICKED: tuple[Kind, ...] = ("atom", "pixel", "label")
_ARMED = "Click in the image… (Esc cancels)"
_ARMED_HINT = "The next click only chooses the target; it does not paint or move anything."


class TargetButton(QObject):
    """Turns the start button of a panel, and a click in the image, into what shall be explained.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    panel : JobPanel
        Whose button it is, and where is said what to do.
    source, question : SourceForm and QuestionForm
        Image and model, and what is asked.
    tolerance : callable
        Gives the largest distance from a click to an atom [Å].
    take : callable
        Takes what was chosen; its mistakes are said in the panel.
    parent : QWidget
        The dock.
    """

    def __init__(
        self,
        viewer: "Viewer",
        panel: JobPanel,
        source: SourceForm,
        question: QuestionForm,
        *,
        tolerance: Callable[[], float],
        take: Callable[[Chosen], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._panel, self._source, self._question = viewer, panel, source, question
        self._tolerance, self._take = tolerance, take
        self._armed_for: Kind | None = None
        self._uncovered: Labels | None = None
        self.picker = ClickPicker(viewer, parent)
        panel.start_button.setCheckable(True)
        panel.start_button.clicked.connect(panel.guarded(self._on_button))
        self.picker.clicked.connect(panel.guarded(self._on_click))
        self.picker.armed_changed.connect(self._on_armed)
        question.labels.chosen.connect(self._uncover_labels)

    @property
    def hint(self) -> str:
        """What to do."""
        return _ARMED_HINT if self.picker.is_armed else _HINT[self._question.kind]

    def show_kind(self) -> None:
        """Say on the button what it does for the kind of target that is chosen; a click that is due stays due."""
        if self._armed_for == self._question.kind:
            return
        self.picker.disarm()
        self._panel.start_button.setText(_BUTTON[self._question.kind])
        self._panel.start_button.setToolTip(self.hint)

    def find_atoms(self) -> "Points | None":
        """Return the atoms that this model found in this image."""
        entry = self._source.model.entry
        assert entry is not None, "the button is dead without a model"
        found = find_results(self._viewer, "atoms", self._source.image.layer, model=str(entry.path))
        return found[-1] if found else None

    def take_atoms(self) -> "Points | None":
        """Return the same for a job.

        Raises
        ------
        CalibrationError
            If the pixel size is not that at which they were located.
        """
        points = self.find_atoms()
        if points is not None:
            check_located_size(points, self._source.image.layer)
        return points

    @property
    def goes_before(self) -> str:
        """What goes before the map, in words that follow its cost; empty where nothing does.

        Corrected is what differs from a prediction; an atom, or the decoder of a layer, is told by located atoms.
        """
        if self._question.is_correction:
            return _PREDICTED
        entry = self._source.model.entry
        is_atom, has_size = self._question.kind == "atom", self._source.pixel_size is not None
        of_layers = entry is not None and entry.card.model.layers > 1
        is_located = self.find_atoms() is None and (is_atom or (of_layers and has_size))
        return _LOCATED if is_located else ""

    def look(self) -> Chosen | None:
        """Return what is chosen without a click, where there is something."""
        try:
            return None if self._question.kind in _PICKED else self._shown()
        except StrataError:
            return None  # said when the button is pressed

    def _on_button(self, _checked: bool = False) -> None:
        button = self._panel.start_button
        if not button.isChecked():
            self.picker.disarm()
        elif self._question.kind not in _PICKED:
            button.setChecked(False)
            self._take(self._shown())
        elif self._question.kind == "label" and self._question.labels.layer is None:
            button.setChecked(False)
            raise _no_labels()
        elif self._viewer.dims.ndisplay != 2:
            button.setChecked(False)
            raise TargetError("A click in 3D has no depth.", remedy="Switch the display to 2D.")
        else:
            self.picker.arm()

    def _on_armed(self, armed: bool) -> None:
        self._armed_for = self._question.kind if armed else None
        self._uncover_labels()
        self._panel.start_button.setChecked(armed)
        self._panel.start_button.setText(_ARMED if armed else _BUTTON[self._question.kind])
        self._panel.say(_ARMED_HINT if armed else self._panel.obstacle or self.hint)
        if armed:
            self._viewer.status = _ARMED

    def _uncover_labels(self, _labels: object = None) -> None:
        """Show hidden labels as long as one of them is to be clicked."""
        labels = self._question.labels.layer if self._armed_for == "label" else None
        if self._uncovered is not None and self._uncovered != labels:
            self._uncovered.visible = False
            self._uncovered = None
        if labels is not None and not labels.visible:
            labels.visible, self._uncovered = True, labels

    def _on_click(self, world: tuple[float, ...]) -> None:
        image = self._source.image.layer
        place = place_in(image, from_world(image, self._viewer, world))
        self._take(self._chosen_at(place))

    def _shown(self) -> Chosen:
        """Return a region, or the whole, of the slice that is shown."""
        image, layer = self._source.image.layer, self._question.layer or 0
        frame = shown_frame(self._viewer, image)
        if self._question.kind == "slice":
            return whole_slice(image, frame, layer)
        return drawn_region(self._viewer.layers.selection.active, image, frame, layer)

    def _chosen_at(self, place: Place) -> Chosen:
        """Return what a click means."""
        if self._question.kind == "atom":
            return self._atom_at(place)
        layer = self._question.layer or 0
        if self._question.kind == "pixel":
            return Chosen("pixel", place, layer)
        labels = self._question.labels.layer
        if labels is None:
            raise _no_labels()
        return clicked_label(labels, self._source.image.layer, place, layer)

    def _atom_at(self, place: Place) -> Chosen:
        """Return the atom found nearest to a click.

        Where none was ever found, the job looks for one near the click, in the chosen layer or in all.
        """
        points, layer = self.take_atoms(), self._question.layer
        if points is None:
            return Chosen("atom", place, layer or 0)
        reach = self._tolerance() / (self._source.pixel_size or 1.0)
        return nearest_atom(points, place, reach=reach, layer=layer)


def _no_labels() -> TargetError:
    return TargetError("There are no labels.", remedy="Predict masks in the Predict dock, or paint labels.")
