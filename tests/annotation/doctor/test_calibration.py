import numpy as np
import pytest

from napari_strata.annotation.doctor.calibration import usual_atom_diameter
from napari_strata.annotation.doctor.finding import Fix, Severity


@pytest.mark.parametrize(("ratio", "fixes"), [(1.009, []), (1.02, [Fix.PLACE_ON_IMAGE])])
def test_pixel_sizes_more_than_one_per_cent_apart_are_noticed(examine, image, labels, ratio, fixes):
    assert [finding.fix for finding in examine(image, labels, pixel_ratio=ratio)] == fixes


@pytest.mark.parametrize(("shift", "checks"), [(0.4, []), (-0.6, ["scale-mismatch"])])
def test_labels_beside_their_image_are_noticed(examine, image, labels, shift, checks):
    assert [finding.check for finding in examine(image, labels, shift=(0.0, shift))] == checks


def test_a_missing_pixel_size_is_an_error_where_the_network_needs_one(examine, image, labels):
    (finding,) = examine(image, labels, expected={"needs_pixel_size": True})
    assert (finding.check, finding.severity) == ("missing-pixel-size", Severity.ERROR)
    assert examine(image, labels, expected={"needs_pixel_size": True}, pixel_size=0.1) == []


def test_a_missing_pixel_size_of_atoms_is_doubted_unless_the_network_works_without(examine, image, labels):
    (finding,) = examine(image, labels, expected={"has_atoms": True})
    assert (finding.check, finding.severity) == ("missing-pixel-size", Severity.WARNING)
    assert examine(image, labels, expected={"has_atoms": True, "needs_pixel_size": False}) == []


def test_a_usual_atom_is_as_wide_as_the_simulator_labels_it():
    assert usual_atom_diameter() == pytest.approx(1.06)


@pytest.mark.parametrize(
    ("pixel_size", "wide"), [(0.5, "2.12 px wide, less than 3"), (0.02, "53 px wide, more than 30")]
)
def test_a_pixel_size_that_makes_atoms_too_small_or_too_large_is_doubted(examine, image, labels, pixel_size, wide):
    (finding,) = examine(image, labels, pixel_size=pixel_size, expected={"has_atoms": True})
    assert (finding.check, finding.severity) == ("atom-size", Severity.WARNING)
    assert wide in finding.message


def test_a_usual_pixel_size_is_not_doubted(examine, image, labels):
    assert examine(image, labels, pixel_size=0.1, expected={"has_atoms": True}) == []


def test_of_several_crystal_layers_a_fine_pixel_size_is_but_a_hint_and_a_coarse_one_nothing(
    examine, image, labels
):
    (finding,) = examine(image, labels, labels, pixel_size=0.5)
    assert (finding.check, finding.severity) == ("atom-size", Severity.INFO)
    assert examine(image, labels, labels, pixel_size=8.0) == []
    assert examine(image, labels, labels, pixel_size=0.5, expected={"has_atoms": False}) == []


def test_of_labels_without_blobs_nobody_speaks_of_atoms(examine, image, labels):
    assert examine(image, labels, pixel_size=0.5) == []


def test_many_round_blobs_at_a_fine_pixel_size_are_taken_for_atoms(examine):
    findings = examine(np.random.default_rng(0).random((400, 400)), disks(1), pixel_size=0.5)
    assert [f.severity for f in findings if f.check == "atom-size"] == [Severity.INFO]


def disks(radius: int) -> np.ndarray:
    """Return labels of 16 disks on background, shape (400, 400)."""
    y, x = np.mgrid[:400, :400]
    return (1 + (np.hypot(y % 100 - 50, x % 100 - 50) <= radius)).astype(np.uint8)


@pytest.mark.parametrize(("radius", "found"), [(1, "2.52 px"), (5, None), (20, "40 px")])
def test_painted_atoms_count_more_than_the_usual_ones(examine, radius, found):
    image = np.random.default_rng(0).random((400, 400))
    findings = examine(image, disks(radius), pixel_size=5.0, expected={"has_atoms": True})
    atoms = [f.message for f in findings if f.check == "atom-size"]
    assert len(atoms) == (found is not None)
    assert all(message.startswith(f"The painted atoms are typically {found} wide") for message in atoms)


def test_strokes_are_no_atoms(examine):
    image = np.random.default_rng(0).random((400, 400))
    strokes = np.ones((400, 400), np.uint8)
    strokes[10:390:20, 10:390] = 2
    assert examine(image, strokes, pixel_size=0.1, expected={"has_atoms": True}) == []
