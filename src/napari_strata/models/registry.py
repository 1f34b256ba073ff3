"""From settings or a bundle on disk to a network."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from napari_strata.config import ModelCard, ModelConfig
from napari_strata.config.model import Architecture
from napari_strata.errors import BundleError
from napari_strata.io.bundle import load_bundle
from napari_strata.models.ensemble import Ensemble
from napari_strata.models.gombnet import gombnet
from napari_strata.models.network import Network
from napari_strata.models.unet import unet


def residual_unet(config: ModelConfig, classes: int) -> Network:
    """Build a residual U-Net, importing MONAI."""
    from napari_strata.models.residual_unet import ResidualUNet

    return ResidualUNet(config, classes)


def attention_unet(config: ModelConfig, classes: int) -> Network:
    """Build an attention U-Net, importing MONAI."""
    from napari_strata.models.attention_unet import AttentionUNet

    return AttentionUNet(config, classes)


def resnet_unet(config: ModelConfig, classes: int) -> Network:
    """Build a U-Net on a ResNet, importing MONAI."""
    from napari_strata.models import resnet_unet

    return resnet_unet.resnet_unet(config, classes)


ARCHITECTURES: dict[Architecture, Callable[[ModelConfig, int], Network]] = {
    "unet": unet,
    "gombnet": gombnet,
    "residual-unet": residual_unet,
    "attention-unet": attention_unet,
    "resnet-unet": resnet_unet,
}


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A network in eval mode and its card."""

    network: Network
    card: ModelCard


def build_network(config: ModelConfig, classes: int) -> Network:
    """Build an untrained network.

    Parameters
    ----------
    config : ModelConfig
        Which network.
    classes : int
        Number of foreground classes, at least 1.
    """
    return ARCHITECTURES[config.architecture](config, classes)


def _build_members(card: ModelCard) -> Network:
    """Build the network of a model, or as many as its card says as one."""
    members = [build_network(card.model, len(card.classes.classes)) for _ in range(card.members)]
    return members[0] if len(members) == 1 else Ensemble(members)


def load_network(path: Path, device: torch.device | str = "cpu") -> LoadedModel:
    """Load a trained network.

    Parameters
    ----------
    path : Path
        A bundle's folder, its card.yaml, or a run folder.
    device : device or str
        Where the network goes.

    Raises
    ------
    BundleError
        If there is no bundle, or its weights do not fit its card.
    """
    bundle = load_bundle(path)
    network = _build_members(bundle.card)
    try:
        network.load_state_dict(bundle.state)
    except RuntimeError as error:
        raise BundleError(
            f"The weights in {path} do not fit the network that the card describes.",
            remedy="Restore card.yaml as the training wrote it.",
        ) from error
    return LoadedModel(network.to(device).eval(), bundle.card)
