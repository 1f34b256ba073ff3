"""Which labels are learned from: all, or those that come from where the user wants them to."""

from pathlib import Path

from napari_strata.annotation.atom_masks import draw_table
from napari_strata.annotation.provenance import Provenance, without
from napari_strata.annotation.stated_classes import check_stated
from napari_strata.config import ClassTable
from napari_strata.config.training import ORIGINS, LabelledData, Origin
from napari_strata.errors import LabelsError
from napari_strata.io.atom_tables import read_atoms
from napari_strata.io.masks import read_masks
from napari_strata.types import AnyArray, ImageStack, LabelArray

_ATOM_TABLE = ".csv"


def only_from(labels: LabelArray, provenance: AnyArray, origins: tuple[Origin, ...]) -> LabelArray:
    """Return a copy of mask codes in which labels that come from elsewhere are not labelled.

    Parameters
    ----------
    labels : ndarray of uint8
        Mask codes.
    provenance : ndarray of integers, same shape
        A `Provenance` per pixel.
    origins : tuple of str
        Where the labels come from that stay.
    """
    wanted = {Provenance[origin.upper()] for origin in origins}
    return without(labels, provenance, tuple(one for one in Provenance if one not in wanted))


def read_labels(data: LabelledData, images: tuple[ImageStack, ...], *, layers: int) -> tuple[LabelArray, ...]:
    """Read the label files of a configuration, and leave out what is not to be learned from.

    Parameters
    ----------
    data : LabelledData
        The configuration.
    images : tuple of ImageStack
        Its images, on which the atoms of tables are drawn.
    layers : int
        Crystal layers of the network.

    Raises
    ------
    LabelsError, TableError, CalibrationError
        If a file cannot be read or used, or nobody says where the labels come from that are to be left out.
    """
    labels = tuple(
        _read_labels(path, image, data, layers) for path, image in zip(data.labels, images, strict=True)
    )
    wanted = data.learn_from
    if set(wanted) == set(ORIGINS):
        return labels
    if not data.provenance:
        raise LabelsError(
            f"Only labels that come from {', '.join(wanted)} are to be learned from, but no file says which do.",
            remedy="Name the provenance files under data.provenance, or leave learn_from out.",
        )
    return tuple(
        only_from(codes, _read_provenance(path, codes, of), wanted)
        for codes, path, of in zip(labels, data.provenance, data.labels, strict=True)
    )


def doubts_of(data: LabelledData) -> tuple[str, ...]:
    """Check the label files of a configuration against what imports wrote beside them.

    Returns
    -------
    tuple of str
        What is doubtful, in words.

    Raises
    ------
    LabelsError
        If a file holds no mask codes, or its classes have other codes than the configuration says.
    ConfigError
        If what an import wrote was damaged.
    """
    found = (check_stated(path, data.classes) for path in data.labels if path.suffix.lower() != _ATOM_TABLE)
    return tuple(filter(None, found))


def _read_labels(path: Path, image: ImageStack, data: LabelledData, layers: int) -> LabelArray:
    """Read masks, or draw them from an atom table."""
    if path.suffix.lower() != _ATOM_TABLE:
        return read_masks(path)
    classes = ClassTable.from_names(data.classes)
    return draw_table(read_atoms(path), image, layers=layers, classes=classes, config=data.atoms, name=str(path))


def _read_provenance(path: Path, labels: LabelArray, labels_path: Path) -> LabelArray:
    provenance = read_masks(path)
    if provenance.shape != labels.shape:
        raise LabelsError(
            f"{path} has the shape {provenance.shape}, {labels_path} {labels.shape}.",
            remedy="Name the provenance files in the order of the label files.",
        )
    if int(provenance.max()) > max(Provenance):
        raise LabelsError(
            f"{path} holds the value {int(provenance.max())}.",
            remedy="It should hold 1 painted by hand, 2 imported, 3 drawn by a network, 4 corrected by hand.",
        )
    return provenance
