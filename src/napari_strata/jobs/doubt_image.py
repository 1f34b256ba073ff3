"""What is doubtful about an image before it is predicted, and which built-in models would suit it better."""

from collections.abc import Iterator, Sequence

from napari_strata.config import ModelCard
from napari_strata.events import Warned
from napari_strata.jobs.doubt_crystal import known_honeycombs
from napari_strata.types import ImageStack

SPOTS = 24
"""Brightest spots of a Fourier transform that tell whether it is that of hexagonal crystals."""
SIXFOLD = 0.5
"""It is, where spots with more than this share of the power have partners 60 degrees on: of hexagonal ones,
twisted or strained, it is nearly 1, of others nearly 0."""


def doubts_about_images(images: Sequence[ImageStack], card: ModelCard) -> Iterator[Warned]:
    """Warn of images, checked and calibrated, that are outside what the model has seen; name models that fit."""
    from napari_strata.inference.familiarity import doubts_about

    for image in images:
        if doubt := doubts_about(image, card):
            yield Warned(doubt, " ".join(_what_to_do(image, card, doubt)))


def _what_to_do(image: ImageStack, card: ModelCard, doubt: str) -> Iterator[str]:
    """Ask for the pixel size where a spacing is strange, and then name bundled models that have seen such images.

    Four figures of noise may be those of a faint crystal, too: where no lattice is seen, no model is named. Nor
    are models of hexagonal crystals alone, where the spots are not those of such crystals.
    """
    from napari_strata.inference.familiarity import STRANGE_SPACING

    asks = STRANGE_SPACING in doubt and image.pixel_size is not None
    if asks:
        yield f"Is {image.pixel_size:.4g} Å right as the pixel size?"
    fits = _who_have_seen(image)
    if not fits:
        return
    shares = _sixfold_shares(image)
    if not shares:
        yield "No lattice is seen in it: no two spots of its Fourier transform rise above the noise."
    elif names := _suited(fits, card.model.layers, is_hexagonal=max(shares) > SIXFOLD):
        yield f"{'If so, built-in' if asks else 'Built-in'} models that have seen such images: {', '.join(names)}."


def _who_have_seen(image: ImageStack) -> dict[str, ModelCard]:
    """Return the bundled models that have seen such images."""
    from napari_strata.inference.familiarity import doubts_about
    from napari_strata.io.bundle import read_card
    from napari_strata.io.bundled import bundled_models

    cards = {folder.name: read_card(folder) for folder in bundled_models()}
    if image.pixel_size is None:
        cards = {name: card for name, card in cards.items() if card.model.pixel_size is None}
    return {name: card for name, card in cards.items() if card.seen and doubts_about(image, card) is None}


def _suited(cards: dict[str, ModelCard], layers: int, *, is_hexagonal: bool) -> list[str]:
    """Name the models of as many layers, else all others; those of honeycombs only where spots are hexagonal."""
    suited = {name: card for name, card in cards.items() if is_hexagonal or not known_honeycombs(card)}
    return [name for name, card in suited.items() if card.model.layers == layers] or list(suited)


def _sixfold_shares(image: ImageStack) -> list[float]:
    """Return the sixfold share of the first, the middle and the last frame, of those that show two spots."""
    from napari_strata.lattice.spectrum import LEAST_SIDE as LEAST_SEEN
    from napari_strata.lattice.spectrum import find_spots, sixfold_share

    if min(image.data.shape[1:]) < LEAST_SEEN:
        return []
    last = len(image.data) - 1
    seen = [find_spots(image.data[at], image.pixel_size or 1.0, most=SPOTS) for at in sorted({0, last // 2, last})]
    return [sixfold_share(spots) for spots in seen if len(spots) > 1]
