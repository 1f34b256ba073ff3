"""Take over the weights of a saved model, as far as they fit another network."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from napari_strata.config import ClassTable, ModelCard, ModelConfig
from napari_strata.errors import BundleError
from napari_strata.io.bundle import Bundle
from napari_strata.models.head_match import HeadMatch, match_heads
from napari_strata.models.network import Network

COUNTER = "num_batches_tracked"
"""The one tensor of a batch norm that says nothing about images; it stays, and is not counted."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What became of every tensor of a network that starts from a saved model.

    Attributes
    ----------
    model : str
        Name of that model.
    weights_sha256 : str
        Checksum of its weights.
    taken : tuple of str
        Names of the tensors that were taken over.
    replaced : tuple of (str, str)
        Names of those that are new, wholly or in some channels, and why.
    notes : tuple of str
        In words, what was not plainly copied.
    doubts : tuple of str
        In words, why what was taken over may be of little use.
    """

    model: str
    weights_sha256: str
    taken: tuple[str, ...]
    replaced: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Number of tensors of the network."""
        return len(self.taken) + len(self.replaced)

    @property
    def words(self) -> str:
        """How many tensors were taken over, and what is new and why."""
        text = f"Started from {self.model}: {len(self.taken)} of {self.total} tensors taken over"
        return "; ".join([text, *self._new_parts(), *self.notes]) + "."

    def _new_parts(self) -> Iterator[str]:
        reasons = Counter((_part(name), why) for name, why in self.replaced)
        sizes = Counter(_part(name) for name in (*self.taken, *dict(self.replaced)))
        parts: dict[str, list[str]] = {}
        for (part, why), count in reasons.items():
            parts.setdefault(why, []).append(part if count == sizes[part] else f"{count} tensors of the {part}")
        for why, new in parts.items():
            yield f"{', '.join(new)} new, because {why}"


def take_over(network: Network, config: ModelConfig, classes: ClassTable, bundle: Bundle) -> Transfer:
    """Give a network every tensor of a saved model whose name and shape fit.

    Heads are compared channel by channel (`match_heads`): those of classes that both know are taken over by name,
    the others stay as they are. Of an ensemble the first network is taken.

    Parameters
    ----------
    network : Network
        The network, with weights of its own; changed in place.
    config : ModelConfig
        Its settings.
    classes : ClassTable
        What its outputs mean.
    bundle : Bundle
        The saved model.

    Raises
    ------
    BundleError
        If no convolution fits.
    """
    old, card = _weights(bundle), bundle.card
    new = dict(network.state_dict())
    heads = match_heads(config, classes, card)
    taken, replaced = [], []
    for name, tensor in new.items():
        if name.endswith(COUNTER):
            continue
        is_head = name.startswith("heads.") and name in old
        why = heads.why if is_head else _misfit(name, tensor, old, config, card.model)
        if is_head:
            new[name] = heads.filled(tensor, old[name])
        elif not why:
            new[name] = old[name]
        if why:
            replaced.append((name, why))
        else:
            taken.append(name)
    if not any(new[name].ndim == 4 and not name.startswith("heads.") for name in taken):
        raise _nothing_shared(card, config)
    network.load_state_dict(new)
    notes, doubts = tuple(_notes(heads, card)), tuple(_doubts(config, card))
    return Transfer(card.name, card.weights_sha256, tuple(taken), tuple(replaced), notes, doubts)


def _weights(bundle: Bundle) -> Mapping[str, Tensor]:
    """Return the weights of a model, or of the first network of an ensemble."""
    if bundle.card.members == 1:
        return bundle.state
    first = "members.0."
    return {name.removeprefix(first): t for name, t in bundle.state.items() if name.startswith(first)}


def _misfit(
    name: str, tensor: Tensor, old: Mapping[str, Tensor], config: ModelConfig, old_config: ModelConfig
) -> str:
    """Say why a tensor cannot be taken over; empty if it can."""
    if name in old and old[name].shape == tensor.shape:
        return ""
    part, _, rest = name.partition(".")
    if part in ("decoders", "heads") and int(rest.partition(".")[0]) >= old_config.layers:
        return f"that model has {old_config.layers} crystal layer{'s' if old_config.layers > 1 else ''}"
    differing = (_difference(config, old_config, field) for field in ("architecture", "filters", "norm"))
    return next(filter(None, differing), "that model has none of this shape")


def _difference(config: ModelConfig, old: ModelConfig, field: str) -> str:
    """Say how a setting differs between the networks; empty if it does not."""
    mine, other = getattr(config, field), getattr(old, field)
    verb = "are" if field == "filters" else "is"
    return "" if mine == other else f"its {field} {verb} {_written(mine)} and not {_written(other)}"


def _written(value: object) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _notes(heads: HeadMatch, card: ModelCard) -> Iterator[str]:
    if heads.by_name:
        yield f"in the heads, {', '.join(heads.by_name)} taken over by name"
    if card.members > 1:
        yield f"of the {card.members} networks of that ensemble, the first was taken"


def _doubts(config: ModelConfig, card: ModelCard) -> Iterator[str]:
    old = card.model
    if config.pixel_size != old.pixel_size:
        mine, other = _grid(config.pixel_size), _grid(old.pixel_size)
        yield f"{card.name} learned at {other}, and this network works at {mine}."
    for field in ("activation", "norm", "padding"):
        if difference := _difference(old, config, field):
            yield f"{card.name} fits this network in part only: {difference}."


def _grid(pixel_size: float | None) -> str:
    return "the pixel size of its images" if pixel_size is None else f"{pixel_size:g} Å/px"


def _part(name: str) -> str:
    kind, number, *_ = name.split(".")
    one = {"decoders": "decoder", "heads": "head"}.get(kind)
    return f"{one} of layer {number}" if one else "encoder" if kind == "encoder" else "network"


def _nothing_shared(card: ModelCard, config: ModelConfig) -> BundleError:
    theirs, mine = (f"a {m.architecture} with filters {_written(m.filters)}" for m in (card.model, config))
    return BundleError(
        f"{card.name} shares no weights with the network that is to be trained: it is {theirs}, this is {mine}.",
        remedy=f"Choose the architecture and the filters of {card.name}, another model, or a new network.",
    )
