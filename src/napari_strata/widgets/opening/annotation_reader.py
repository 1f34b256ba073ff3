"""Opens annotation files of other programs, dropped on napari, as Shapes and Points layers."""

from collections.abc import Callable, Sequence
from pathlib import Path

from napari.utils.notifications import show_warning

from napari_strata.annotation.class_mapping import map_classes
from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import AnnotatedImage
from napari_strata.io.labels.formats import find_format
from napari_strata.io.labels.image_names import stem_of
from napari_strata.io.labels.reading import read_annotations
from napari_strata.widgets.layers.outline_layers import LayerData, outline_layers

ENDINGS = (".xml", ".json", ".ndjson", ".roi", ".zip")
"""Endings of annotation files; masks and tables are left to the readers of images and tables."""
MOST_IMAGES = 20
"""Annotated images that are opened at once; more would flood the layer list."""


def get_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return a reader for an annotation file whose shapes can be edited, as npe2 asks for.

    Parameters
    ----------
    path : str or sequence of str
        File to open.

    Returns
    -------
    callable or None
        None for files that no format recognises.
    """
    if not isinstance(path, str) or Path(path).suffix.lower() not in ENDINGS:
        return None
    try:
        find_format("auto", Path(path))
    except LabelsError:
        return None
    return lambda _path: _layers(Path(path))


def _layers(path: Path) -> list[LayerData]:
    said = read_annotations(path, {}).annotations
    for warning in said.warnings:
        show_warning(f"{path.name}: {warning}")
    frames: dict[str, dict[int, AnnotatedImage]] = {}
    for image in said.images:
        if image.annotations:
            frames.setdefault(image.name, {})[image.frame] = image
    if not 0 < len(frames) <= MOST_IMAGES:
        raise LabelsError(
            f"{path.name} holds annotations of {len(frames)} images, not 1 to {MOST_IMAGES}.",
            remedy="Open the images, and import it in the Label files dock.",
        )
    colors = {one.name: one.color for one in map_classes(said.classes).classes}
    return [
        layer
        for name, own in frames.items()
        for layer in outline_layers(
            {frame: image.annotations for frame, image in own.items()},
            next(iter(own.values())).size,
            name=stem_of(name),
            colors=colors,
            is_stack=any(own),
        )
    ]
