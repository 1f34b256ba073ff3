"""The U-Net (Ronneberger et al., MICCAI 2015, arXiv:1505.04597), with batch norm and padded convolutions."""

from napari_strata.config import ModelConfig
from napari_strata.models.network import Network


def unet(config: ModelConfig, classes: int) -> Network:
    """Build a U-Net: one decoder, one mask; logits of shape (batch, 1, class, y, x)."""
    return Network(layers=1, classes=classes, filters=config.filters, dropout=config.dropout)
