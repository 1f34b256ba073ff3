"""Input gradient (vanilla saliency)."""

from captum.attr import Saliency
from torch import Tensor

from napari_strata.explain.score import TargetScore
from napari_strata.explain.undisturbed import undisturbed


def input_gradient(score: TargetScore, image: Tensor) -> Tensor:
    r"""Return the magnitude of the score's gradient with respect to every pixel.

    .. math:: M_p = \left|\frac{\partial S}{\partial I_p}\right|

    Simonyan, Vedaldi and Zisserman, ICLR workshop 2014, arXiv:1312.6034; computed by captum's ``Saliency``.
    The map says how strongly a small change of each pixel would change the score, not how much of the score
    each pixel carries. It is 0 outside the receptive field. One forward and one backward pass.

    Parameters
    ----------
    score : TargetScore
        What is explained.
    image : Tensor, shape (1, 1, y, x)
        Normalised image on the network's grid, or a window of it.

    Returns
    -------
    Tensor, shape (y, x)
        At least 0, not scaled [1 per standard deviation of the image].
    """
    with undisturbed(score):
        gradient: Tensor = Saliency(score).attribute(image.clone().requires_grad_(), abs=True)
    return gradient[0, 0].detach()
