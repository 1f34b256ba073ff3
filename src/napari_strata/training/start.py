"""Where the weights of a training begin: drawn from its seed, or those of a saved model."""

from collections.abc import Iterator
from pathlib import Path

import torch

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.events import JobEvent, StartedFrom, Warned
from napari_strata.io.bundle import load_bundle
from napari_strata.models.network import Network
from napari_strata.models.registry import build_network
from napari_strata.models.transfer import Transfer, take_over


def starting_network(config: TrainConfig, classes: ClassTable) -> tuple[Network, Transfer | None]:
    """Build the network of a training, leaving torch's global generator as it was.

    Parameters
    ----------
    config : TrainConfig
        Everything that is set; the seed and `start` count.
    classes : ClassTable
        What the network's outputs will mean.

    Returns
    -------
    network : Network
        With a frozen encoder where that is asked for.
    transfer : Transfer or None
        What was taken over; None where the network is new.

    Raises
    ------
    BundleError
        If the model to start from cannot be read or shares nothing with the network.
    """
    start = config.training.start
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        network = build_network(config.model, len(classes.classes))
    if not start.model:
        return network, None
    transfer = take_over(network, config.model, classes, load_bundle(Path(start.model)))
    if start.freeze_encoder:
        network.freeze_encoder()
    return network, transfer


def tell(transfer: Transfer | None) -> Iterator[JobEvent]:
    """Say what was taken over, and why it may be of little use; nothing where the network is new."""
    if transfer is None:
        return
    taken, total = len(transfer.taken), transfer.total
    yield StartedFrom(transfer.model, transfer.weights_sha256, taken, total, transfer.replaced, transfer.words)
    for doubt in transfer.doubts:
        yield Warned(doubt, "Choose the same setting for this network if that is not meant.")


def origin(transfer: Transfer | None) -> str:
    """Return words to put behind what a network learns from, so that its card names the model that it began as."""
    return "" if transfer is None else f"; started from {transfer.model}"
