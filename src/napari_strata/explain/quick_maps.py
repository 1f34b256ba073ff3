"""Scores and maps of a crop: what the probe shows, and nothing of the network that it does not need."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_strata.explain.methods.grad_cam import NEGLIGIBLE
from napari_strata.explain.question import AgainstClass, AgainstLayer, Question
from napari_strata.explain.terms import class_index, other_class
from napari_strata.models.cropped import Crop
from napari_strata.models.encoder_decoder import EncoderDecoder
from napari_strata.models.outputs import log_odds
from napari_strata.models.registry import LoadedModel


class QuickScore:
    """The number that is explained, of a crop: the mean log-odds of a class in the target, as in `TargetScore`."""

    def __init__(
        self,
        model: LoadedModel,
        network: EncoderDecoder,
        crop: Crop,
        weights: Tensor,
        question: Question,
        decoders: Sequence[int],
    ) -> None:
        self._model, self._against, self._decoders = model, question.against, decoders
        self.network, self.crop, self.weights = network, crop, weights
        self.decoder = decoders[question.layer]
        self.index: int | None = None if question.species is None else class_index(model, question.species)
        """The class, from 1; None takes the most probable one in the target."""
        self.value = self.probability = 0.0

    def of(self, features: list[Tensor], coarsest: Tensor) -> Tensor:
        """Return the score, and remember it."""
        logits = self.crop.finish(features, self.decoder, coarsest)
        shares = (self.network.probabilities(logits.detach()[:, None])[0, 0] * self.weights).sum(dim=(-2, -1))
        if self.index is None:
            self.index = int(shares[1:].argmax()) + 1
        self.probability = float(shares[self.index])
        score = self._mean(logits, self.index)
        match self._against:
            case AgainstClass(name):
                score = score - self._mean(logits, other_class(self._model, name, self.index))
            case AgainstLayer(layer):
                score = score - self._mean(self._logits(features, self._decoders[layer]), self.index)
        self.value = float(score.detach())
        return score

    def _logits(self, features: list[Tensor], decoder: int) -> Tensor:
        return self.crop.finish(features, decoder, self.crop.begin(features, decoder))

    def _mean(self, logits: Tensor, index: int) -> Tensor:
        return (log_odds(logits[0], index, self.network.output) * self.weights).sum()


def gradient_map(score: QuickScore, inputs: Tensor) -> Tensor:
    """Return the magnitude of the gradient, see `napari_strata.explain.methods.input_gradient`."""
    with torch.enable_grad():
        inputs.requires_grad_()
        features = score.crop.encode(inputs)
        value = score.of(features, score.crop.begin(features, score.decoder))
        (gradient,) = torch.autograd.grad(value, inputs)
    return gradient[0, 0].abs()


def class_activation_map(score: QuickScore, inputs: Tensor) -> Tensor:
    """Return the class activation map, see `napari_strata.explain.methods.grad_cam`."""
    with torch.no_grad():
        features = score.crop.encode(inputs)
        coarsest = score.crop.begin(features, score.decoder)
    with torch.enable_grad():
        value = score.of(features, coarsest.requires_grad_())
        (gradient,) = torch.autograd.grad(value, coarsest)
    shown = coarsest.detach()
    reached = (shown * gradient).abs().sum(dim=1, keepdim=True)
    height, width = (side // score.network.coarsest(score.decoder).pixel for side in score.crop.frame)
    weights = gradient.sum(dim=(-2, -1), keepdim=True) / (height * width)
    cam = (weights * shown).sum(dim=1, keepdim=True).relu() * (reached > NEGLIGIBLE * reached.max())
    return _enlarged(cam, score)


def _enlarged(cam: Tensor, score: QuickScore) -> Tensor:
    """Interpolate a map on the pixels that the crop sees; beside its box it is 0, beside the image it goes on."""
    where = score.network.coarsest(score.decoder)
    box, seen = score.crop.coarsest, score.crop.seen
    height, width = (side // where.pixel for side in score.crop.frame)
    around = box.grown(1, (height, width))
    sides = (box.left - around.left, around.right - box.right, box.top - around.top, around.bottom - box.bottom)
    ringed = nn.functional.pad(cam, sides)
    fine = nn.functional.interpolate(ringed, scale_factor=where.pixel, mode="bilinear")[0, 0]
    whole = fine.new_zeros(seen.bottom - seen.top, seen.right - seen.left)
    top, left = around.top * where.pixel - seen.top, around.left * where.pixel - seen.left
    whole[top : top + fine.shape[0], left : left + fine.shape[1]] = fine
    return whole
