"""The smallest change of an image that flips the answer to a question, beside the image's shot noise."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.smallest_change import SmallestChangeConfig
from napari_strata.explain.changes.adversarial import Found, smallest_change
from napari_strata.explain.changes.change_size import ChangeSize, change_size
from napari_strata.explain.changes.image_changes import Mask, grown
from napari_strata.explain.changes.outcome import Outcome, Seen
from napari_strata.explain.changes.pixel_gradient import PixelGradient
from napari_strata.explain.changes.what_if import WhatIf
from napari_strata.numbers import plain
from napari_strata.types import FloatImage

TIMES = (1.25, 1.5, 2.0, 3.0, 4.0)
"""Where the score flips and the target stays, so many times the change are tried to take it away."""

ROUGH = (
    " The image has no dark background, which would show the intensity of no electron: counts are rough, and the"
    " part of the shot noise is not. State the dose."
)


@dataclass(frozen=True, slots=True, eq=False)
class Gone:
    """A larger change, with which the target is no longer there.

    Attributes
    ----------
    times : float
        How many times the smallest change it is, each pixel within its limits.
    change : ndarray of float32, shape (y, x)
        What is added to the image, in the window of the outcome [intensity].
    outcome : Outcome
        The changed image there, and what the network says of it.
    """

    times: float
    change: FloatImage
    outcome: Outcome


@dataclass(frozen=True, slots=True, eq=False)
class Flip:
    """The smallest change that was found.

    Attributes
    ----------
    change : ndarray of float32, shape (y, x)
        What is added to the image, in the window of the outcome [intensity].
    outcome : Outcome
        The changed image there, and what the network says of it.
    size : ChangeSize
        How large the change is.
    flips : bool
        Whether it turns the sign of the score.
    is_within : bool
        Whether it does so within the bound.
    words : str
        All that for people.
    is_stopped : bool
        Whether the search was stopped before it ended.
    gone : Gone or None
        The change that takes away a target which stays where no more than the sign of the score turns.
    """

    change: FloatImage
    outcome: Outcome
    size: ChangeSize
    flips: bool
    is_within: bool
    words: str
    is_stopped: bool = False
    gone: Gone | None = None


class FlipSearch:
    """Looks for the smallest change of some pixels that gives the score of a question the other sign.

    Every score is that of the changed image as the network would see it, normalised anew. Pixels stay between 0,
    or the image's least value where that is lower, and its greatest value.

    Parameters
    ----------
    session : WhatIf
        Image, network and question.
    mask : ndarray of bool, shape (y, x), or None
        The pixels that may change; None takes those near the target.
    config : SmallestChangeConfig
        How near, how large a change counts, and how long to look.
    """

    def __init__(self, session: WhatIf, mask: Mask | None, config: SmallestChangeConfig) -> None:
        self._session, self._config = session, config
        self._answers: dict[float, Seen] = {}
        self._region = grown(session.footprint, config.reach * session.scale) if mask is None else mask
        self._pixels = session.image[self._region]
        self._low = min(0.0, float(session.image.min())) - self._pixels
        self._high = float(session.image.max()) - self._pixels
        session.look_ahead(self._region)  # so that a stop has less to wait for
        self._slope = PixelGradient(
            session.score,
            session.prepared.view,
            session.image,
            pixel_size=session.stack.pixel_size,
            target=session.model.card.model.pixel_size,
        )

    def look(self) -> Generator[Found, None, None]:
        """Yield the best so far, after every look of the network at a changed image."""
        return smallest_change(
            self._score,
            lambda change: self._slope.at(self._changed(change))[self._region],
            self._low,
            self._high,
            steps=self._config.steps,
        )

    def size(self, found: Found) -> ChangeSize:
        """Return how large a change is."""
        return change_size(found.change, self._pixels, self._session.noise)

    def flip(self, found: Found, *, is_stopped: bool = False) -> Flip:
        """Return what was found, with the image that it makes and, unless the search was stopped, the masks."""
        size = self.size(found)
        is_within = found.flips and (size.ratio is None or size.ratio <= self._config.bound)
        words = in_words(found, size, self._config, is_stopped=is_stopped)
        details = {
            **self._config.model_dump(mode="json"),
            **size.told(),
            "flips": found.flips,
            "within_bound": is_within,
            "words": words,
        }
        after = self._answers.get(found.score)
        change, outcome = self._outcome(found.change, details, after=after, with_masks=not is_stopped)
        return Flip(change, outcome, size, found.flips, is_within, words, is_stopped)

    def take_away(self, flip: Flip, found: Found) -> Flip:
        """Look how much larger a change takes away what is still there when the score flips; say so."""
        if not (flip.flips and flip.outcome.stays):
            return flip
        gone, words = None, f"Only the sign of its score flips, even at {TIMES[-1]:g} times this change."
        for times in TIMES:
            more = np.clip(times * found.change, self._low, self._high)
            details = {**change_size(more, self._pixels, self._session.noise).told(), "times_smallest": times}
            change, outcome = self._outcome(more, details)
            if not outcome.stays:
                gone, said = Gone(times, change, outcome), _uncapped(outcome.target_words)
                words = f"Only the sign of its score flips. At {times:g} times this change: {said}"
                break
        words = f"{flip.outcome.target_words} {words}"
        told = {"gone_at": None if gone is None else gone.times, "target_words": words}
        metadata = {**flip.outcome.metadata, "what_if": {**flip.outcome.metadata["what_if"], **told}}
        return replace(flip, outcome=replace(flip.outcome, metadata=metadata, target_words=words), gone=gone)

    def _outcome(
        self,
        change: NDArray[np.float64],
        details: Mapping[str, Any],
        *,
        after: Seen | None = None,
        with_masks: bool = True,
    ) -> tuple[FloatImage, Outcome]:
        """Return what a change adds in the window of its outcome, and the outcome."""
        changed = self._changed(change)
        outcome = self._session.outcome(changed, self._region, details, after=after, with_masks=with_masks)
        return (changed - self._session.image).astype(np.float32)[outcome.window], outcome

    def _score(self, change: NDArray[np.float64]) -> float:
        """Ask the network, and note all that it says: a stop shows it without asking again."""
        seen = self._session.see(self._changed(change))
        self._answers[seen.score] = seen
        return seen.score

    def _changed(self, change: NDArray[np.float64]) -> NDArray[np.float64]:
        changed = self._session.image.copy()
        changed[self._region] += np.clip(change, self._low, self._high)
        return changed


def _uncapped(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def in_words(found: Found, size: ChangeSize, config: SmallestChangeConfig, *, is_stopped: bool) -> str:
    """Say whether a change flips the score, and how large it is."""
    if is_stopped:
        if not found.flips:
            score = plain(found.score, 3)
            return f"Stopped before the score flipped; it is {score} with the last change that was tried."
        return f"{in_words(found, size, config, is_stopped=False)} Stopped: a smaller one may flip it, too."
    if not found.flips:
        return (
            "Does not flip: no change of these pixels was found that turns the sign of the score, which is"
            f" {plain(found.score, 3)} with the last that was tried."
        )
    if size.ratio is None or size.gain is None:
        change = f"the change is {plain(size.rms, 3)} per pixel (RMS in the region)"
        return f"The score flips: {change}. The image shows no shot noise."
    about, rough = ("about ", ROUGH) if size.is_rough else ("", "")
    counts = (
        f"{about}{plain(size.rms / size.gain, 3)} counts per pixel (RMS),"
        f" {plain(size.peak / size.gain, 3)} at most, {plain(size.total / size.gain, 3)} in all,"
        f" at {about}{plain(size.gain, 3)} intensity units per count,"
        f" {'estimated from the image' if config.dose is None else 'from the dose'}"
    )
    if size.ratio <= config.bound:
        part = plain(size.ratio, 2)
        return f"The score flips: the change is {part} of the shot noise (RMS in the region): {counts}.{rough}"
    return (
        f"Does not flip within {config.bound:g} of the shot noise: it takes {plain(size.ratio, 2)} of it (RMS in"
        f" the region): {counts}.{rough}"
    )
