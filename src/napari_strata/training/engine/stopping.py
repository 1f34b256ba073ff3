"""When a training gets no better: how long it has waited for a better score, and what ended it."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_strata.control import JobControl

if TYPE_CHECKING:
    from napari_strata.training.engine.schedule import Clock

_NONE_YET = (math.inf, math.inf)


class Patience:
    """Counts epochs without a better score.

    Parameters
    ----------
    epochs : int or None
        After so many it is spent; None never is.
    """

    def __init__(self, epochs: int | None) -> None:
        self._epochs = epochs
        self._best: tuple[float, float] = _NONE_YET
        self._waited = 0

    @property
    def is_spent(self) -> bool:
        """Whether too many epochs have brought nothing better."""
        return self._epochs is not None and self._waited >= self._epochs

    def take(self, score: float, wrong_pins: int = 0) -> None:
        """Note the score of an epoch; the fewer wrong pins and, with as many, the smaller, the better."""
        if (wrong_pins, score) < self._best:
            self._best, self._waited = (wrong_pins, score), 0
        else:
            self._waited += 1

    def renew(self) -> None:
        """Wait anew for a score that is better than the best so far."""
        self._waited = 0

    def begin_anew(self) -> None:
        """Forget all scores, because they can no longer be compared."""
        self._best, self._waited = _NONE_YET, 0

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` restores; plain numbers, None before the first score."""
        best = None if self._best == _NONE_YET else list(self._best)
        return {"best": best, "waited": self._waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        wrong_pins, score = state["best"] or _NONE_YET
        self._best = wrong_pins, float(score)
        self._waited = int(state["waited"])


@dataclass(frozen=True, slots=True)
class Ending:
    """How a training ended.

    Attributes
    ----------
    steps : int
        Steps done.
    seconds : float
        Time that they took, pauses excluded [s].
    by : str
        In words, what ended it.
    """

    steps: int
    seconds: float
    by: str


def ended_by(control: JobControl, clock: "Clock", patience: Patience, *, epochs: int | None) -> str:
    """Return in words what ended a training.

    Parameters
    ----------
    control : JobControl
        Tells whether somebody stopped it.
    clock : Clock
        Its budgets.
    patience : Patience
        What early stopping waited for.
    epochs : int or None
        How long that was.
    """
    if control.stop_requested:
        return "stop"
    if patience.is_spent and not clock.is_over:
        return f"no better score for {epochs} epoch{'' if epochs == 1 else 's'}"
    return "time limit" if clock.limit_reached else "epochs"
