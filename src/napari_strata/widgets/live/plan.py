"""Everything that a training needs, as it was when Train was pressed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Labels, Points

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.types import ImageStack, LabelArray
from napari_strata.widgets.live.learned_labels import LearnedLabels
from napari_strata.widgets.live.overlay import Window

if TYPE_CHECKING:
    from napari_strata.training.patches.inputs import TrainInputs


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """Everything that a training needs, as it was when Train was pressed.

    Attributes
    ----------
    config : TrainConfig
        The settings.
    classes : ClassTable
        What the network's outputs will mean.
    images, labels : tuple
        Copies of what to learn from; empty for simulated crystals.
    preview : ImageStack or None
        Copy of what to predict live.
    window : Window or None
        Where that lies.
    learned : LearnedLabels or None
        The same labels with where they come from; None for simulated crystals.
    layers : tuple of Labels or Points
        The layers that they were copied from, by crystal layer.
    """

    config: TrainConfig
    classes: ClassTable
    images: tuple[ImageStack, ...]
    labels: tuple[LabelArray, ...]
    preview: ImageStack | None
    window: Window | None
    learned: LearnedLabels | None = None
    layers: tuple[Labels | Points, ...] = ()

    @property
    def pixel_size(self) -> float | None:
        """Pixel size of the image [Å/px]; None where nobody knows it, or there is no image."""
        return None if self.preview is None else self.preview.pixel_size

    def inputs(self, run: Path) -> "TrainInputs":
        """Return what the job works on; its imports take time, so call it in the worker thread."""
        from napari_strata.training.patches.inputs import Painted, TrainInputs

        learned = self.learned
        painted = None if learned is None else Painted(learned.frames, learned.depth, learned.provenance)
        return TrainInputs(run, self.images, self.labels, self.classes, self.preview, painted=painted)
