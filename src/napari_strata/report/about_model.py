"""What a methods text says of the model that located the atoms: its card, and nothing beyond it."""

from napari_strata.config import ModelCard
from napari_strata.numbers import counted, listed, plain
from napari_strata.report.passage import Passage
from napari_strata.report.references import NETWORKS
from napari_strata.report.subject import Known

PACKAGES = {"python": "Python", "torch": "PyTorch", "numpy": "NumPy", "scipy": "SciPy", "matplotlib": "Matplotlib"}
"""How packages write themselves."""
SCORES = {
    "validation_dice": "a Dice coefficient of {}",
    "validation_rmse": "a root mean square error of {}",
}
"""What the score of a card is called."""
SHORT = 12
"""Characters of a checksum that tell one file from all others."""


def about_model(known: Known) -> Passage:
    """Tell the network, what it learned from, with which software, and whether it has seen such images."""
    card = known.card
    if card is None:
        return _only_named(known)
    sentences = (_network(card), _training(card), _familiarity(known, card))
    unknown = (
        []
        if card.seen
        else ["Whether the image is like those that the model was trained on: its card does not tell."]
    )
    if card.figures.get("validation_dice") is None and card.figures.get("validation_rmse") is None:
        unknown.append("How well the model does on held-out data: its card does not tell.")
    return Passage(tuple(filter(None, sentences)), tuple(unknown))


def _only_named(known: Known) -> Passage:
    if known.model is None:
        return Passage(unknown=("Which model located the atoms, and what it was trained on.",))
    name, checksum = known.model.values()
    return Passage(
        (f"Atoms were located with the model “{name}” (SHA-256 of its weights {checksum[:SHORT]}…).",),
        ("What kind of network that is and what it was trained on: the model is not at hand.",),
    )


def software_words(versions: dict[str, str]) -> str:
    """Write packages and their versions as a sentence lists them."""
    return listed([f"{PACKAGES.get(name, name)} {version}" for name, version in versions.items()])


def _network(card: ModelCard) -> str:
    several = (
        f"an ensemble of {card.members} networks whose probabilities are averaged, each "
        if card.members > 1
        else ""
    )
    decoders = f" with one decoder for each of {card.model.layers} crystal layers" if card.model.layers > 1 else ""
    grid = card.model.pixel_size
    works = f", which sees images resampled to {grid:g} Å per pixel" if grid else ", which sees images as they are"
    return (
        f"Atoms were located with the model “{card.name}” (SHA-256 of its weights {card.weights_sha256[:SHORT]}…),"
        f" {several}{NETWORKS[card.model.architecture]}{decoders}{works}."
    )


def _training(card: ModelCard) -> str:
    figures = card.figures
    after = _spent(figures.get("step"), figures.get("seconds"))
    if after and (first := _spent(figures.get("first_step"), figures.get("first_seconds"))):
        after += f" that went on from the weights after {first} of a first training"
    scores = [
        words.format(plain(value))
        for name, words in SCORES.items()
        if (value := _number(figures.get(name))) is not None
    ]
    return (
        f"It was trained on {card.trained_on.rstrip('.')}"
        + (f"; its weights are those after {after}" if after else "")
        + (f", with {listed(scores)} at its own validation" if scores else "")
        + f" ({software_words(dict(card.software))})."
    )


def _spent(steps: float | int | str | None, seconds: float | int | str | None) -> str:
    """Write how long a training took to its best weights, as far as that is known."""
    count = _number(steps)
    return listed(
        [words for words in ("" if count is None else counted(int(count), "step"), _duration(seconds)) if words]
    )


def _number(value: float | int | str | None) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _duration(seconds: float | int | str | None) -> str:
    value = _number(seconds)
    if value is None:
        return ""
    for least, length, unit in ((7200, 3600, "hours"), (120, 60, "minutes")):
        if value >= least:
            return f"{value / length:.1f} {unit}"
    return f"{value:.0f} seconds"


def _familiarity(known: Known, card: ModelCard) -> str:
    if card.seen is None or known.doubts is None:
        return ""
    return known.doubts or (
        "The clearest spacing, the noise and the contrast of the image are within the ranges of the images that"
        " the model was trained on; that does not tell whether it knows this crystal."
    )
