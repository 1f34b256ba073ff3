"""How long a pass through a network takes here."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_strata.explain.prepare import Prepared

MOST, LONGEST = 12, 1.0
"""How often a pass is timed at most, and for how long altogether [s]."""
TURNS = 4
"""In so many orientations a network of several layers looks at the atoms near a target."""
WARM = 1.0
"""A first pass that takes so long is not put right by a second [s]."""


def seconds_of_pass(prepared: "Prepared") -> float:
    """Time passes over the window; one of methods which follow gradients is the mean of forward and back.

    As many images at once as the scene says, since that decides how long each takes. The first time also takes
    what the libraries need only once. Quick ones are timed a few times, and the first does not count; slow ones
    do, as other programs make them slow, and will.
    """
    from napari_strata.explain.catalogue import METHODS
    from napari_strata.explain.covering import scores
    from napari_strata.explain.gradients import gradients

    score, scene = prepared.score, prepared.scene
    is_forward = METHODS[scene.config.method].family == "covering"
    many = scene.config.batch if METHODS[scene.config.method].many_passes else 1
    images = scene.image.expand(many, -1, -1, -1).contiguous()
    seconds = _mean_time(lambda: float((scores if is_forward else gradients)(score, images).sum()))
    return seconds / many / (1 if is_forward else 2)


def seconds_of_own_pass(prepared: "Prepared") -> float:
    """Time the map of a method of a handful of passes; many such compute the whole window and all decoders."""
    from napari_strata.explain.catalogue import load_method, passes_of

    name, score, scene = prepared.scene.config.method, prepared.score, prepared.scene
    method = load_method(name)

    def make_map() -> None:
        for _ in method(score, scene):
            pass

    return _mean_time(make_map) / max(passes_of(name, scene), 1)


def _mean_time(call: Callable[[], object]) -> float:
    """Return how long a call takes [s]."""
    taken: list[float] = []
    while len(taken) < MOST and (sum(taken) < LONGEST or (len(taken) == 1 and taken[0] < WARM)):
        begun = time.monotonic()
        call()
        taken.append(time.monotonic() - begun)
    counted = taken[1:] or taken
    return sum(counted) / len(counted)
