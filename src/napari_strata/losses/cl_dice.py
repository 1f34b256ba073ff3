r"""Centre-line Dice: whether thin things are in one piece, not how wide they are.

With soft skeletons S(q), S(t) of masks (MONAI's `soft_skel`, 3 erosions) on labelled pixels, per foreground class:

.. math::

    clDice_{ij} = 1 - \frac{2 P R}{P + R}, \qquad P = \frac{\sum_p S(q) t + 1}{\sum_p S(q) + 1}, \quad
    R = \frac{\sum_p S(t) q + 1}{\sum_p S(t) + 1}

averaged over classes. Shit et al., CVPR 2021 (arXiv:2003.07311). Deviation: what is not labelled is taken off both
masks before they are thinned, so that it has no gradient; strokes should be wider than the things in them. Where
layers are labelled in different places, each pair is thinned by itself.
"""

import torch
from torch import Tensor

from napari_strata.losses.compared import Compared

EROSIONS = 3
"""Things up to twice as wide are thinned to a line [px]; MONAI's default."""


def cl_dice(pairs: Compared) -> Tensor:
    """Return the centre-line Dice loss, shape (batch, decoder, layer)."""
    labelled = pairs.labelled
    if torch.equal(labelled, labelled[:, :1].expand_as(labelled)):
        labelled = labelled[:, :1]
    q = pairs.q[:, :, None] * labelled[:, None, :, None]
    truth = pairs.truth_q[:, None]
    shape = pairs.outputs.shape[-2:]
    thin_q, thin_truth = _skeleton(q, shape), _skeleton(truth, shape)
    precision = ((thin_q * truth).sum(-1) + 1) / (thin_q.sum(-1) + 1)
    recall = ((thin_truth * q).sum(-1) + 1) / (thin_truth.sum(-1) + 1)
    loss = 1 - (2 * precision * recall / (precision + recall)).mean(-1)
    return loss * pairs.has_labels


def _skeleton(masks: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the soft skeletons of masks, shape (batch, ..., pixel)."""
    from monai.losses.cldice import soft_skel

    # pooling is twice as fast on a CPU where the maps of a sample lie pixel by pixel
    maps = masks.reshape(len(masks), -1, *shape).contiguous(memory_format=torch.channels_last)
    skeletons: Tensor = soft_skel(maps, EROSIONS)
    return skeletons.reshape(masks.shape)
