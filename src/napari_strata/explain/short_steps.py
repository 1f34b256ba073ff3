"""Settings with which a stop need not wait."""

import torch

from napari_strata.config import ExplainConfig


def in_short_steps(config: ExplainConfig, device: torch.device) -> ExplainConfig:
    """Return settings that compute image by image on a CPU, where more at once are no faster and hold a stop up.

    On other devices as many are computed at once as the settings say.
    """
    return config.model_copy(update={"batch": 1}) if device.type == "cpu" else config
