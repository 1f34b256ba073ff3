"""Classes that overlap: what a painted class called "cell+nucleus" means where the output is "multi-label".

A mask has one code per pixel, so where two classes overlap a third one is painted, whose name joins theirs by "+".
"""

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.errors import ConfigError
from napari_strata.losses.border_weights import Joined
from napari_strata.losses.channels import Channels
from napari_strata.types import BACKGROUND

JOINT = "+"


def output_classes(config: TrainConfig, painted: ClassTable) -> tuple[ClassTable, Channels]:
    """Return the classes that a network gives, and how its channels are meant.

    Parameters
    ----------
    config : TrainConfig
        Which output, and the weights of classes.
    painted : ClassTable
        What the codes of the labels mean.

    Raises
    ------
    ConfigError
        If there are more or fewer class weights than classes, or an overlap is there twice, or of classes that are
        not there or come after it.
    """
    weights = len(config.training.loss.class_weights)
    if weights and weights != BACKGROUND + len(painted.classes):
        raise ConfigError(
            f"training.loss.class_weights has {weights} weights for {BACKGROUND + len(painted.classes)} codes.",
            remedy=f"Give one for background, then one for each of {', '.join(painted.names)}.",
        )
    if config.model.output != "multi-label":
        return painted, Channels(config.model.output)
    names = painted.names
    single = [name for name in names if not _is_overlap(name, names)]
    if names[: len(single)] != tuple(single):
        raise ConfigError(
            f"The classes are in the order {', '.join(names)}.",
            remedy=f"Classes that are overlaps come last: {', '.join(single)} first.",
        )
    overlaps = tuple(tuple(single.index(part) for part in name.split(JOINT)) for name in names[len(single) :])
    if len({frozenset(overlap) for overlap in overlaps}) < len(overlaps):
        raise ConfigError(
            f"Two of the classes {', '.join(names)} are the same overlap.",
            remedy="Keep one of them.",
        )
    table = ClassTable(classes=painted.classes[: len(single)])
    return table, Channels("multi-label", overlaps)


def joined_codes(config: TrainConfig, painted: ClassTable) -> Joined:
    """Return, for every overlap, its code and those of its classes: where they touch they are one object."""
    table, channels = output_classes(config, painted)
    first = BACKGROUND + 1
    return tuple(
        (first + len(table.classes) + number, *(first + part for part in parts))
        for number, parts in enumerate(channels.overlaps)
    )


def _is_overlap(name: str, names: tuple[str, ...]) -> bool:
    """Tell whether a name joins other classes; a name like Fe2+ does not."""
    parts = name.split(JOINT)
    known = [part in names for part in parts]
    if len(parts) < 2 or not all(parts) or not any(known):
        return False
    if not all(known):
        strange = parts[known.index(False)]
        raise ConfigError(
            f"The class {name} is an overlap with {strange}, which is no class.",
            remedy=f"Join names of classes: {', '.join(n for n in names if JOINT not in n)}.",
        )
    return True
