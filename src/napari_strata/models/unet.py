"""The U-Net (Ronneberger et al., MICCAI 2015, arXiv:1505.04597), with batch norm; padded where it is not set."""

from napari_strata.config import ModelConfig
from napari_strata.models.encoder_decoder import encoder_decoder
from napari_strata.models.network import Network


def unet(config: ModelConfig, classes: int) -> Network:
    """Build a U-Net: one decoder, one mask; logits of shape (batch, 1, channel, y, x)."""
    return encoder_decoder(config, classes)
