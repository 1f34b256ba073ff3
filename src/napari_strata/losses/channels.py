"""What the channels of a network are compared with: which codes of a mask belong to which channel."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from napari_strata.config.model import Output
from napari_strata.types import BACKGROUND, NOT_LABELLED


@dataclass(frozen=True, slots=True)
class Channels:
    """How a network's channels are meant.

    Attributes
    ----------
    output : str
        "classes": background and classes of which each pixel has one, "multi-label": classes that may overlap,
        without background, "values": one channel that is a value.
    overlaps : tuple of tuple of int
        With "multi-label", the classes (channels, from 0) that each code behind those of the classes stands for.
    """

    output: Output = "classes"
    overlaps: tuple[tuple[int, ...], ...] = ()

    def members(self, codes: Tensor, channels: int) -> Tensor:
        """Return which channels each pixel belongs to, none where it is not labelled.

        Parameters
        ----------
        codes : Tensor of int64, shape (...)
            Mask codes.
        channels : int
            Number of channels.

        Returns
        -------
        Tensor of int64, shape (..., channel)
            0 or 1.
        """
        known = (codes - BACKGROUND).clamp(min=0)
        if self.output == "classes":
            return one_hot(known, channels) * (codes >= BACKGROUND)[..., None]
        return self._table(channels).to(codes.device)[known]

    def codes(self, logits: Tensor) -> Tensor:
        """Return the mask codes that a network's output says, overlaps included.

        Parameters
        ----------
        logits : Tensor, shape (..., channel, y, x)
            A network's output.

        Returns
        -------
        Tensor of int64, shape (..., y, x)
            Of exclusive classes the most probable one. Of classes that may overlap the code of all those whose
            probability is above 0.5; 0 where there is none for them.
        """
        if self.output == "classes":
            return logits.argmax(dim=-3) + BACKGROUND
        table = self._table(logits.shape[-3]).to(logits.device).bool()
        fits = ((logits > 0).movedim(-3, -1)[..., None, :] == table).all(dim=-1)
        return torch.where(fits.any(dim=-1), fits.int().argmax(dim=-1) + BACKGROUND, NOT_LABELLED)

    def foreground(self, channels: Tensor, dim: int) -> Tensor:
        """Return the channels that are classes, without background."""
        return channels.narrow(dim, 1, channels.shape[dim] - 1) if self.output == "classes" else channels

    def _table(self, channels: int) -> Tensor:
        """Return the classes of each code, background first."""
        table = torch.zeros(1 + channels + len(self.overlaps), channels, dtype=torch.int64)
        table[1 : channels + 1] = torch.eye(channels, dtype=torch.int64)
        for row, classes in zip(table[channels + 1 :], self.overlaps, strict=True):
            row[list(classes)] = 1
        return table


CLASSES = Channels()
"""Each pixel has one class."""
