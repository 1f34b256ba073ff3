"""A question's score from no more of the network than it depends on, for who asks it again and again."""

from dataclasses import dataclass

import torch
from torch import Tensor

from napari_strata.explain.prepare import Prepared
from napari_strata.explain.score import Term, weigh
from napari_strata.explain.window import Window
from napari_strata.models.cropped import Box, Crop, can_be_cropped
from napari_strata.models.network import Network


@dataclass(frozen=True, slots=True, eq=False)
class CroppedScore:
    """A score, and the window of the image that it is of.

    Attributes
    ----------
    network : Network
        The network.
    terms : tuple of Term
        What is added and subtracted, where the score looks at logits.
    window : tuple of slice
        Rows and columns of the turned and padded grid.
    weights : Tensor, shape (y, x)
        The target's weights where the score looks at logits.
    crop : Crop or None
        The part of the network that is computed; None computes all of it.
    """

    network: Network
    terms: tuple[Term, ...]
    window: Window
    weights: Tensor
    crop: Crop | None = None

    def logits(self, image: Tensor) -> Tensor:
        """Return logits, shape (batch, layer, channel, y, x), of images (batch, 1, y', x') of the window.

        Those of decoders that have no say are 0.
        """
        if self.crop is None:
            every: Tensor = self.network(image)
            return every
        decoders = list(dict.fromkeys(term.output.decoder for term in self.terms))
        some = self.crop.logits(image, decoders)
        logits = some.new_zeros(len(some), self.network.layers, *some.shape[2:])
        logits[:, decoders] = some
        return logits

    def of(self, logits: Tensor) -> Tensor:
        """Return the score, shape (batch,); the same as the prepared one, but for rounding."""
        return weigh(logits, self.terms, self.network.output)


def crop_score(prepared: Prepared) -> CroppedScore:
    """Return a prepared score of as small a window as can be; as it is where the network cannot be cropped."""
    terms, view, network = prepared.score.terms, prepared.view, prepared.score.network
    if not can_be_cropped(network):
        return CroppedScore(network, terms, view.window, view.weights)
    counted = torch.stack([view.weights != 0, *(term.weights != 0 for term in terms)]).any(dim=0)
    inner, (rows, columns) = Box.around(counted), view.window
    box = Box(
        inner.top + rows.start, inner.bottom + rows.start, inner.left + columns.start, inner.right + columns.start
    )
    crop = Crop(network, view.padded, box)
    cropped = tuple(Term(term.output, term.weights[inner.slices]) for term in terms)
    return CroppedScore(network, cropped, crop.seen.slices, view.weights[inner.slices], crop)
