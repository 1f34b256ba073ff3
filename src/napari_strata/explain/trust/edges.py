"""An edge detector as a method of explanation: the one to beat."""

from collections.abc import Iterator

import torch
from scipy import ndimage
from torch import Tensor

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.catalogue import Facts
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore

EDGES = Facts("Edge detector", "network")


def edge_detector(_score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the magnitude of the image's gradient, :math:`M_p = |\nabla I|_p`, by Sobel's filters.

    It looks like a heatmap and knows nothing of the network: Adebayo et al., arXiv:1810.03292, compare maps with
    it. Shape (y, x), at least 0.
    """
    yield Attribution(edges(scene.image))


def edges(image: Tensor) -> Tensor:
    """Return the magnitude of Sobel's gradient of an image (1, 1, y, x), shape (y, x)."""
    pixels = image[0, 0].detach().cpu().double().numpy()
    magnitude = ndimage.generic_gradient_magnitude(pixels, ndimage.sobel, mode="nearest")
    return torch.from_numpy(magnitude).to(image)
