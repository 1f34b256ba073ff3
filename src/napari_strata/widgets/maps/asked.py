"""What a map in the viewer answers: where all that follows on a map begins."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.errors import TargetError
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.layer_data import full_data, stack_of
from napari_strata.widgets.layers.located_size import check_located_size
from napari_strata.widgets.layers.napari_layers import Origin
from napari_strata.widgets.layers.newest_choice import NewestChoice
from napari_strata.widgets.layers.results import find_results, origin_of, role_of
from napari_strata.widgets.layers.source import Source
from napari_strata.widgets.parts.models import open_model
from napari_strata.widgets.predict.atom_export import atom_table

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer
    from pandas import DataFrame

    from napari_strata.config import ExplainConfig
    from napari_strata.explain.question import Question

EXPLANATION = "explanation"
"""Key in the metadata of a map under which lies what it answers; all of it can be written as JSON."""
_ANSWERED = ("target", "layer", "class", "against", "frame", "method", "parameters", "weights_sha256", "image")
"""What makes it another map; not how much of it is done, and not how it is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A question as a job needs it.

    Attributes
    ----------
    source : Source
        A copy of the image, and the model.
    frame : int
        Frame of the stack, 0 for a single image.
    question : Question
        Target, layer, class, and rather than what.
    config : ExplainConfig
        Method and settings.
    atoms : DataFrame or None
        What the model's atoms of this image are now.
    any_layer : bool
        Whether an atom that is still to be found may be of any layer.
    """

    source: Source
    frame: int
    question: "Question"
    config: "ExplainConfig"
    atoms: "DataFrame | None"
    any_layer: bool = False

    def inquiry(self) -> Inquiry:
        """Return it as jobs take it."""
        path, stack = self.source.entry.path, self.source.stack
        return Inquiry(path, stack, self.question, self.config, self.frame, self.atoms, self.any_layer)


class MapChoice(NewestChoice):
    """Offers the maps of explanations, and nothing else; follows the active layer, and the map last made.

    A map that answers something else from now on is told like another one.
    """

    _answer: tuple[Any, ...] = ()

    def __init__(self, viewer: "Viewer", **settings: Any) -> None:
        from napari.layers import Image

        super().__init__(viewer, Image, offers=is_map, none_when_empty="no map yet", **settings)

    def _tell(self) -> None:
        layer, before = self._layers[self.currentIndex()], self._answer
        self._answer = _answer_of(layer)
        is_same = layer is not None and layer is self._last
        super()._tell()
        if is_same and self._answer != before:  # it may be renamed before its metadata are told
            self.chosen.emit(layer)


def _answer_of(map_layer: "Layer | None") -> tuple[Any, ...]:
    details = {} if map_layer is None else map_layer.metadata.get(EXPLANATION, {})
    return tuple(details.get(name) for name in _ANSWERED)


def is_map(napari_layer: "Layer") -> bool:
    """Tell whether a layer is the map of an explanation."""
    return role_of(napari_layer) == "heatmap" and EXPLANATION in napari_layer.metadata


def asked_by(viewer: "Viewer", map_layer: "Image") -> Asked:
    """Return what a map answers, ready to be asked again of the model as it is now.

    Raises
    ------
    TargetError
        If the image was removed, or the map does not say what was asked.
    BundleError
        If the model was removed.
    CalibrationError
        If the pixel size is not that at which the model's atoms were located.
    """
    from napari_strata.explain.recall import recall

    recalled = recall(map_layer.metadata.get(EXPLANATION, {}))
    source, atoms = source_of(viewer, map_layer)
    return Asked(source, recalled.frame, recalled.question, recalled.config, atoms)


def source_of(viewer: "Viewer", result: "Layer") -> "tuple[Source, DataFrame | None]":
    """Return the image and the model that a result comes from, as they are now, and the model's atoms.

    Raises
    ------
    TargetError
        If the image was removed.
    BundleError
        If the model was removed.
    CalibrationError
        If the pixel size is not that at which the atoms were located.
    """
    image, model = origin_of(viewer, result)
    if image is None:
        raise TargetError(
            f"The image of '{result.name}' is no longer open.", remedy="Open it, and explain the target anew."
        )
    entry = open_model(Path(model))
    stack = stack_of(image, calibration_of(image).value)
    origin = Origin(image, stack.pixel_size, entry.card, str(entry.path))
    found = find_results(viewer, "atoms", image, model=str(entry.path))
    atoms = None
    if found:
        check_located_size(found[-1], image)
        atoms = atom_table(found[-1], image)
    return Source(stack, entry, origin, full_data(image)), atoms
