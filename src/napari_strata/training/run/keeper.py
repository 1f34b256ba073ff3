"""Keeps the best weights of a run on disk, with a card that says what they are."""

import functools
import platform
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from napari_strata.config import ClassTable, ModelCard, TrainConfig
from napari_strata.config.card import Seen
from napari_strata.events import EpochEnded
from napari_strata.io.bundle import load_bundle, save_bundle
from napari_strata.models.ensemble import Ensemble
from napari_strata.models.network import Network

Figures = dict[str, float | int | str | None]


class BestKeeper:
    """Writes a bundle whenever it is called; the last one written is the best.

    Parameters
    ----------
    folder : Path
        Folder of the bundle.
    config : TrainConfig
        The run's configuration.
    classes : ClassTable
        What the outputs mean.
    trained_on : str
        In words, what the network learns from.
    value_scale : tuple of float, optional
        Offset and spread of values in units of their own.
    seen : callable, optional
        Tells what it learns from looks like, asked once.

    Attributes
    ----------
    figures : dict
        Scores of the best weights; empty where none are kept yet.
    spare : Path or None
        Where the best weights of whole epochs go when those of an unfinished one take their place, for a training
        that is resumed and knows nothing of that end.
    saved_at : int
        Step at which the training was saved last: weights that are kept at that very step come after it.
    """

    def __init__(
        self,
        folder: Path,
        config: TrainConfig,
        classes: ClassTable,
        trained_on: str,
        value_scale: tuple[float, float] | None = None,
        seen: Callable[[], Seen | None] | None = None,
    ) -> None:
        self.figures: Figures = {}
        self.spare: Path | None = None
        self.saved_at = 0
        self._folder = folder
        self._config = config
        self._classes = classes
        self._trained_on = trained_on
        self._value_scale = value_scale
        self._seen = functools.cache(seen or (lambda: None))

    def __call__(self, network: Network, epoch: EpochEnded) -> None:
        """Write the network's weights and the scores of this epoch."""
        if epoch.step == self.saved_at:
            self._set_aside()
        self.figures = {
            "best_epoch": epoch.epoch,
            "train_loss": epoch.train_loss,
            "validation_loss": epoch.validation_loss,
        }
        if self._config.model.output == "values":
            self.figures |= {"validation_rmse": epoch.validation_rmse, "validation_r2": epoch.validation_r2}
        else:
            self.figures["validation_dice"] = epoch.validation_dice
        card = ModelCard(
            name=self._config.name or default_name(self._config),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            model=self._config.model,
            members=len(network.members) if isinstance(network, Ensemble) else 1,
            classes=self._classes,
            value_scale=self._value_scale,
            trained_on=self._trained_on,
            seen=self._seen(),
            figures={**self.figures, "seconds": round(epoch.elapsed, 1), "step": epoch.step},
            software={"python": platform.python_version(), **{p: version(p) for p in ("napari-strata", "torch")}},
            weights_file="weights.safetensors",
            weights_sha256="0" * 64,
        )
        save_bundle(self._folder, network.state_dict(), card)

    def restore(self, figures: Figures) -> None:
        """Bring back the best weights of whole epochs, and their scores.

        Raises
        ------
        OutputError
            If they cannot be written.
        """
        self.figures = dict(figures)
        if self.spare is not None and self.spare.is_dir():
            kept = load_bundle(self.spare)
            save_bundle(self._folder, kept.state, kept.card)

    def drop_spare(self) -> None:
        """Forget what was set aside: the training has gone on."""
        if self.spare is not None:
            shutil.rmtree(self.spare, ignore_errors=True)

    def _set_aside(self) -> None:
        if self.spare is not None and self._folder.is_dir():
            kept = load_bundle(self._folder)
            save_bundle(self.spare, kept.state, kept.card)


def default_name(config: TrainConfig) -> str:
    """Name a model after its architecture and what it learns from."""
    subject = config.data.simulation.subject if config.data.source == "simulated" else config.data.source
    return f"{config.model.architecture}-{subject}"
