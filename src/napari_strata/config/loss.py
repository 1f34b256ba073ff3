"""The loss: a weighted sum of terms, each between every decoder and every layer."""

from typing import Literal, Self

from pydantic import model_validator

from napari_strata.config.base import Config, setting
from napari_strata.config.model import Output

Assignment = Literal["hard", "soft"]
TERMS = ("cross_entropy", "dice", "tversky", "focal", "lovasz", "cl_dice", "binary_cross_entropy", "mse")
"""Fields of `LossConfig` that are weights of terms."""
FITTING: dict[Output, tuple[str, ...]] = {
    "classes": ("cross_entropy", "dice", "tversky", "focal", "lovasz", "cl_dice"),
    "multi-label": ("binary_cross_entropy", "dice", "tversky", "focal"),
    "values": ("mse",),
}
"""Terms that make sense for what a network gives."""
DEFAULT_TERMS: dict[Output, dict[str, float]] = {
    "classes": {"cross_entropy": 1.0, "dice": 1.0},
    "multi-label": {"binary_cross_entropy": 1.0, "dice": 1.0},
    "values": {"mse": 1.0},
}
"""Terms where none were chosen."""
WEIGHTED = ("cross_entropy", "binary_cross_entropy", "focal")
"""Terms in which pixels have weights."""


def _weight(default: float, title: str, of: str) -> float:
    weight: float = setting(default, f"Weight of {of}.", title=title, ge=0, le=100, advanced=True)
    return weight


class LossConfig(Config):
    """What a training makes small; a term with weight 0 is not computed."""

    cross_entropy: float = _weight(1.0, "Cross-entropy", "cross-entropy")
    dice: float = _weight(1.0, "Dice", "the Dice loss")
    tversky: float = _weight(0.0, "Tversky", "the Tversky loss")
    focal: float = _weight(0.0, "Focal loss", "the focal loss")
    lovasz: float = _weight(0.0, "Lovász", "the Lovász loss")
    cl_dice: float = _weight(0.0, "Centre-line Dice", "the centre-line Dice loss, for thin things")
    binary_cross_entropy: float = _weight(
        0.0, "Binary cross-entropy", "binary cross-entropy, each class by itself, for classes that overlap"
    )
    mse: float = _weight(0.0, "Squared error", "the mean squared error, for networks that give values")
    class_weights: tuple[float, ...] = setting(
        (),
        "Weights of the classes in cross-entropy and focal loss, background first; empty takes 1 for all.",
        advanced=True,
    )
    border_weight: float = setting(
        0.0,
        "Weight w0 of background between close objects, in cross-entropy and focal loss; the U-Net paper has 10.",
        title="Weight of gaps",
        ge=0,
        le=1000,
        advanced=True,
    )
    border_sigma: float = setting(
        5.0,
        "Width of the gaps that weigh more, on the network's grid.",
        title="Width of gaps",
        unit="px",
        gt=0,
        le=1000,
        advanced=True,
    )
    tversky_alpha: float = setting(
        0.3, "Weight of false positives (Tversky).", title="Tversky α", ge=0, le=1, advanced=True
    )
    tversky_beta: float = setting(
        0.7, "Weight of false negatives (Tversky).", title="Tversky β", ge=0, le=1, advanced=True
    )
    focal_gamma: float = setting(
        2.0, "How much sure pixels count less (focal).", title="Focal γ", ge=0, le=10, advanced=True
    )
    assignment: Assignment = setting(
        "hard",
        "Which decoder takes which layer: best permutation, or the published soft minimum.",
        title="Order of layers",
        advanced=True,
    )

    @model_validator(mode="after")
    def _something_to_minimise(self) -> Self:
        if not any(getattr(self, term) for term in TERMS):
            raise ValueError("every term has weight 0")
        if any(weight <= 0 for weight in self.class_weights):
            raise ValueError("class_weights must be positive")
        if self.tversky and not self.tversky_alpha + self.tversky_beta:
            raise ValueError("tversky_alpha and tversky_beta are both 0, so that no mistake counts")
        return self

    def fitted(self, output: Output) -> Self:
        """Return these settings for a network of some output; where no terms were chosen, with terms that fit.

        Raises
        ------
        ValueError
            If a setting makes no sense for this output.
        """
        loss = self
        if self.terms == LossConfig().terms:
            loss = self.model_copy(update={**dict.fromkeys(TERMS, 0.0), **DEFAULT_TERMS[output]})
        strange = [term for term in loss.terms if term not in FITTING[output]]
        if strange:
            raise ValueError(
                f"loss.{strange[0]} is not for a network whose output is {output!r}; for it there are "
                f"{', '.join(FITTING[output])}"
            )
        _check_weights(loss, output)
        return loss

    @property
    def terms(self) -> dict[str, float]:
        """The weights of all terms that count."""
        return {term: getattr(self, term) for term in TERMS if getattr(self, term)}


def _check_weights(loss: LossConfig, output: Output) -> None:
    if output == "values" and loss.assignment == "soft":
        raise ValueError("loss.assignment soft compares masks, and this network gives values; choose hard")
    if output != "classes" and loss.class_weights:
        raise ValueError(f"loss.class_weights are not for a network whose output is {output!r}")
    if (loss.class_weights or loss.border_weight) and not set(WEIGHTED) & set(loss.terms):
        name = "class_weights" if loss.class_weights else "border_weight"
        raise ValueError(f"loss.{name} needs one of {', '.join(WEIGHTED)}")
