"""Scores on held-out data in words: the loss first, because it decides which weights are the best."""

from collections.abc import Mapping
from typing import Any

from napari_strata.events import EpochEnded


def best_so_far(epoch: EpochEnded) -> str:
    """Say how good the weights are that were kept after an epoch."""
    if epoch.validation_loss is None:
        return "No held-out data: the averaged weights are kept."
    figures = {
        "validation_loss": epoch.validation_loss,
        "validation_dice": epoch.validation_dice,
        "validation_r2": epoch.validation_r2,
    }
    return f"Best so far: {scores(figures)} (epoch {epoch.epoch})."


def kept_weights(figures: Mapping[str, Any]) -> str:
    """Say which weights a training kept, from the figures of its result."""
    epoch = figures.get("best_epoch")
    if epoch is None:
        return "best weights kept"
    known = scores(figures)
    return f"best weights kept (epoch {epoch}: {known})" if known else f"weights of epoch {epoch} kept, no score"


def scores(figures: Mapping[str, Any]) -> str:
    """Return the scores that are known, as in ``loss 0.21, Dice 0.81``; empty where none is."""
    written = (
        ("validation_loss", "loss", ".2g"),
        ("validation_dice", "Dice", ".2f"),
        ("validation_r2", "R²", ".2f"),
    )
    known = ((words, figures.get(name), form) for name, words, form in written)
    return ", ".join(f"{words} {value:{form}}" for words, value, form in known if value is not None)
