"""Which channels of the heads of two networks mean the same."""

from dataclasses import dataclass

from torch import Tensor

from napari_strata.config import ClassTable, ModelCard, ModelConfig


@dataclass(frozen=True, slots=True)
class HeadMatch:
    """What the heads of a network can take over from those of a saved model.

    Attributes
    ----------
    rows : tuple of (int, int)
        Channel here and channel there, for all that mean the same.
    why : str
        In words, why some channel has no counterpart; empty where all have one.
    by_name : tuple of str
        Classes that have another place there; empty where all classes are the same in the same order.
    """

    rows: tuple[tuple[int, int], ...] = ()
    why: str = ""
    by_name: tuple[str, ...] = ()

    def filled(self, own: Tensor, other: Tensor) -> Tensor:
        """Return a head's weights or offsets, shape (channel, ...), with the rows of another in their places."""
        result = own.clone()
        for row, other_row in self.rows:
            result[row] = other[other_row]
        return result


def match_heads(config: ModelConfig, classes: ClassTable, card: ModelCard) -> HeadMatch:
    """Compare the heads of a network with those of a saved model, class by class and by name.

    Background goes along with any class; where no class is shared nothing is.

    Parameters
    ----------
    config : ModelConfig
        The network.
    classes : ClassTable
        What its outputs mean.
    card : ModelCard
        The saved model.
    """
    if config.output != card.model.output:
        return HeadMatch(why=f"it gives {config.output} and not {card.model.output}")
    if config.filters[0] != card.model.filters[0]:
        return HeadMatch(why=f"its finest level has {config.filters[0]} filters and not {card.model.filters[0]}")
    if config.output == "values":
        return HeadMatch(((0, 0),))
    names, others = classes.names, card.classes.names
    known = [name for name in names if name in others]
    if not known:
        return HeadMatch(why=f"its classes are {', '.join(names)} and not {', '.join(others)}")
    first = 1 if config.output == "classes" else 0
    rows = [(first + names.index(name), first + others.index(name)) for name in known]
    missing = ", ".join(name for name in names if name not in known)
    return HeadMatch(
        tuple([(0, 0)] * first + rows),
        f"that model does not know {missing}" if missing else "",
        () if names == others else tuple(known),
    )
