"""What to explain, by which method, and how finely."""

from typing import Literal

from napari_strata.config.base import Config, setting
from napari_strata.config.training import Device

ExplainMethod = Literal[
    "input-gradient",
    "gradient-x-input",
    "smooth-grad",
    "var-grad",
    "integrated-gradients",
    "deep-lift",
    "guided-backprop",
    "deconvolution",
    "gradient-shap",
    "expected-gradients",
    "grad-cam",
    "grad-cam-plus-plus",
    "guided-grad-cam",
    "layer-activation",
    "mean-activation",
    "attention",
    "occlusion",
    "feature-ablation",
    "lime",
    "kernel-shap",
    "receptive-field",
]
Baseline = Literal["mean", "dark", "blurred", "noise"]


class ExplainConfig(Config):
    """Which heatmap, for how large a target; a method reads only the settings that concern it."""

    method: ExplainMethod = setting("input-gradient", "Attribution method.")
    tolerance: float = setting(1.0, "Largest distance from the click to the atom.", unit="Å", gt=0, le=100)
    target_radius: float = setting(
        0.5, "Radius of an atom's footprint in its probability map.", unit="Å", gt=0, le=100, advanced=True
    )
    samples: int = setting(25, "How many noisy copies or random references are averaged.", ge=2, le=10_000)
    noise: float = setting(
        0.15, "Standard deviation of added noise, as a part of the image's range.", gt=0, le=2, advanced=True
    )
    steps: int = setting(50, "Steps on the way from the baseline to the image.", ge=2, le=10_000)
    baseline: Baseline = setting(
        "mean",
        "Image without information that the method compares with: its mean, its minimum, blurred, or noise.",
    )
    window: float = setting(1.0, "Side of the square that is covered.", unit="Å", gt=0, le=100)
    stride: float = setting(0.75, "Step by which the square is moved.", unit="Å", gt=0, le=100, advanced=True)
    superpixel: float = setting(1.5, "Side of a superpixel.", unit="Å", gt=0, le=100)
    subsets: int = setting(500, "How many random subsets of superpixels are tried.", ge=10, le=1_000_000)
    feature_map: str = setting(
        "", "Which layer of the network; empty takes the one that the method is best known for.", advanced=True
    )
    channel: int | None = setting(
        None,
        "Channel of that layer, from 0; none takes the one that says most for the score.",
        ge=0,
    )
    seed: int = setting(0, "Seed of all random numbers.", ge=0, advanced=True)
    batch: int = setting(
        8, "How many images are computed at once; fewer need less memory.", ge=1, le=1024, advanced=True
    )
    device: Device = setting("auto", "Where to compute.", advanced=True)
