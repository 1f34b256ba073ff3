import pytest

from napari_strata.errors import CalibrationError
from napari_strata.io.calibration import in_angstrom, require, settle


@pytest.mark.parametrize(
    ("length", "unit", "angstrom"),
    [
        (1, "Å", 1),
        (1, "\u212b", 1),  # the ångström sign, which is not the letter
        (1, "angstrom", 1),
        (0.02, "nm", 0.2),
        (0.02, "Nanometer", 0.2),
        (1, "\u00b5m", 1e4),  # micro sign
        (1, "\u03bcm", 1e4),  # Greek mu
        (1, "um", 1e4),
        (20, "pm", 0.2),
        (1e-11, "m", 0.1),
    ],
)
def test_metric_units_convert(length: float, unit: str, angstrom: float) -> None:
    assert in_angstrom(length, unit) == pytest.approx(angstrom)


@pytest.mark.parametrize("unit", ["pixel", "inch", "", "Mm", "mM"])
def test_other_units_do_not(unit: str) -> None:
    assert in_angstrom(1.0, unit) is None


@pytest.mark.parametrize("length", [0.0, -1.0, float("nan"), float("inf"), 1e6])
def test_a_length_that_no_pixel_has_does_not_convert(length: float) -> None:
    assert in_angstrom(length, "nm") is None


def test_one_per_cent_is_no_contradiction_and_more_is_one() -> None:
    assert settle(0.2 * 1.0099, 0.2, name="a")[1] == ()
    assert len(settle(0.2 * 1.0102, 0.2, name="a")[1]) == 1


def test_a_pixel_size_that_is_needed_and_unknown_is_asked_for() -> None:
    assert require(0.2, name="a") == 0.2
    with pytest.raises(CalibrationError, match=r"of moire is not known: what is.*\? Type it .--pixel-size"):
        require(None, name="moire")
