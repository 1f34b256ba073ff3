"""What a label set says of itself in its ``set.json``: its image, its layers, and whether it was closed."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from napari_strata.annotation.provenance import Provenance
from napari_strata.config.base import Config
from napari_strata.errors import ConfigError, LabelsError
from napari_strata.io.files import replacing

CARD = "set.json"
"""File of the card in the folder of a label set."""


class Placement(Config):
    """Where a layer lies in the world, as napari says it."""

    scale: tuple[float, ...]
    translate: tuple[float, ...]
    rotate: tuple[tuple[float, ...], ...]
    shear: tuple[float, ...]
    affine: tuple[tuple[float, ...], ...]
    units: tuple[str, ...]
    axis_labels: tuple[str, ...]


class LayerCard(Config):
    """One Labels or Points layer.

    Attributes
    ----------
    key : str
        Its name in the store.
    name : str
        Its name in napari.
    kind : str
        ``labels`` or ``points``.
    shape : tuple of int
        Shape of the codes; of points the number of dimensions alone counts.
    dtype : str
        numpy's name of the codes' type.
    placement : Placement
        Where it lies.
    memory : dict
        What the layer remembers: class table, group, crystal layer, ...
    look : dict
        How it is drawn: opacity, size of points, ...
    born : Provenance
        Where its first codes came from.
    removed : bool
        Whether the user removed it from the viewer.
    """

    key: str
    name: str
    kind: Literal["labels", "points"]
    shape: tuple[int, ...]
    dtype: str = "uint8"
    placement: Placement
    memory: dict[str, Any] = Field(default_factory=dict)
    look: dict[str, Any] = Field(default_factory=dict)
    born: Provenance = Provenance.HUMAN
    removed: bool = False

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.placement.scale)

    def is_called_like(self, other: "LayerCard") -> bool:
        """Tell whether another description has the same name, place and classes: what OME metadata tell of it."""
        own, others = ((one.name, one.placement, one.memory.get("classes")) for one in (self, other))
        return own == others


class ImageCard(Config):
    """The image that was labelled, and how to open it again."""

    name: str
    path: str = ""
    plugin: str = ""


class SetCard(Config):
    """A label set: all layers made for one image.

    Attributes
    ----------
    image : ImageCard
        The image.
    created, changed : str
        Times in ISO format, with the time zone.
    closed : bool
        Whether everything was saved when it was closed; False while it is open and after a crash.
    layers : tuple of LayerCard
        Its layers, lowest first.
    """

    version: Literal[1] = 1
    image: ImageCard
    created: str
    changed: str
    closed: bool = False
    layers: tuple[LayerCard, ...] = ()

    @property
    def present(self) -> tuple[LayerCard, ...]:
        """The layers to bring back: those not removed; all where all were removed."""
        kept = tuple(layer for layer in self.layers if not layer.removed)
        return kept or self.layers


def read_card(folder: Path) -> SetCard:
    """Read the card of a label set.

    Raises
    ------
    LabelsError
        If there is none, or it is damaged.
    """
    path = folder / CARD
    remedy = "Choose another label set, or take its folder away."
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return SetCard.parse(values, source=str(path))
    except OSError as error:
        raise LabelsError(f"{path} cannot be read ({error.strerror}).", remedy=remedy) from error
    except (ValueError, RecursionError) as error:
        raise LabelsError(f"{path} is damaged ({error}).", remedy=remedy) from error
    except ConfigError as error:
        raise LabelsError(f"{path} is damaged: {error.message}", remedy=remedy) from error


def write_card(folder: Path, card: SetCard) -> None:
    """Write the card of a label set, so that a reader sees the old one or the new one, whole.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replacing(folder / CARD) as path:
        path.write_text(card.model_dump_json(indent=1), encoding="utf-8")
