"""What a method of explanation gives, and what it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """A map of what mattered, whole or as far as it is computed.

    Attributes
    ----------
    map : Tensor, shape (y, x)
        On the pixels of the scene; meaning and unit are those of the method.
    done : float
        Part of the work that is done; the last attribution of a method has 1. What comes before is coarser, or
        noisier, never another thing.
    figures : mapping of str to float
        What the method can say of its own exactness, for example the completeness ``delta`` or the
        ``standard_error`` of a sampled map.
    covers : bool
        Whether the whole scene was looked at, if only coarsely; before that the map is a mere piece.
    """

    map: Tensor
    done: float = 1.0
    figures: Mapping[str, float] = field(default_factory=dict)
    covers: bool = True


class Method(Protocol):
    """From a score and a scene to maps that get better; the last one is whole.

    A method computes no longer than a few batches between two attributions, so that whoever asks can stop it, and
    it leaves the network as it was, also when it is closed before its end.
    """

    def __call__(self, score: TargetScore, scene: Scene) -> Iterator[Attribution]:
        """Yield at least one attribution."""
