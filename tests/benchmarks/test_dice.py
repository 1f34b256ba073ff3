import numpy as np
import pandas as pd
import pytest

from benchmarks.dice import atom_figures, bins, both_layers, disk_figures, disks_of, mask_figures
from benchmarks.published_recipe import Bilayer, make_bilayers


@pytest.fixture(scope="module")
def bilayers() -> tuple[Bilayer, ...]:
    return make_bilayers(4, seed=11)


def test_every_image_is_in_one_bin_of_dose_and_one_of_twist(bilayers: tuple[Bilayer, ...]) -> None:
    parts = bins(bilayers)
    assert parts.pop("all") == [0, 1, 2, 3]
    for kind in ("peak", "twist"):
        chosen = [i for name, indices in parts.items() if name.startswith(kind) for i in indices]
        assert sorted(chosen) == [0, 1, 2, 3]


def test_true_masks_score_one_in_any_order_of_layers(bilayers: tuple[Bilayer, ...]) -> None:
    masks = [b.labels[::-1] for b in bilayers]
    total, *parts = mask_figures("dice", masks, bilayers)
    assert (total.name, total.value, total.target) == ("dice: Dice, all, 4 images", 1, ">= 0.80")
    assert {part.target for part in parts} == {""}


def test_the_saddle_scores_as_both_layers_painted_in_each(bilayers: tuple[Bilayer, ...]) -> None:
    total, *_ = mask_figures("dice", [both_layers(b.labels) for b in bilayers], bilayers)
    assert total.value == total.baseline["saddle"]
    # Disks cover 0.344 of a layer: where layers are independent, Dice is 2 p / (p + 1 - (1 - p)^2).
    area = 2 * np.pi * 0.53**2 / (2.46**2 * np.sqrt(3) / 2)
    assert total.value == pytest.approx(2 * area / (area + 1 - (1 - area) ** 2), abs=0.02)


def test_true_atoms_are_found_whatever_pixel_size_was_told(bilayers: tuple[Bilayer, ...]) -> None:
    found = pd.concat([b.atoms.assign(image=f"bilayer-{i:03d}", frame=0) for i, b in enumerate(bilayers)])
    found = found.assign(species="C", y_A=-1.0, x_A=-1.0)
    f1, rmse = atom_figures("dice", found, bilayers, pilot=False)
    assert (f1.value, rmse.value) == (1, 0)


def test_disks_at_the_true_atoms_score_almost_one(bilayers: tuple[Bilayer, ...]) -> None:
    found = pd.concat([b.atoms.assign(image=f"bilayer-{i:03d}") for i, b in enumerate(bilayers)])
    dice, iou = disk_figures("dice", found, bilayers, targets={"IoU": ">= 0.8"})
    # The truth was resized, and shows disks of atoms beyond the border, too.
    assert 0.93 < dice.value < 1
    assert iou.value == pytest.approx(dice.value / (2 - dice.value), abs=0.01)
    assert (dice.target, iou.target, iou.baseline) == ("", ">= 0.8", {"paper": 0.737})


def test_a_disk_beyond_the_border_is_cut_off(bilayers: tuple[Bilayer, ...]) -> None:
    atom = pd.DataFrame({"layer": [1], "y_px": [0.0], "x_px": [255.4]})
    labels = disks_of(atom, bilayers[0])
    radius = 0.53 / bilayers[0].pixel_size
    y, x = np.mgrid[:256, :256]
    np.testing.assert_array_equal(labels[1] == 2, np.hypot(y, x - 255.4) <= radius)
    assert (labels[0] == 1).all()
