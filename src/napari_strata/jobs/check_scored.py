"""Whether atoms can be scored: how many, whether they are those of an image, and whether a model knows them."""

from typing import TYPE_CHECKING

from napari_strata.errors import TableError, TargetError
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.models.registry import LoadedModel


def check_count(count: int, most: int) -> None:
    """Check that there are atoms to score, and not more than are allowed."""
    if not count:
        raise TableError("No atom is chosen.", remedy="Select atoms, or take all of a layer.")
    if count > most:
        raise TableError(
            f"{count} atoms are chosen, and at most {most} are scored at once.",
            remedy="Select fewer, or allow more by --most.",
        )


def check_belonging(atoms: "DataFrame", image: ImageStack) -> None:
    """Check that atoms may be those of an image."""
    frames = 1 if image.data.ndim == 2 else len(image.data)
    height, width = image.data.shape[-2:]
    inside = atoms["frame"].between(0, frames - 1)
    inside &= atoms["y_px"].between(-0.5, height - 0.5) & atoms["x_px"].between(-0.5, width - 0.5)
    if not inside.all():
        raise TableError(
            f"{int((~inside).sum())} of {len(atoms)} atoms lie outside {image.name}, which has {frames} frames of"
            f" {height} x {width} px.",
            remedy="Choose the atoms of this image.",
        )


def check_known(wanted: "DataFrame", loaded: "LoadedModel") -> None:
    """Check that a model has the layers and the classes of atoms."""
    layers, names = loaded.network.layers, loaded.card.classes.names
    strange = sorted({int(layer) for layer in wanted["layer"]} - set(range(layers)))
    if strange:
        raise TargetError(
            f"The model {loaded.card.name} has no layer {strange[0]}, which atoms are said to be in.",
            remedy=f"It has {layers}, from 0; find the atoms with this model.",
        )
    unknown = sorted({str(name) for name in wanted["species"]} - set(names))
    if unknown:
        raise TargetError(
            f"The model {loaded.card.name} knows no class {', '.join(unknown)}.",
            remedy=f"Its classes are {', '.join(names)}; find the atoms with this model.",
        )
