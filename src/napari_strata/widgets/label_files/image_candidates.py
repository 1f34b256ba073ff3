"""The images that annotations may belong to: those that are open, and those in a folder."""

from collections import Counter
from collections.abc import Hashable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image

from napari_strata.annotation.candidates import Candidate
from napari_strata.errors import ImageError
from napari_strata.io.image_folder import Extent, ImageFile
from napari_strata.io.labels.image_names import stem_of
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.label_layers import add_grey
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.opening.reader import get_reader
from napari_strata.widgets.parts.layer_choice import GREY_OF, RESULT

if TYPE_CHECKING:
    from napari.viewer import Viewer


def open_candidates(viewer: "Viewer") -> list[Candidate]:
    """Return the open images as candidates, known by the name of the layer and of its file."""
    layers = [one for one in viewer.layers if isinstance(one, Image) and not one.metadata.get(RESULT)]
    colours = {one.metadata[GREY_OF] for one in layers if GREY_OF in one.metadata}
    candidates = []
    for one in layers:
        extent = _extent(one)
        if one.unique_id not in colours and extent is not None:
            candidates.append(Candidate(one.unique_id, _names(one, viewer), partial(_known, extent)))
    return candidates


def folder_candidates(files: Sequence[ImageFile], opened: Sequence[Candidate]) -> list[Candidate]:
    """Return the images of a folder as candidates, without those that are open.

    An open image is known by its path; one without a path, by its name, if only one image in the folder has it.
    """
    paths = {Path(name).resolve() for one in opened for name in one.names if Path(name).is_absolute()}
    without_path = [one for one in opened if not any(Path(name).is_absolute() for name in one.names)]
    names = {stem_of(name) for one in without_path for name in one.names}
    counts = Counter(stem_of(file.name) for file in files)
    return [
        Candidate.of_file(file)
        for file in files
        if file.path.resolve() not in paths
        and not (stem_of(file.name) in names and counts[stem_of(file.name)] == 1)
    ]


def image_layer(viewer: "Viewer", key: Hashable) -> Image:
    """Return the image layer of a candidate; a file is opened, and a colour image gets its grey copy.

    Raises
    ------
    ImageError
        If the layer was removed, or the file cannot be opened.
    """
    image = _open(viewer, key) if isinstance(key, Path) else _layer_with(viewer, key)
    if image is None:
        raise ImageError("An image was removed meanwhile.", remedy="Open it, and read the file again.")
    if image.rgb:
        add_grey(viewer, image)
        return viewer.layers[-1]
    return image


def _known(extent: Extent) -> Extent:
    return extent


def _layer_with(viewer: "Viewer", key: Hashable) -> Any:
    return next((one for one in viewer.layers if one.unique_id == key), None)


def _open(viewer: "Viewer", path: Path) -> Any:
    from napari.layers import Layer

    read = get_reader(str(path))
    if read is None:
        opened = viewer.open(str(path), plugin="napari")
        return next((one for one in opened if isinstance(one, Image)), None)
    (layer_data,) = read(str(path))
    return viewer.add_layer(Layer.create(*layer_data))


def _names(image: Image, viewer: "Viewer") -> tuple[str, ...]:
    """Return the name of an image layer, that of its file, and of a grey copy those of the colour image."""
    own = [image.name, *([str(image.source.path)] if image.source.path else [])]
    if GREY_OF in image.metadata:
        original = _layer_with(viewer, image.metadata[GREY_OF])
        own += list(_names(original, viewer)) if original is not None else []
    return tuple(own)


def _extent(image: Image) -> Extent | None:
    shape = full_data(image).shape[: -1 if image.rgb else None]
    if len(shape) not in (2, 3):
        return None
    return Extent(shape[0] if len(shape) == 3 else 1, shape[-2], shape[-1], calibration_of(image).value)
