import pytest

from benchmarks.bundled import of_card
from napari_strata.io.bundle import read_card
from tests.bright_network import save_bright


def test_a_model_s_size_and_both_its_scores_are_told(tmp_path):
    folder = tmp_path / "gombnet-tmd"
    save_bright(folder)
    card = read_card(folder)
    figures = {"dice": 0.91, "dice_16_bits": 0.9}
    (folder / "card.yaml").write_text(card.model_copy(update={"figures": figures}).to_yaml())
    size, dice = of_card(folder)
    assert size.value == pytest.approx((folder / card.weights_file).stat().st_size / 1e6)
    assert (size.name, size.unit, size.target) == ("gombnet-tmd: weights", "MB", "<= 5")
    assert (dice.value, dice.baseline) == (0.9, {"32 bits": 0.91})
