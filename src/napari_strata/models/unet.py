"""The U-Net (Ronneberger et al., MICCAI 2015, arXiv:1505.04597); by default it is normalised and padded."""

from napari_strata.config import ModelConfig
from napari_strata.models.encoder_decoder import encoder_decoder
from napari_strata.models.network import Network


def unet(config: ModelConfig, classes: int) -> Network:
    """Build a U-Net: one decoder, one mask; logits of shape (batch, 1, channel, y, x)."""
    return encoder_decoder(config, classes)
