"""The models that come with the package, each a bundle in a folder of its name."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "bundled"


def bundled_models() -> tuple[Path, ...]:
    """Return the folders of all models that come with the package, by name."""
    return tuple(sorted(card.parent for card in FOLDER.glob("*/card.yaml")))


def bundled_model(name: Path) -> Path | None:
    """Return the folder of the model of that name, None if none has it or `name` has several parts."""
    folder = FOLDER / name.name
    return folder if name == Path(name.name) and (folder / "card.yaml").is_file() else None
