"""Which weights are the best so far.

The smaller loss on held-out data wins; without held-out data the newest weights do. Where pins are respected,
fewer wrong pins win before any loss is looked at.

A correction makes all earlier scores void: earlier weights do not know what was painted, and would bring the
mistake back if they were kept; and what is validated on may have changed. So do a pin and its removal where pins
are respected.
"""

import math
from typing import Any

Rank = tuple[int, float]
"""Wrong pins and loss; the smaller, the better."""


class BestSoFar:
    """Compares scores.

    Parameters
    ----------
    respect_pins : bool
        Whether wrong pins count.

    Attributes
    ----------
    respects_pins : bool
        The same.
    """

    def __init__(self, *, respect_pins: bool) -> None:
        self.respects_pins = respect_pins
        self._rank: Rank | None = None

    @property
    def is_void(self) -> bool:
        """Whether no score counts at present."""
        return self._rank is None

    def take(self, loss: float | None, wrong_pins: int) -> bool:
        """Note the score of an epoch and return whether it is the best.

        Parameters
        ----------
        loss : float or None
            Loss on held-out data; None where there is none.
        wrong_pins : int
            Pinned regions that are wrong.
        """
        rank = (wrong_pins if self.respects_pins else 0, -math.inf if loss is None else loss)
        is_best = self._rank is None or rank < self._rank or (loss is None and rank == self._rank)
        if is_best:
            self._rank = rank
        return is_best

    def begin_anew(self) -> None:
        """Forget all scores."""
        self._rank = None

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` restores."""
        if self._rank is None:
            return {"wrong_pins": None, "loss": None}
        return {"wrong_pins": self._rank[0], "loss": self._rank[1] if math.isfinite(self._rank[1]) else None}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        loss = -math.inf if state["loss"] is None else float(state["loss"])
        self._rank = None if state["wrong_pins"] is None else (int(state["wrong_pins"]), loss)
