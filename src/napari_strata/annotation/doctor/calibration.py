"""Checks of pixel sizes: labels against their image, what the network needs, and how large atoms then are."""

from collections.abc import Iterator
from statistics import median

from napari_strata.annotation.doctor.facts import SubjectFacts, Survey
from napari_strata.annotation.doctor.finding import Finding, Fix, Place, Severity
from napari_strata.config import SimulationConfig
from napari_strata.numbers import plain

TOLERANCE = 0.01
"""Relative difference up to which two pixel sizes count as the same."""
OFFSET = 0.5
"""Distance between labels and image up to which they lie on each other [px]."""
LEAST_ATOM, LARGEST_ATOM = 3.0, 30.0
"""Diameters of an atom between which a network sees one [px]."""
ATOMIC = 1.0
"""Coarsest pixel size at which an image may show atoms, where nobody said what it shows [Å/px]."""
LEAST_BLOBS = 10
"""Painted round blobs from which their size is trusted more than that of a usual atom."""


def check_placement(survey: Survey) -> Iterator[Finding]:
    """Labels lie on their image: pixel sizes within 1 %, first pixels within half a pixel."""
    for subject in survey.subjects:
        for number, layer in enumerate(subject.layers):
            place = Place(subject.name, layer.name, layer.file, layer=number)
            if abs(layer.pixel_ratio - 1) > TOLERANCE:
                message = f"A pixel of it is {plain(layer.pixel_ratio)} times as long as one of its image."
                remedy = "Give the labels the pixel size of the image, or choose the image they were painted on."
                yield Finding("scale-mismatch", Severity.WARNING, place, message, remedy, Fix.PLACE_ON_IMAGE)
            elif max(map(abs, layer.shift)) > OFFSET:
                y, x = layer.shift
                message = f"It is shifted against its image by y {plain(y)}, x {plain(x)} px."
                remedy = "Put it on the image; training pairs pixels by their number, not by their place."
                yield Finding("scale-mismatch", Severity.WARNING, place, message, remedy, Fix.PLACE_ON_IMAGE)


def check_pixel_size(survey: Survey) -> Iterator[Finding]:
    """Pixel sizes are known where the network works at one of its own, and where there are atoms."""
    expected = survey.expected
    for subject in survey.subjects if expected.needs_pixel_size is not False else ():
        place = Place(image=subject.name, file=subject.file)
        remedy = "State the length of one pixel in Å: --pixel-size on the command line, its field in the docks."
        if subject.pixel_size is not None:
            continue
        if expected.needs_pixel_size:
            message = "Its pixel size is not known, and the network works at one of its own."
            yield Finding("missing-pixel-size", Severity.ERROR, place, message, remedy)
        elif expected.has_atoms:
            message = "Its pixel size is not known: no network for atoms fits, and no position is in Å."
            yield Finding("missing-pixel-size", Severity.WARNING, place, message, remedy)


def check_atom_size(survey: Survey) -> Iterator[Finding]:
    """Atoms are 3 to 30 px wide; where nobody said whether an image shows any, this is but a hint."""
    for subject in survey.subjects:
        diameter, source = _atom_diameter(subject)
        is_known = survey.expected.has_atoms
        if is_known is None:
            is_fine = subject.pixel_size is not None and subject.pixel_size <= ATOMIC
            is_known, may_have = False, is_fine and _looks_atomic(subject)
        else:
            may_have = is_known
        if may_have and diameter is not None and not LEAST_ATOM <= diameter <= LARGEST_ATOM:
            severity = Severity.WARNING if is_known else Severity.INFO
            yield _odd_size(subject, diameter, source, severity)


def _odd_size(subject: SubjectFacts, diameter: float, source: str, severity: Severity) -> Finding:
    states = "not known" if subject.pixel_size is None else f"{subject.pixel_size:g} Å"
    is_small = diameter < LEAST_ATOM
    limit = f"less than {LEAST_ATOM:g}" if is_small else f"more than {LARGEST_ATOM:g}"
    message = f"{source} {plain(diameter, 3)} px wide, {limit} px; the pixel size is {states}."
    way_out = "take images at a higher magnification." if is_small else "bin the images."
    remedy = f"Check the pixel size and its unit: 1 nm is 10 Å. If it is right, {way_out}"
    return Finding("atom-size", severity, Place(image=subject.name, file=subject.file), message, remedy)


def _looks_atomic(subject: SubjectFacts) -> bool:
    """Tell whether labels of several crystal layers or round blobs speak of atoms."""
    return len(subject.layers) > 1 or len(_blobs(subject)) >= LEAST_BLOBS


def usual_atom_diameter() -> float:
    """Return the diameter of the disk that labels an atom of simulated crystals [Å]."""
    return 2 * float(SimulationConfig().mask_radius)


def _atom_diameter(subject: SubjectFacts) -> tuple[float | None, str]:
    """Return how wide atoms are [px]: as they were painted, else as they usually are at this pixel size."""
    painted = _blobs(subject)
    if len(painted) >= LEAST_BLOBS:
        return median(painted), "The painted atoms are typically"
    if subject.pixel_size is None:
        return None, ""
    return usual_atom_diameter() / subject.pixel_size, f"Atoms of {usual_atom_diameter():.3g} Å would be"


def _blobs(subject: SubjectFacts) -> list[float]:
    """Return the diameters of all round blobs [px]."""
    return [d for layer in subject.layers for one in layer.slices for d in one.diameters]
