"""The models that come with the package, each a bundle in a folder of its name."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_strata.config import ModelCard
    from napari_strata.config.atom_origin import AtomOrigin

FOLDER = Path(__file__).resolve().parents[1] / "bundled"


def bundled_models() -> tuple[Path, ...]:
    """Return the folders of all models that come with the package, by name."""
    return tuple(sorted(card.parent for card in FOLDER.glob("*/card.yaml")))


def bundled_model(name: Path) -> Path | None:
    """Return the folder of the model of that name, None if none has it or `name` has several parts."""
    folder = FOLDER / name.name
    return folder if name == Path(name.name) and (folder / "card.yaml").is_file() else None


def bundled_card(origin: "AtomOrigin | None") -> "ModelCard | None":
    """Return the card of the model that an origin names, if it comes with the package and is the same."""
    from napari_strata.io.bundle import read_card

    folder = None if origin is None else bundled_model(Path(origin.model))
    card = None if folder is None else read_card(folder)
    is_same = origin is not None and card is not None and card.weights_sha256 == origin.weights_sha256
    return card if is_same else None
