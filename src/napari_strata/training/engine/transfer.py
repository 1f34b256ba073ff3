"""Where the weights of a training begin: drawn from its seed, or those of a saved model."""

from collections.abc import Iterator
from pathlib import Path

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.errors import BundleError
from napari_strata.events import JobEvent, StartedFrom, Warned
from napari_strata.io.bundle import load_bundle
from napari_strata.models.network import Network
from napari_strata.models.registry import build_network
from napari_strata.models.transfer import Transfer, take_over
from napari_strata.training.machine.seeding import seeded


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
        If the model to start from cannot be read or shares nothing with the network, or does not have all of an
        encoder that is to be kept.
    """
    start = config.training.start
    with seeded(config.training.seed):
        network = build_network(config.model, len(classes.classes))
    if not start.model:
        return network, None
    transfer = take_over(network, config.model, classes, load_bundle(Path(start.model)))
    if start.freeze_encoder:
        _check_encoder(network, transfer)
        network.freeze_encoder()
    return network, transfer


def _check_encoder(network: Network, transfer: Transfer) -> None:
    """Refuse to keep an encoder of which a part is new: it would never learn anything."""
    tensors = network.state_dict(keep_vars=True)
    encoder = {
        id(tensor) for part in network.encoder_parts() for tensor in part.state_dict(keep_vars=True).values()
    }
    new = [why for name, why in transfer.replaced if id(tensors[name]) in encoder]
    if new:
        raise BundleError(
            f"The encoder cannot be kept as it is in {transfer.model}: {len(new)} of its tensors are new, because "
            f"{new[0]}.",
            remedy="Choose the settings of that model for this network, or let the encoder learn, too.",
        )


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
