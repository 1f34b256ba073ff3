"""The attribution methods by name."""

from typing import Protocol

from torch import Tensor

from napari_strata.config import ExplainMethod
from napari_strata.explain.grad_cam import grad_cam
from napari_strata.explain.input_gradient import input_gradient
from napari_strata.explain.score import TargetScore


class Method(Protocol):
    """From a score and an image to a map of what matters."""

    def __call__(self, score: TargetScore, image: Tensor) -> Tensor:
        """Return the map, shape (y, x), of an image (1, 1, y, x) or the window of it that the score depends on."""


METHODS: dict[ExplainMethod, Method] = {"grad-cam": grad_cam, "input-gradient": input_gradient}
