"""Whether a network can be explained at all: that one image has one answer, and that nothing is overwritten."""

from torch import nn

from napari_strata.errors import MethodError

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
"""Change nothing in eval mode, in place or not."""


def check_network(network: nn.Module) -> None:
    """Check that what a network says of an image depends on that image alone, and that no module works in place.

    Raises
    ------
    MethodError
        If batch norm takes mean and variance from the images at hand, or an activation overwrites its input, so
        that the feature map before it cannot be seen.
    """
    for name, module in network.named_modules():
        if isinstance(module, BATCH_NORMS):
            _check_batch_norm(name, module)
        if getattr(module, "inplace", False) and not isinstance(module, _DROPOUTS):
            raise MethodError(
                f"This network has a {type(module).__name__} that works in place: {name}.",
                remedy="Set inplace=False in it; networks of this package have none in place.",
            )


def _check_batch_norm(name: str, module: nn.Module) -> None:
    if module.running_mean is None:
        raise MethodError(
            f"The batch norm {name} has no running mean, so it takes that of the images at hand, and what this"
            " network says of one image depends on the others.",
            remedy="Train the network with track_running_stats=True, or with another norm.",
        )
    if module.training:
        raise MethodError(
            f"The batch norm {name} is in train mode, so what the network says of one image depends on others.",
            remedy="Call network.eval() first; models that are opened from disk are in eval mode.",
        )
