"""What a proposal is made of, and what is left of it in the labels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_strata.annotation.tools.edit import Edit
from napari_strata.config import ProposalConfig
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job
from napari_strata.types import NOT_LABELLED, AnyArray, FloatImage
from napari_strata.widgets.layers.drawn_pixels import DrawnPixels
from napari_strata.widgets.layers.label_birth import note_drawn, note_redrawn
from napari_strata.widgets.layers.label_edits import write_edit
from napari_strata.widgets.layers.label_memory import forget_undone, note_map

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from napari.viewer import Viewer


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What a proposal is made of.

    Attributes
    ----------
    map_layer, image : Image
        The map, and the image that it explains.
    data : object
        The data of the map's layer.
    heatmap, pixels : ndarray, shape (y, x)
        Copies of the map and of the frame that it explains.
    frame : int
        That frame.
    config : ProposalConfig
        Threshold, and how.
    asked : dict
        What the map answers.
    """

    map_layer: "Image"
    image: "Image"
    data: object
    heatmap: FloatImage
    pixels: AnyArray
    frame: int
    config: ProposalConfig
    asked: dict[str, Any]

    def is_there(self, viewer: "Viewer") -> bool:
        """Tell whether map and image are still what they were."""
        layers = viewer.layers
        return self.map_layer in layers and self.image in layers and self.map_layer.data is self.data


def make_job(request: Request, control: JobControl) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.propose_mask import propose_mask

    return propose_mask(control, request.heatmap, request.pixels, request.config)


def paint_after_map(labels: "Labels", edit: Edit, request: Request, code: int) -> DrawnPixels | None:
    """Paint what was proposed, and note after which map; return what was drawn, None where nothing was."""
    if not edit.after.size:
        return None
    forget_undone(labels, labels)
    write_edit(labels, edit, first_frame=request.frame)
    frames, rows, columns = edit.indices
    indices = (frames + request.frame, rows, columns)[-labels.ndim :]
    fresh = edit.before == NOT_LABELLED
    note_drawn(labels, tuple(axis[fresh] for axis in indices), code)
    note = {"kind": "proposal", "pixels": edit.after.size, "settings": request.config.model_dump()}
    drawn = DrawnPixels(labels, indices, edit.before, note_redrawn)
    note_map(labels, {**note, "map": request.asked}, drawn)
    return drawn
