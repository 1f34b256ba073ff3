"""What a report is about: one frame of an image, its atoms, and what is known of where they come from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_strata.atoms.belonging import check_place, doubt_of_image
from napari_strata.config import AtomsConfig, ModelCard
from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.errors import LatticeError, TableError
from napari_strata.io.atoms.belonging import common_size
from napari_strata.io.calibration import CalibrationSource
from napari_strata.lattice.frame import FrameLattices, describe_frame
from napari_strata.lattice.order import check_calibrated
from napari_strata.types import AnyArray, ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of image and atoms beyond themselves; None where nobody told.

    Attributes
    ----------
    source : CalibrationSource or None
        Who states the pixel size of the image.
    card : ModelCard or None
        The card of the model that located the atoms.
    settings : AtomsConfig or None
        How somebody says that they were located.
    doubts : str or None
        Why the image is outside what the model has seen; empty where it is not.
    origin : AtomOrigin or None
        What the atoms themselves say of where they come from.
    """

    source: CalibrationSource | None = None
    card: ModelCard | None = None
    settings: AtomsConfig | None = None
    doubts: str | None = None
    origin: AtomOrigin | None = None

    @property
    def how(self) -> AtomsConfig | None:
        """How the atoms were located."""
        return self.settings if self.origin is None else self.origin.settings

    @property
    def model(self) -> dict[str, str] | None:
        """Name and checksum of the model that located the atoms."""
        of = self.card or self.origin
        if of is None:
            return None
        name = of.model if isinstance(of, AtomOrigin) else of.name
        return {"name": name, "weights_sha256": of.weights_sha256}


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One frame with its atoms and lattices.

    Attributes
    ----------
    name : str
        Name of the image.
    pixels : ndarray, shape (y, x)
        The frame.
    frame, frames : int
        Its number from 0, and how many the image has.
    pixel_size : float
        Pixel size [Å/px], that of the table where the image states none.
    atoms : DataFrame
        Its atoms.
    known : Known
        Where they come from.
    lattices : FrameLattices or None
        Their lattices, where there are some.
    gap : str
        Why there are none.
    doubt : str
        Why the atoms may be those of another image; empty where nothing speaks for that.
    """

    name: str
    pixels: AnyArray
    frame: int
    frames: int
    pixel_size: float
    atoms: "DataFrame"
    known: Known
    lattices: FrameLattices | None
    gap: str = ""
    doubt: str = ""

    @property
    def extent(self) -> tuple[float, float]:
        """Height and width of the field of view [Å]."""
        height, width = self.pixels.shape
        return height * self.pixel_size, width * self.pixel_size

    @property
    def layers(self) -> tuple[int, ...]:
        """Numbers of the crystal layers: those of the model, where it is known, else those that have atoms."""
        card = self.known.card
        found = sorted({int(layer) for layer in self.atoms["layer"]})
        return tuple(found if card is None else sorted({*range(card.model.layers), *found}))


def examine(
    stack: ImageStack,
    atoms: "DataFrame",
    known: Known,
    *,
    frame: int = 0,
    frames: int | None = None,
    seed: int = 0,
) -> Subject:
    """Check that all parts belong together, and fit the lattices.

    Parameters
    ----------
    stack : ImageStack
        The image; its pixel size may be None.
    atoms : DataFrame
        Atom table with positions in Å. If it holds several images, that of the stack's name counts.
    known : Known
        Where image and atoms come from.
    frame : int
        Which frame.
    frames : int, optional
        How many frames there are, where the stack holds that one only.
    seed : int
        Decides which atoms are held out to judge the smooth field.

    Raises
    ------
    TableError
        If the table has no atoms of the frame, too many outside the image, some of layers that the model lacks, or
        was not made with that model or those settings, or in an image of another size.
    CalibrationError
        If positions are known in px only, or with another pixel size than the image's.
    """
    count = len(stack.data) if frames is None else frames
    if not 0 <= frame < count:
        raise TableError(f"{stack.name} has {count} frames, none is number {frame}.", remedy="Count from 0.")
    rows = _rows_of(atoms, stack.name, frame)
    check_calibrated(rows)
    pixel_size = common_size(rows, stack.name, stack.pixel_size)
    pixels = stack.data[frame if frames is None else 0]
    check_place(rows, pixels.shape, stack.name, known.origin)
    _check_origin(rows, known)
    lattices, gap = None, ""
    try:
        lattices = describe_frame(rows, seed=seed)
    except LatticeError as error:
        gap = error.message
    doubt = doubt_of_image(rows, pixels, stack.name, pixel_size)
    return Subject(stack.name, pixels, frame, count, pixel_size, rows, known, lattices, gap, doubt)


def _rows_of(atoms: "DataFrame", name: str, frame: int) -> "DataFrame":
    names = list(dict.fromkeys(atoms["image"]))
    if len(names) > 1 and name not in names:
        raise TableError(
            f"The table has no atoms of {name}; it has those of {', '.join(map(str, names[:5]))}.",
            remedy="The column image holds the stem of the image's file; make it the same in both.",
        )
    of_image = atoms if len(names) <= 1 else atoms[atoms["image"] == name]
    rows = of_image[of_image["frame"] == frame].reset_index(drop=True)
    if rows.empty:
        some = ", ".join(str(one) for one in sorted(set(of_image["frame"]))[:5])
        raise TableError(
            f"The table has no atoms in frame {frame} of {name}." if some else "The table has no atoms.",
            remedy=f"Frames that have some: {some}." if some else "Locate them with a smaller 'Min probability'.",
        )
    return rows


def _check_origin(rows: "DataFrame", known: Known) -> None:
    """Refuse a model or settings with which these atoms cannot have been located."""
    _check_agreement(known)
    by_hand = rows["edited"].fillna("") != "" if "edited" in rows else rows["layer"] < 0
    found = rows[~by_hand]
    if known.card is not None and (found["layer"] >= known.card.model.layers).any():
        raise TableError(
            f"The table has atoms in layer {found['layer'].max()}, and the model {known.card.name} has"
            f" {known.card.model.layers} layers, counted from 0.",
            remedy="Name the model that located these atoms, or none.",
        )
    if known.how is not None and len(found) and not _agrees(found, known.how):
        has = "has" if is_fitted(found) else "has no"
        raise TableError(
            f"The table {has} uncertainties of positions, and the settings say that they were refined by"
            f" {known.how.refine}.",
            remedy="State how these atoms were refined, or nothing: --refine centroid, probability or image.",
        )


def _check_agreement(known: Known) -> None:
    """Refuse a model or settings that contradict what the atoms say of themselves."""
    origin, card, settings = known.origin, known.card, known.settings
    if origin is None:
        return
    if card is not None and card.weights_sha256 != origin.weights_sha256:
        raise TableError(
            f"The table says that its atoms were located with the model {origin.model} (weights"
            f" {origin.weights_sha256[:8]}…), and {card.name} has other weights ({card.weights_sha256[:8]}…).",
            remedy="Name the model that located these atoms, or none.",
        )
    if settings is not None and settings != origin.settings:
        told, stated = settings.model_dump(), origin.settings.model_dump()
        said = ", ".join(f"{name} {value}" for name, value in stated.items() if told[name] != value)
        raise TableError(
            f"The table says that its atoms were located with other settings: {said}.",
            remedy="State no settings, then those of the table count.",
        )


def _agrees(atoms: "DataFrame", settings: AtomsConfig) -> bool:
    """Tell whether a table may come from some settings; a fit has the columns even where it failed everywhere."""
    return not is_fitted(atoms) if settings.refine == "centroid" else "sigma_y" in atoms


def is_fitted(atoms: "DataFrame") -> bool:
    """Tell whether positions were fitted: some have an uncertainty."""
    return "sigma_y" in atoms and bool(atoms["sigma_y"].notna().any())
