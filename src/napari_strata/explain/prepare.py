"""From a trained network, an image and a question to a score and a scene, ready for any method."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_strata.config import ExplainConfig
from napari_strata.data.grid import from_network_grid, to_network_grid
from napari_strata.data.shares import shares_from_network_grid
from napari_strata.explain.baselines import make_baseline, make_references, make_superpixels
from napari_strata.explain.batch_size import batch_size, kept_by
from napari_strata.explain.catalogue import METHODS, Need
from napari_strata.explain.fitness import check_network
from napari_strata.explain.layers import name_of_feature_map
from napari_strata.explain.pixels_digest import pixels_sha256
from napari_strata.explain.question import AgainstCorrection, Question, describe_question
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import Output, TargetScore
from napari_strata.explain.sightings import Sightings
from napari_strata.explain.targets import AtomTarget, atom_weights, centre, pixel_weights, to_grid
from napari_strata.explain.terms import make_terms
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.explain.view import View, find_view, look_at
from napari_strata.io.calibration import require
from napari_strata.models.registry import LoadedModel
from napari_strata.types import FloatImage, ImageStack, LabelArray

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What is explained, ready for any method.

    Attributes
    ----------
    score : TargetScore
        The number that is explained.
    scene : Scene
        The window that it depends on.
    view : View
        Where that window lies.
    shape : tuple of int
        Height and width of the image [px].
    metadata : mapping
        Question, model and image in words and numbers, ready for JSON.
    """

    score: TargetScore
    scene: Scene
    view: View
    shape: tuple[int, int]
    metadata: Mapping[str, Any]

    def on_image(self, map_: torch.Tensor) -> FloatImage:
        """Return a map of the window on the image's own grid, shape (y, x); 0 outside the window.

        Where the method's values add up they are shared out, so that their sum stays; others are interpolated.
        """
        own = map_.cpu().numpy()
        if METHODS[self.scene.config.method].of_pixels:
            return shares_from_network_grid(self.view.whole(own, folded=True), self.shape)
        map_on_image: FloatImage = from_network_grid(self.view.whole(own)[None], self.shape)[0]
        return map_on_image


def prepare(
    model: LoadedModel,
    image: ImageStack,
    question: Question,
    config: ExplainConfig,
    *,
    atoms: "DataFrame | None",
    needs: Collection[Need] = (),
    sightings: Sightings | None = None,
) -> Prepared:
    """Find the score and the scene of a question.

    Parameters
    ----------
    model : LoadedModel
        The network, on the device that computes, and its card.
    image : ImageStack
        One checked frame.
    question : Question
        A checked question; an atom target lies on its atom and has a radius.
    config : ExplainConfig
        Method and settings.
    atoms : DataFrame or None
        Predicted atoms of this frame; they tell which decoder drew which layer near the target. Without them it is
        the decoder with the layer's number.
    needs : collection of str
        What the scene shall have beyond what the method needs.
    sightings : Sightings, optional
        What `share_sightings` gave for this model, image and atoms: the maps are the same, and sooner there.

    Raises
    ------
    TargetError
        If the model has no class of that name, or there is no error to explain.
    MethodError
        If the network is in train mode, or an activation of it works in place.
    CalibrationError
        If the network, or an atom target, needs a pixel size and the image has none.
    """
    network, frame = model.network, image.data[0]
    check_network(network)
    shape = (frame.shape[0], frame.shape[1])
    grid = to_network_grid(frame, image.pixel_size, model.card.model.pixel_size)
    near = atoms_on_grid(atoms, network.layers, shape, (grid.shape[0], grid.shape[1]))
    facts = METHODS[config.method]
    view = find_view(
        network, grid, target_weights(question, image, grid), near, whole=facts.whole, sightings=sightings
    )
    score = TargetScore(network, make_terms(model, view, question, _corrected(question, grid)))
    with undisturbed(score), torch.no_grad():
        with kept_by(network) as kept:
            logits = network(view.inputs)
        value, probability = float(score.of(logits)), _probability(score, logits, question)
    metadata = describe_answer(
        model,
        image,
        question,
        config,
        output=score.outputs[0],
        turn=view.turn,
        value=value,
        probability=probability,
        image_sha256=pixels_sha256(frame),
    )
    if isinstance(question.against, AgainstCorrection):
        wrong = torch.stack([term.weights != 0 for term in score.terms]).any(dim=0)
        metadata = {**metadata, "wrong_pixels": int(wrong.sum())}
    pixel_size = model.card.model.pixel_size or image.pixel_size
    scene = _scene(grid, view, config, {*facts.needs, *needs}, pixel_size, kept.size)
    scene = replace(scene, seen=score.seen(scene.shape))
    return Prepared(score, scene, view, shape, metadata)


def share_sightings(
    model: LoadedModel, image: ImageStack, atoms: "DataFrame | None", *, for_many: bool = False
) -> Sightings | None:
    """Return what many questions about one frame have in common, for `prepare`; None where that is nothing.

    Parameters
    ----------
    model, image, atoms
        As in `prepare`.
    for_many : bool
        As in `Sightings`.
    """
    network, frame = model.network, image.data[0]
    grid = to_network_grid(frame, image.pixel_size, model.card.model.pixel_size)
    shape, on = (frame.shape[0], frame.shape[1]), (grid.shape[0], grid.shape[1])
    return look_at(network, grid, atoms_on_grid(atoms, network.layers, shape, on), for_many=for_many)


def describe_answer(
    model: LoadedModel,
    image: ImageStack,
    question: Question,
    config: ExplainConfig,
    *,
    output: Output,
    turn: int,
    value: float,
    probability: float | None,
    image_sha256: str,
) -> Mapping[str, Any]:
    """Return the question, who answers it and the score that is explained, ready for JSON."""
    names = ("background", *model.card.classes.names)
    feature_map = name_of_feature_map(model.network, output.decoder, config)
    return {
        **describe_question(question),
        "method": config.method,
        "parameters": {name: getattr(config, name) for name in (*METHODS[config.method].settings, "seed")},
        **({} if feature_map is None else {"feature_map": feature_map}),
        "decoder": output.decoder,
        "turn": turn,
        "class": names[output.index],
        "position": list(centre(question.target)),
        "score": value,
        "probability": probability,
        "model": model.card.name,
        "weights_sha256": model.card.weights_sha256,
        "image": image.name,
        "image_sha256": image_sha256,
        "pixel_size_A": image.pixel_size,
    }


def _scene(
    grid: FloatImage,
    view: View,
    config: ExplainConfig,
    needs: Collection[Need],
    pixel_size: float | None,
    per_image: int,
) -> Scene:
    baseline = superpixels = references = None
    if "baseline" in needs:
        made = make_baseline(grid, config.baseline, pixel_size=pixel_size, seed=config.seed)
        baseline = view.cut(made)[None, None]
    if "superpixels" in needs:
        side = max(round(config.superpixel / (pixel_size or 1.0)), 1)
        numbers = view.cut(make_superpixels(grid, side, within=view.upright_window))
        superpixels = torch.unique(numbers, return_inverse=True)[1]
    if "references" in needs:
        moved = make_references(grid, config.samples, seed=config.seed)
        references = torch.stack([view.cut(one)[None] for one in moved])

    def draw_noise(number: int) -> torch.Tensor:
        drawn = np.random.default_rng([config.seed, number]).standard_normal(grid.shape, np.float32)
        return view.cut(drawn)[None, None]

    _, _, height, width = view.inputs.shape
    batch = batch_size(config.batch, (height, width), view.inputs.device, per_image=per_image)
    return Scene(
        view.inputs,
        config.model_copy(update={"batch": batch}),
        pixel_size,
        range=float(np.ptp(grid)),
        draw_noise=draw_noise,
        origin=(view.window[0].start, view.window[1].start),
        whole=view.padded,
        baseline=baseline,
        superpixels=superpixels,
        references=references,
    )


def _probability(score: TargetScore, logits: torch.Tensor, question: Question) -> float | None:
    """Return the mean probability of the class in the target; None of an error, which is between classes."""
    if isinstance(question.against, AgainstCorrection) or score.network.output == "values":
        return None
    term = score.terms[0]
    of_class = score.network.probabilities(logits)[0, term.output.decoder, term.output.index]
    return float((of_class * term.weights).sum())


def target_weights(question: Question, image: ImageStack, grid: FloatImage) -> FloatImage:
    """Return the weights of a question's target on the network's grid, shape (y, x)."""
    target, shape = question.target, (image.data.shape[1], image.data.shape[2])
    on = (grid.shape[0], grid.shape[1])
    if not isinstance(target, AtomTarget):
        return pixel_weights(target, shape, on)
    assert target.radius is not None
    pixel_size = require(image.pixel_size, name=image.name)
    return atom_weights(target, shape, on, pixel_size=pixel_size, radius=target.radius)


def _corrected(question: Question, grid: FloatImage) -> LabelArray | None:
    """Return the corrected codes at the nearest pixels of the network's grid."""
    if not isinstance(question.against, AgainstCorrection):
        return None
    codes = question.against.codes
    rows, columns = (
        np.minimum(((np.arange(new) + 0.5) * own / new).astype(np.intp), own - 1)
        for new, own in zip(grid.shape, codes.shape, strict=True)
    )
    return codes[np.ix_(rows, columns)]


def atoms_on_grid(
    atoms: "DataFrame | None", layers: int, shape: tuple[int, int], grid: tuple[int, int]
) -> Sequence[NDArray[np.float64]] | None:
    """Return the positions (y, x) of each layer's atoms [px of the network's grid], where they decide anything."""
    if atoms is None or layers == 1:
        return None
    tables = (atoms.loc[atoms["layer"] == layer, ["y_px", "x_px"]].to_numpy(np.float64) for layer in range(layers))
    return [to_grid(positions, shape, grid) for positions in tables]
