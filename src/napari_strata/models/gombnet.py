"""The Gomb-Net (arXiv:2502.09791): one U-Net encoder, one decoder and head per crystal layer.

Deviations from the paper: heads end in a softmax over background and classes instead of a sigmoid per class
(which the output "multi-label" brings back), so that unlabelled pixels and several species need no special case;
filters 32-64-128-192.
"""

from napari_strata.config import ModelConfig
from napari_strata.models.encoder_decoder import encoder_decoder
from napari_strata.models.network import Network


def gombnet(config: ModelConfig, classes: int) -> Network:
    """Build a Gomb-Net of ``config.layers`` decoders; logits of shape (batch, layer, channel, y, x)."""
    return encoder_decoder(config, classes)
