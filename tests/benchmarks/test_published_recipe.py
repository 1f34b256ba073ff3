import numpy as np
import pytest
from scipy.spatial import KDTree

from benchmarks.published_recipe import (
    DISK,
    PIXEL,
    blur,
    count_electrons,
    disks,
    draw,
    fold,
    graphene,
    make_bilayer,
    make_bilayers,
    probe,
    resize,
    resize_nearest,
)


@pytest.fixture(scope="module")
def bilayers():
    return make_bilayers(30, seed=5)


def test_an_image_depends_on_its_seed_and_number_alone(bilayers):
    again = make_bilayers(3, seed=5)[2]
    np.testing.assert_array_equal(again.image, bilayers[2].image)
    np.testing.assert_array_equal(again.labels, bilayers[2].labels)
    assert not np.array_equal(bilayers[1].image, bilayers[2].image)
    assert not np.array_equal(make_bilayers(1, seed=6)[0].image, bilayers[0].image)


def test_images_have_the_published_size_and_range_of_pixel_sizes(bilayers):
    assert {b.image.shape for b in bilayers} == {(256, 256)}
    assert {b.labels.shape for b in bilayers} == {(2, 256, 256)}
    assert all(0.65 * PIXEL <= b.pixel_size <= 1.35 * PIXEL for b in bilayers)
    assert np.ptp([b.pixel_size for b in bilayers]) > 0.3 * PIXEL
    assert all(10 <= b.peak <= 10**4 for b in bilayers)


def test_there_are_as_many_atoms_as_graphene_has(bilayers):
    # two atoms in 5.24 Å²
    area = sum((256 * b.pixel_size) ** 2 for b in bilayers)
    count = sum(len(b.atoms) for b in bilayers) / 2
    assert count == pytest.approx(area * 2 / (2.46**2 * np.sqrt(3) / 2), rel=0.01)


def test_neighbours_are_a_bond_apart():
    positions = graphene(256, 17.0, 1e-9, np.random.default_rng(0)) * PIXEL
    distances = KDTree(positions).query(positions, k=2)[0][:, 1]
    # a few edge atoms lost all their neighbours
    assert np.median(distances) == pytest.approx(2.46 / np.sqrt(3), abs=1e-6)
    assert np.mean(np.abs(distances - 2.46 / np.sqrt(3)) < 1e-6) > 0.98


def test_one_atom_in_640_is_missing():
    counts = [len(graphene(346, angle, 0.05, np.random.default_rng(angle))) for angle in range(40)]
    area = ((346 - 1 + 2 * 64) * PIXEL) ** 2
    expected = area * 2 / (2.46**2 * np.sqrt(3) / 2)
    assert np.mean(counts) / expected == pytest.approx(1 - 1 / 640, abs=5e-4)


def test_atoms_are_displaced_as_stated():
    exact, moved = (graphene(256, 0.0, sigma, np.random.default_rng(1)) for sigma in (1e-9, 0.08))
    distances = KDTree(exact).query(moved)[0] * PIXEL
    assert np.sqrt(np.mean(distances**2) / 2) == pytest.approx(0.08, rel=0.05)


def test_an_atom_is_drawn_at_its_sub_pixel_position():
    drawn = draw(np.array([[20.3, 31.8]]), 50, 5.7)
    y, x = np.mgrid[-64:114, -64:114]
    np.testing.assert_allclose([(drawn * y).sum(), (drawn * x).sum()] / drawn.sum(), (20.3, 31.8), atol=1e-6)
    assert np.sqrt((drawn * (y - 20.3) ** 2).sum() / drawn.sum()) == pytest.approx(5.7, rel=1e-4)


def test_the_probe_is_an_airy_pattern():
    kernel = probe()
    assert kernel.shape == (65, 65)
    assert kernel[32, 32] == pytest.approx(1)
    # J1(3) = 0.3390590
    assert kernel[32, 35] == pytest.approx((2 * 0.3390590 / 3) ** 2, rel=1e-5)


def test_the_brightest_pixel_expects_the_peak_counts():
    blurred = blur(np.ones((200, 200)))
    assert blurred.shape == (72, 72)
    counted = count_electrons(blurred, 50.0, np.random.default_rng(0))
    assert counted.mean() == pytest.approx(1, abs=0.02)
    assert counted.var() == pytest.approx(1 / 50, rel=0.05)


def test_a_disk_holds_the_pixels_within_its_radius():
    y, x = np.mgrid[:64, :64]
    labels = disks(np.array([[30.21, 31.43]]), 64)
    np.testing.assert_array_equal(labels == 2, np.hypot(y - 30.21, x - 31.43) <= DISK)


def test_a_disk_is_cut_off_at_the_border():
    y, x = np.mgrid[:64, :64]
    labels = disks(np.array([[-2.0, 62.5], [80.0, 30.0]]), 64)
    np.testing.assert_array_equal(labels == 2, np.hypot(y + 2, x - 62.5) <= DISK)


def test_resizing_keeps_pixel_centres():
    ramp = np.tile(np.arange(128.0), (128, 1))
    # x' = (x + 0.5) 2 - 0.5, so pixel 100 shows x = 49.75
    assert resize(ramp)[100, 100] == pytest.approx(49.75)
    assert resize_nearest(ramp.astype(np.uint8))[3, 100] == 50


def test_labels_and_atoms_agree(bilayers):
    for bilayer in bilayers[:5]:
        y, x = np.rint(bilayer.atoms[["y_px", "x_px"]].to_numpy().T).astype(int).clip(0, 255)
        assert (bilayer.labels[bilayer.atoms["layer"], y, x] == 2).all()


def test_atoms_are_bright(bilayers):
    bright = max(bilayers, key=lambda b: b.peak)
    y, x = np.rint(bright.atoms[["y_px", "x_px"]].to_numpy().T).astype(int).clip(0, 255)
    assert bright.image[y, x].mean() > 1.05 * bright.image.mean()


@pytest.mark.parametrize(
    ("angle", "folded"), [(28.9, 28.9), (31.1, 28.9), (-28.9, 28.9), (300.0, 0.0), (90.0, 30.0)]
)
def test_twists_are_folded(angle, folded):
    assert fold(angle) == pytest.approx(folded)


def test_layers_are_independent():
    twists = [make_bilayer(np.random.default_rng([7, i])).twist for i in range(30)]
    assert min(twists) < 6 < 24 < max(twists)


def test_a_twist_and_a_dose_can_be_set():
    bilayer = make_bilayer(np.random.default_rng(3), twist=7.5, dose=200.0)
    assert bilayer.twist == pytest.approx(7.5)
    # Counts per drawn pixel are image x peak; resizing keeps the mean.
    assert bilayer.image.mean() * bilayer.peak / PIXEL**2 == pytest.approx(200, rel=0.02)
