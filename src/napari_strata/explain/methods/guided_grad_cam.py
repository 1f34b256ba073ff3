"""Guided Grad-CAM."""

from collections.abc import Iterator

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.methods.grad_cam import grad_cam
from napari_strata.explain.methods.guided_backprop import guided_backprop
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def guided_grad_cam(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield Guided Backprop where Grad-CAM is not zero, and as much of it.

    .. math:: M_p = G_p \, C_p

    with Guided Backprop :math:`G` and Grad-CAM :math:`C`, as this package computes it. Selvaraju et al., ICCV
    2017, arXiv:1610.02391. Three forward and three backward passes.

    Shape (y, x), of both signs, not scaled.

    Raises
    ------
    MethodError
        If the network has no ReLU, or one that works in place.
    """
    (guided,), (cam,) = guided_backprop(score, scene), grad_cam(score, scene)
    yield Attribution(guided.map * cam.map)


def passes(_scene: Scene) -> int:
    """Return the passes through the network: those of both."""
    return 6
