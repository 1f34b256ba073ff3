"""What to look at inside a network."""

from napari_strata.config.base import Config, setting
from napari_strata.config.training import Device


class InsideConfig(Config):
    """Which feature map and channel to look at, how many patches, and how to invert."""

    feature_map: str = setting(
        "encoder, level 1", "Which layer of the network; what a model has is listed by explain-layers."
    )
    channel: int = setting(0, "Channel of the feature map, from 0.", ge=0)
    patches: int = setting(9, "At most how many patches are shown.", ge=1, le=100)
    steps: int = setting(200, "Steps of the inversion.", ge=1, le=10_000)
    rate: float = setting(0.05, "Length of a step of the inversion.", gt=0, le=1, advanced=True)
    smoothness: float = setting(
        0.01, "Weight of the total variation in the inversion.", ge=0, le=100, advanced=True
    )
    norm: float = setting(
        0.01, "Weight of values beyond the image's range in the inversion.", ge=0, le=100, advanced=True
    )
    seed: int = setting(0, "Seed of the noise that the inversion begins with.", ge=0, advanced=True)
    device: Device = setting("auto", "Where to compute.", advanced=True)
