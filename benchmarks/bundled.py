"""The models that come with the package: their sizes, what 16 bits cost, and graphene on published bilayers."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.dice import SEED, atom_figures, disk_figures, locate, mask_figures
from benchmarks.figure import Figure
from benchmarks.published_recipe import make_bilayers

IMAGES = 200
GRAPHENE = "gombnet-graphene"
MEGABYTES = 5.0
TARGETS = {"Dice": ">= 0.885", "IoU": ">= 0.80", "F1": ">= 0.97", "RMSE": "<= 0.12 Å"}


def measure() -> Iterator[Figure]:
    """Measure every model that is there."""
    from napari_strata.io.bundled import bundled_models

    for folder in bundled_models():
        yield from of_card(folder)
        if folder.name == GRAPHENE:
            yield from on_bilayers(folder)


def of_card(folder: Path) -> Iterator[Figure]:
    """Tell the size of a model's weights, and its Dice with 16 bits beside that with 32."""
    from napari_strata.io.bundle import read_card

    card = read_card(folder)
    size = (folder / card.weights_file).stat().st_size / 1e6
    yield Figure(f"{folder.name}: weights", size, "MB", f"<= {MEGABYTES:g}")
    whole, halved = (card.figures[name] for name in ("dice", "dice_16_bits"))
    assert isinstance(whole, float), folder
    name = f"{folder.name}: Dice with 16 bits, on simulated crystals"
    yield Figure(name, halved, baseline={"32 bits": whole})


def on_bilayers(model: Path) -> Iterator[Figure]:
    """Score the model of graphene on images of another recipe, their pixel sizes known."""
    bilayers = make_bilayers(IMAGES, seed=SEED)
    found = locate(model, bilayers, known=True)
    name = f"{model.name}, {IMAGES} published bilayers"
    masks = [prediction.masks[0] for prediction in found.predictions]
    yield from mask_figures(name, masks, bilayers, targets=TARGETS)
    yield from disk_figures(name, found.table, bilayers, targets=TARGETS)
    yield from atom_figures(name, found.table, bilayers, pilot=False, targets=TARGETS)
