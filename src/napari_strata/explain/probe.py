"""Explanations at the speed of the cursor: the same maps, computed from no more than they depend on.

captum's calls compute the whole window, twice for Grad-CAM, and the decoders of all layers; this does neither.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from napari_strata.config import ExplainConfig
from napari_strata.data.grid import to_network_grid, window_from_network_grid
from napari_strata.data.turns import box_turned_back, padded, turned, turned_back
from napari_strata.errors import TargetError
from napari_strata.explain.explainer import explain
from napari_strata.explain.fitness import check_network
from napari_strata.explain.pixels_digest import pixels_sha256
from napari_strata.explain.prepare import atoms_on_grid, describe_answer, prepare, target_weights
from napari_strata.explain.question import Against, AgainstCorrection, AgainstLayer, Question
from napari_strata.explain.quick import QUICK
from napari_strata.explain.quick_maps import QuickScore, class_activation_map, gradient_map
from napari_strata.explain.score import Output
from napari_strata.explain.sightings import Sightings
from napari_strata.explain.snap import snap
from napari_strata.explain.targets import AtomTarget, PixelTarget, check_target, to_grid
from napari_strata.explain.view import padded_weights
from napari_strata.io.calibration import require
from napari_strata.models.cropped import Box, Crop, can_be_cropped
from napari_strata.models.encoder_decoder import EncoderDecoder
from napari_strata.models.registry import LoadedModel
from napari_strata.types import FloatImage, ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

Kind = Literal["pixel", "atom"]


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """A small map and where it lies.

    Attributes
    ----------
    map : ndarray of float32, shape (y, x)
        On the image's own pixels; what `napari_strata.explain.explainer.explain` gives is 0 outside of it.
    window : tuple of slice
        Its rows and columns in the image.
    metadata : mapping
        As in `napari_strata.explain.heatmap.Heatmap`.
    """

    map: FloatImage
    window: tuple[slice, slice]
    metadata: dict[str, Any]


class Prober:
    """Answers question after question about one image with one network.

    What all questions share is worked out once: the image on the network's grid, where the atoms lie on it, which
    decoder drew which layer. Networks that cannot be cropped (`napari_strata.models.cropped.can_be_cropped`), and
    feature maps other than the usual one, are explained as `explain` does it.

    Parameters
    ----------
    model : LoadedModel
        The network and its card. It is put in eval mode with frozen weights, for good: so it belongs to the
        prober.
    image : ImageStack
        One checked frame.
    config : ExplainConfig
        Method, one of `napari_strata.explain.quick.QUICK`, tolerance of the snap, radius of an atom's footprint.
    atoms : DataFrame or None
        Predicted atoms of this frame, needed for atoms; see `napari_strata.explain.prepare.prepare`.
    for_many : bool
        As in `Sightings`.

    Raises
    ------
    MethodError
        If the network is in train mode, or an activation of it works in place.
    CalibrationError
        If the network needs a pixel size and the image has none.
    """

    def __init__(
        self,
        model: LoadedModel,
        image: ImageStack,
        config: ExplainConfig,
        *,
        atoms: "DataFrame | None",
        for_many: bool = False,
    ) -> None:
        self._model, self._image, self._config, self._atoms = model, image, config, atoms
        check_network(model.network)
        network = model.network.eval().requires_grad_(False)
        self._network: EncoderDecoder | None = None
        frame = image.data[0]
        self._shape, self._digest = (frame.shape[0], frame.shape[1]), pixels_sha256(frame)
        self._grid = to_network_grid(frame, image.pixel_size, model.card.model.pixel_size)
        self._on = self._grid.shape[0], self._grid.shape[1]
        self._padded = padded(self._grid, network.stride)
        if config.method in QUICK and not config.feature_map and network.output != "values":
            self._network = network if can_be_cropped(network) else None
        if self._network is not None:
            near = atoms_on_grid(atoms, network.layers, self._shape, self._on)
            self._sightings = Sightings(self._network, self._padded, near, for_many=for_many)

    @property
    def is_ready(self) -> bool:
        """Whether nothing is left that `look_ahead` could work out."""
        return self._network is None or self._sightings.is_complete

    def look_ahead(self, y: float, x: float, *, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Work out a part of what questions near a place of the image will need, see `Sightings.look_ahead`."""
        if self._network is not None:
            at = to_grid(np.array([[y, x]]), self._shape, self._on)[0]
            self._sightings.look_ahead(*at, is_wanted=is_wanted)

    def at(
        self,
        y: float,
        x: float,
        kind: Kind = "pixel",
        *,
        layer: int | None = None,
        species: str | None = None,
        against: Callable[[int], Against | None] = lambda _layer: None,
    ) -> Glimpse:
        """Explain a pixel, or the nearest atom.

        Parameters
        ----------
        y, x : float
            Position [px of the image].
        kind : {"pixel", "atom"}
            What is explained.
        layer : int or None
            Crystal layer; None takes that of the nearest atom, and for a pixel layer 0.
        species : str or None
            Class; None takes that of the atom, or the most probable one.
        against : callable
            Tells for the layer that was found rather than what.

        Raises
        ------
        TargetError
            If the place lies outside the image, no atom is near enough, or something is compared with itself.
        CalibrationError
            If an atom is asked for and the image has no pixel size.
        """
        if kind == "pixel":
            target = PixelTarget(round(y), round(x))
            check_target(target, self._shape)
            question = Question(target, layer or 0)
        else:
            question = self._question_of_atom(AtomTarget(y, x), layer)
        question = dataclasses.replace(
            question, species=species or question.species, against=against(question.layer)
        )
        if question.against == AgainstLayer(question.layer):
            raise TargetError(
                f"Layer {question.layer} is compared with itself.",
                remedy="Probe the other layer, or change the question.",
            )
        return self.answer(question)

    def answer(self, question: Question) -> Glimpse:
        """Answer a checked question, where an atom target lies on its atom and has a radius."""
        if self._network is None or isinstance(question.against, AgainstCorrection):
            return self._slowly(question)
        weights = padded_weights(target_weights(question, self._image, self._grid), self._network)
        turn, decoders = self._sightings.see(weights)
        image, part = turned(self._padded, turn), torch.from_numpy(turned(weights, turn).copy())
        box = Box.around(part)
        crop = Crop(self._network, (image.shape[0], image.shape[1]), box)
        device = next(self._network.parameters()).device
        inputs = torch.from_numpy(image[crop.seen.slices].copy()).to(device)[None, None]
        score = QuickScore(self._model, self._network, crop, part[box.slices].to(device), question, decoders)
        is_gradient = self._config.method == "input-gradient"
        map_ = (gradient_map if is_gradient else class_activation_map)(score, inputs)
        assert score.index is not None, "computed with the map"
        metadata = describe_answer(
            self._model,
            self._image,
            question,
            self._config,
            output=Output(score.decoder, score.index),
            turn=turn,
            value=score.value,
            probability=score.probability,
            image_sha256=self._digest,
        )
        small, window = self._on_image(map_.cpu().numpy(), crop.seen, turn)
        return Glimpse(small, window, {**metadata, "done": 1.0, "figures": {}})

    def _question_of_atom(self, target: AtomTarget, layer: int | None) -> Question:
        check_target(target, self._shape)
        pixel_size = require(self._image.pixel_size, name=self._image.name)
        if self._atoms is None or self._atoms.empty:
            raise TargetError(
                f"No atoms of {self._image.name} are known.", remedy="Find the atoms first, or probe pixels."
            )
        if layer is None:
            steps = self._atoms[["y_px", "x_px"]].to_numpy(np.float64) - (target.y, target.x)
            layer = int(self._atoms["layer"].iloc[int(np.hypot(*steps.T).argmin())])
        config = self._config
        found = snap(
            target,
            self._atoms,
            layer=layer,
            pixel_size=pixel_size,
            tolerance=config.tolerance,
            radius=config.target_radius,
        )
        return Question(found.target, layer, found.species)

    def _slowly(self, question: Question) -> Glimpse:
        """Compute the window as `explain` does, and cut out what is not 0."""
        prepared = prepare(self._model, self._image, question, self._config, atoms=self._atoms)
        *_, heatmap = explain(prepared)
        if not heatmap.data.any():
            return Glimpse(heatmap.data[:1, :1], (slice(0, 1), slice(0, 1)), dict(heatmap.metadata))
        window = Box.around(torch.from_numpy(heatmap.data)).slices
        return Glimpse(heatmap.data[window], window, dict(heatmap.metadata))

    def _on_image(self, map_: FloatImage, box: Box, turn: int) -> tuple[FloatImage, tuple[slice, slice]]:
        """Turn a map back, cut off what lies beside the image, and resample it to the image's pixels."""
        rows, columns = box_turned_back(box.slices, len(self._padded), turn)
        upright = turned_back(map_, turn)[: self._on[0] - rows.start, : self._on[1] - columns.start]
        inside = tuple(
            slice(axis.start, axis.start + side) for axis, side in zip((rows, columns), upright.shape, strict=True)
        )
        return window_from_network_grid(
            np.ascontiguousarray(upright), (inside[0], inside[1]), self._on, self._shape
        )
