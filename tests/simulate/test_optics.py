import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import j1

from napari_strata.config.microscope import ProbeConfig
from napari_strata.simulate.optics import Optics, wavelength
from napari_strata.simulate.probes import GaussianProbe, OpticalProbe, draw_probe
from napari_strata.simulate.rendering import Shining, render


def image_of_an_atom(probe: OpticalProbe, pixel_size: float, size: int = 161, at: float | None = None) -> NDArray:
    centre = (size - 1) / 2 if at is None else at
    return render([Shining(np.full((1, 2), centre), np.ones(1))], size, pixel_size, probe)


def width_at_half_height(profile: NDArray, step: float) -> float:
    """Return the full width of a peak in the middle, interpolated."""
    half = profile[len(profile) // 2 :]
    below = int(np.argmax(half < half[0] / 2))
    return 2 * step * (below - (half[0] / 2 - half[below]) / (half[below - 1] - half[below]))


@pytest.mark.parametrize(("voltage", "expected"), [(60, 0.04866), (80, 0.04176), (200, 0.02508), (300, 0.01969)])
def test_wavelengths_are_those_of_the_tables(voltage: float, expected: float):
    assert wavelength(voltage) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("voltage", "aperture"), [(60, 30), (200, 25), (300, 10)])
def test_without_aberrations_the_probe_is_as_wide_as_diffraction_makes_it(voltage: float, aperture: float):
    expected = 0.5145 * wavelength(voltage) / (aperture * 1e-3)  # of Airy's disk
    pixel_size = expected / 30
    image = image_of_an_atom(OpticalProbe(Optics(voltage, aperture), 0.0, expected / 60), pixel_size)
    assert width_at_half_height(image[80], pixel_size) == pytest.approx(expected, rel=0.01)


def test_without_aberrations_the_intensity_is_airys_disk():
    optics = Optics(60, 30)
    radius, intensity = optics.intensity()
    v = 2 * np.pi * optics.cut_off * radius
    airy = np.pi * optics.cut_off**2 * (2 * j1(v) / v) ** 2
    assert np.abs(intensity - airy).max() < 0.003 * airy.max()


def test_without_aberrations_the_transfer_is_that_of_a_round_aperture():
    optics = Optics(200, 25)
    frequency, transfer = optics.transfer()
    y = frequency / (2 * optics.cut_off)
    assert np.abs(transfer - 2 / np.pi * (np.arccos(y) - y * np.sqrt(1 - y**2))).max() < 0.003


def test_aberrations_are_those_of_a_two_dimensional_transform():
    optics = Optics(200, 10, defocus=420, cs=1.0)
    step, count = 0.004, 1024
    k = np.fft.fftfreq(count, 1 / (count * step))
    angle = np.hypot(k[:, None], k) * optics.wavelength
    chi = 2 * np.pi / optics.wavelength * (1e7 * angle**4 / 4 - 420 * angle**2 / 2)
    probe = np.abs(np.fft.ifft2(np.where(angle <= 0.01, np.exp(-1j * chi), 0))) ** 2
    expected = np.fft.fft2(probe).real[0] / probe.sum()
    seen = (k >= 0) & (k < 2 * optics.cut_off)
    assert np.interp(k[seen], *optics.transfer()) == pytest.approx(expected[seen], abs=0.004)


def test_without_cs_over_and_under_focus_look_alike():
    assert Optics(60, 30, defocus=80).transfer()[1] == pytest.approx(Optics(60, 30, defocus=-80).transfer()[1])


def test_a_focal_spread_dims_the_probe_as_the_mean_over_its_defoci():
    offsets = np.linspace(-5, 5, 2001)
    weights = np.exp(-(offsets**2) / 2) / np.exp(-(offsets**2) / 2).sum()
    coarse = offsets[::100], weights[::100] / weights[::100].sum()
    expected = sum(w * Optics(60, 30, defocus=40 * x).transfer()[1] for x, w in zip(*coarse, strict=True))
    assert Optics(60, 30, focal_spread=40).transfer()[1] == pytest.approx(expected, abs=2e-3)


def test_the_source_multiplies_the_transfer_by_that_of_a_gaussian():
    images = [image_of_an_atom(OpticalProbe(Optics(300, 40), source, 0.1), 0.05, 401) for source in (0.3, 0.5)]
    first, second = (np.abs(np.fft.rfft(image.sum(axis=0))) for image in images)
    k = np.fft.rfftfreq(401, 0.05)[1:20]
    found = np.log(second[1:20] / second[0]) - np.log(first[1:20] / first[0])
    assert found == pytest.approx(-2 * np.pi**2 * (0.5**2 - 0.3**2) * k**2, abs=1e-3)


def test_an_atom_lies_at_its_sub_pixel_position():
    image = image_of_an_atom(OpticalProbe(Optics(60, 30), 0.4, 0.1), 0.2, 161, at=80.3)
    rows, columns = np.indices(image.shape)
    assert [(image * rows).sum() / image.sum(), (image * columns).sum() / image.sum()] == pytest.approx(
        [80.3, 80.3], abs=0.02
    )


def test_coarse_pixels_show_what_fine_ones_show_at_the_same_places():
    probe = OpticalProbe(Optics(200, 25), 0.1, 0.1)
    fine = image_of_an_atom(probe, 0.1, 161)
    coarse = image_of_an_atom(probe, 0.4, 41)
    # both are centred on the atom, so every fourth fine pixel is a coarse one
    assert coarse / coarse.max() == pytest.approx(fine[::4, ::4] / fine.max(), abs=0.01)


def test_a_probe_is_drawn_by_width_unless_a_microscope_is_named():
    rng = np.random.default_rng(0)
    assert isinstance(draw_probe(ProbeConfig(), rng), GaussianProbe)
    probe = draw_probe(ProbeConfig(preset="200 kV uncorrected"), rng)
    assert isinstance(probe, OpticalProbe)
    assert probe.optics.voltage == 200
    assert 0.5 <= probe.optics.cs <= 1.2


def test_positive_defocus_makes_up_for_positive_spherical_aberration():
    scherzer = 0.87 * np.sqrt(1e7 * wavelength(200))  # Cs of 1 mm
    brightest = [Optics(200, 10, sign * scherzer, 1.0).intensity()[1].max() for sign in (1, 0, -1)]
    assert brightest[0] > 5 * brightest[1] > 5 * brightest[2]
