"""The methods of explanation by name: what they are, without loading what they need."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from napari_strata.config import ExplainMethod

if TYPE_CHECKING:
    from napari_strata.explain.attribution import Method
    from napari_strata.explain.scene import Scene

Need = Literal["baseline", "superpixels", "references"]
Family = Literal["gradient", "activation", "covering", "network"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a method is.

    Attributes
    ----------
    title : str
        Its name as in the paper.
    family : str
        What it is made of: gradients, activations inside the network, covered parts of the image, or the network
        alone.
    settings : tuple of str
        The fields of `ExplainConfig` that it reads, beyond those of the target.
    signed : bool
        Whether the map has negative values: what speaks against the score.
    needs : tuple of str
        What of the `Scene` it needs beyond the image.
    complete : bool
        Whether what the method gives sums to the difference of the scores of image and baseline.
    of_pixels : bool
        Whether each pixel's value is a part of the score, so that the values of pixels add up: finer pixels have
        smaller ones.
    whole : bool
        Whether it looks at the whole image by definition, so that a window gives another map.
    of_relus : bool
        Whether it changes what goes through ReLUs, so that the network must have them.
    slope : bool
        Whether it tells how the score changes with a pixel, so that the pixel times it is a part of the score.
    of_gates : bool
        Whether it shows attention gates, so that the network must have them.
    """

    title: str
    family: Family
    settings: tuple[str, ...] = ()
    signed: bool = False
    needs: tuple[Need, ...] = ()
    complete: bool = False
    of_pixels: bool = False
    whole: bool = False
    of_relus: bool = False
    slope: bool = False
    of_gates: bool = False

    @property
    def many_passes(self) -> bool:
        """Whether it takes more than a handful of passes, so that they come in batches."""
        return "batch" in self.settings


METHODS: Mapping[ExplainMethod, Facts] = {
    "input-gradient": Facts("Gradient saliency", "gradient", slope=True),
    "gradient-x-input": Facts("Gradient x input", "gradient", signed=True, of_pixels=True),
    "smooth-grad": Facts("SmoothGrad", "gradient", ("samples", "noise", "batch"), slope=True),
    "var-grad": Facts("VarGrad", "gradient", ("samples", "noise", "batch")),
    "integrated-gradients": Facts(
        "Integrated Gradients",
        "gradient",
        ("steps", "baseline", "batch"),
        signed=True,
        needs=("baseline",),
        complete=True,
        of_pixels=True,
    ),
    "deep-lift": Facts(
        "DeepLIFT", "gradient", ("baseline",), signed=True, needs=("baseline",), complete=True, of_pixels=True
    ),
    "guided-backprop": Facts("Guided Backprop", "gradient", signed=True, of_relus=True, slope=True),
    "deconvolution": Facts("Deconvolution", "gradient", signed=True, of_relus=True, slope=True),
    "gradient-shap": Facts(
        "Gradient SHAP",
        "gradient",
        ("samples", "noise", "baseline", "batch"),
        signed=True,
        needs=("baseline",),
        of_pixels=True,
    ),
    "expected-gradients": Facts(
        "Expected Gradients", "gradient", ("samples", "batch"), signed=True, needs=("references",), of_pixels=True
    ),
    "grad-cam": Facts("Grad-CAM", "activation", ("feature_map",)),
    "grad-cam-plus-plus": Facts("Grad-CAM++", "activation", ("feature_map",)),
    "guided-grad-cam": Facts("Guided Grad-CAM", "activation", ("feature_map",), signed=True, of_relus=True),
    "layer-activation": Facts(
        "Layer activation", "activation", ("feature_map", "channel"), signed=True, whole=True
    ),
    "mean-activation": Facts("Mean activation", "activation", ("feature_map",), signed=True, whole=True),
    "attention": Facts("Attention gate", "activation", ("feature_map",), whole=True, of_gates=True),
    "occlusion": Facts(
        "Occlusion", "covering", ("window", "stride", "baseline", "batch"), signed=True, needs=("baseline",)
    ),
    "feature-ablation": Facts(
        "Feature ablation",
        "covering",
        ("superpixel", "baseline", "batch"),
        signed=True,
        needs=("baseline", "superpixels"),
    ),
    "lime": Facts(
        "LIME",
        "covering",
        ("superpixel", "subsets", "baseline", "batch"),
        signed=True,
        needs=("baseline", "superpixels"),
    ),
    "kernel-shap": Facts(
        "Kernel SHAP",
        "covering",
        ("superpixel", "subsets", "baseline", "batch"),
        signed=True,
        needs=("baseline", "superpixels"),
        complete=True,
    ),
    "receptive-field": Facts("Effective receptive field", "network", ("samples", "batch")),
}


def load_method(name: ExplainMethod) -> "Method":
    """Return a method: the function of its name in the module of its name in `napari_strata.explain.methods`."""
    function = name.replace("-", "_")
    method: Method = getattr(import_module(f"napari_strata.explain.methods.{function}"), function)
    return method


def passes_of(name: ExplainMethod, scene: "Scene") -> int:
    """Return how many times the network computes a window, a backward pass counted as one more."""
    module = import_module(f"napari_strata.explain.methods.{name.replace('-', '_')}")
    return int(module.passes(scene))
