"""What is judged, and what measures of trust have in common."""

import dataclasses
import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from torch import Tensor

from napari_strata.config.judge import JudgeConfig
from napari_strata.explain.attribution import Attribution, Method
from napari_strata.explain.catalogue import Facts
from napari_strata.explain.covering import covered, scores
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore
from napari_strata.types import FloatImage, LabelArray

T = TypeVar("T")
BEFORE_THE_END = 0.999
"""The most that can be done of a measure before its result is there."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Labels of the image, to train a network on them after they were permuted.

    Attributes
    ----------
    grid : ndarray of float32, shape (y, x)
        The whole normalised image on the network's grid.
    codes : ndarray of uint8, shape (layer, y, x)
        Mask codes on the same grid, a mask for each of the network's layers.
    """

    grid: FloatImage
    codes: LabelArray


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A method's map of one question, and all that it takes to make such a map again under other conditions.

    Attributes
    ----------
    method : Method
        From score and scene to maps.
    facts : Facts
        What the method is.
    score : TargetScore
        What is explained.
    scene : Scene
        The window; it has a baseline.
    weights : Tensor, shape (y, x)
        The target's weights in the window.
    found : Attribution
        The whole map that is judged.
    config : JudgeConfig
        Settings of the measures.
    passes : int
        Passes through the network that one map takes.
    draw_noisy : callable, optional
        From a number to the window (1, 1, y, x) of the image recorded once more, always the same for that number.
    labels : Labels, optional
        Labels for the test with random ones.
    known : dict
        Scores of images with parts covered, by what is covered; subjects of one question may share it.
    """

    method: Method
    facts: Facts
    score: TargetScore
    scene: Scene
    weights: Tensor
    found: Attribution
    config: JudgeConfig
    passes: int = 1
    draw_noisy: Callable[[int], Tensor] | None = None
    labels: Labels | None = None
    known: dict[bytes, Tensor] = field(default_factory=dict)

    @property
    def baseline(self) -> Tensor:
        """The image without information, shape (1, 1, y, x)."""
        assert self.scene.baseline is not None, "who prepares a subject asks for a baseline"
        return self.scene.baseline

    @property
    def batch(self) -> int:
        """Images in one pass: one on a CPU, where more are no faster and a stop would have to wait for all."""
        return 1 if self.scene.image.device.type == "cpu" else self.scene.config.batch

    def scores_covered(self, masks: Tensor) -> Tensor:
        """Return the scores of the image with the baseline where masks (batch, y, x) are true, shape (batch,)."""
        told = f"{self.scene.origin} {tuple(masks.shape)}".encode()
        key = hashlib.blake2b(told + np.packbits(masks.cpu().numpy()).tobytes(), digest_size=16).digest()
        if key not in self.known:
            self.known[key] = scores(self.score, covered(self.scene, masks)).double().cpu()
        return self.known[key]

    def generator(self, *numbers: int) -> np.random.Generator:
        """Return random numbers that depend on the seed of the settings and on `numbers`."""
        return np.random.default_rng([self.scene.config.seed, *numbers])


@dataclass(frozen=True, slots=True)
class Measured:
    """What a measure has found so far.

    Attributes
    ----------
    done : float
        Part of the measure that is done; the last one has 1.
    figures : mapping
        The result, ready for JSON; empty before the end.
    """

    done: float
    figures: Mapping[str, Any] = field(default_factory=dict)


class MeasureOf(Protocol):
    """A measure of trust: it yields often, so that it can be stopped, and the result in the end.

    The score and its network are never touched: what has to be changed is a copy.
    """

    def __call__(self, subject: Subject) -> Iterator[Measured]:
        """Yield at least one result; the last one has done == 1."""


def again(
    subject: Subject, *, score: TargetScore | None = None, image: Tensor | None = None
) -> Generator[float, None, Tensor]:
    """Make the map of another score, or of another image, with the same method and settings.

    Yields
    ------
    float
        Part of the map that is done.

    Returns
    -------
    Tensor, shape (y, x)
        The whole map.
    """
    scene = subject.scene if image is None else dataclasses.replace(subject.scene, image=image)
    found: Tensor | None = None
    making = cast("Generator[Attribution, None, None]", subject.method(score or subject.score, scene))
    with closing(making):  # which takes away its hooks now, when this is closed before its end
        for attribution in making:
            found = attribution.map
            yield attribution.done
    assert found is not None, "a method yields at least one map"
    return found


def part_of(work: Generator[float, None, T], *, done: float, share: float) -> Generator[Measured, None, T]:
    """Let a piece of work be a share of a measure that is done so far, and return what it returns."""
    with closing(work):
        while True:
            try:
                part = next(work)
            except StopIteration as stop:
                result: T = stop.value
                return result
            yield Measured(min(done + share * part, BEFORE_THE_END))
