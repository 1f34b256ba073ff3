import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.io.microscope.axes import Axis, axis_of, pixel_sides


@pytest.mark.parametrize(
    ("unit", "angstrom"),
    [("nm", 0.2), ("µm", 200), ("um", 200), ("m", None), ("pm", 2e-4), ("Å", 0.02), ("A", 0.02), ("meters", None)],
)
def test_lengths_become_angstrom(unit: str, angstrom: float | None) -> None:
    assert axis_of({"scale": 0.02, "units": unit}).length == (
        None if angstrom is None else pytest.approx(angstrom)
    )


def test_metres_of_an_atomic_image_become_angstrom() -> None:
    assert axis_of({"scale": 1.06e-11, "units": "m"}).length == pytest.approx(0.106)


@pytest.mark.parametrize("unit", ["1/nm", "1 / nm", "nm^-1", "mrad", "s", "", "pixels", "counts", None, 7])
def test_what_is_no_length_gives_no_pixel_size(unit: object) -> None:
    assert axis_of({"scale": 0.02, "units": unit}).length is None


@pytest.mark.parametrize("stated", [{}, {"scale": 0, "units": "nm"}, {"scale": 3.0, "units": "9**9**9"}])
def test_an_axis_without_a_usable_step_counts_pixels(stated: dict[str, object]) -> None:
    assert axis_of(stated) == Axis()


def test_ampere_is_angstrom_in_the_header_of_a_microscope() -> None:
    assert axis_of({"scale": 0.1, "units": "1/A"}).unit == "1/angstrom"


def test_an_axis_that_runs_backwards_has_a_positive_step() -> None:
    assert axis_of({"scale": -0.02, "units": "nm"}).scale == 0.02


def test_steps_lose_the_noise_of_single_precision() -> None:
    assert axis_of({"scale": 0.019999999552965164, "units": "nm"}).scale == 0.02


def test_both_sides_must_be_lengths() -> None:
    length, other = Axis(scale=0.02, unit="nm"), Axis(unit="s")
    assert pixel_sides([other, length, length]) == (0.2, 0.2)
    assert pixel_sides([length, other]) is None
    assert pixel_sides([length]) is None


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.binary(max_size=9)
)


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "scale", "offset", "units", "navigate"), ANYTHING))
)
def test_whatever_a_header_says_becomes_an_axis(stated: dict[str, object]) -> None:
    axis = axis_of(stated)
    assert axis.scale > 0
    assert abs(axis.offset) < float("inf")
