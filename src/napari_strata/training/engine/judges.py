"""What the score of an epoch decides: which weights are the best, when to end early, when to lower the rate."""

from napari_strata.config import TrainingConfig
from napari_strata.training.engine.best import BestSoFar
from napari_strata.training.engine.schedule import Schedule
from napari_strata.training.engine.state import Stateful
from napari_strata.training.engine.stopping import Patience


class Judges:
    """All that compares the score of an epoch with earlier ones.

    Parameters
    ----------
    config : TrainingConfig
        Patience, schedule, and whether pins count.

    Attributes
    ----------
    best : BestSoFar
        Which weights are kept.
    patience : Patience
        When the training ends early.
    schedule : Schedule
        The learning rate.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self.best = BestSoFar(respect_pins=config.corrections.respect_pins)
        self.patience = Patience(config.patience)
        self.schedule = Schedule(config)

    @property
    def parts(self) -> dict[str, Stateful]:
        """What they remember, for checkpoints."""
        return {"best": self.best, "patience": self.patience, "schedule": self.schedule}

    def take(self, validation_loss: float | None, train_loss: float, wrong_pins: int) -> bool:
        """Note an epoch and return whether its weights are the best so far.

        Parameters
        ----------
        validation_loss : float or None
            Loss on held-out data; without it, the newest weights are the best, and waiting is for `train_loss`.
        train_loss : float
            Mean loss of the epoch's batches.
        wrong_pins : int
            Pinned regions that are wrong; fewer are better than any smaller loss, where pins are respected.
        """
        score = train_loss if validation_loss is None else validation_loss
        counted = wrong_pins if self.best.respects_pins else 0
        self.schedule.take(score, counted)
        self.patience.take(score, counted)
        return self.best.take(validation_loss, wrong_pins)

    def begin_anew(self) -> None:
        """Forget all scores: what was painted makes later ones another matter."""
        for judge in (self.best, self.patience, self.schedule):
            judge.begin_anew()

    def on_pins(self) -> None:
        """Forget all scores if pins count."""
        if self.best.respects_pins:
            self.begin_anew()
