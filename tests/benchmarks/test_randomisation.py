"""The figures of the randomisation check, on a network with hand-set weights and a simulated crystal."""

from pathlib import Path

from benchmarks.randomisation import MEASURES, RECIPES, draw_atom, of_map
from napari_strata.config import JudgeConfig
from napari_strata.explain.trust.verdict import Finding
from two_faced import save_two_faced


def test_a_map_is_told_with_its_edges_and_its_finding(tmp_path: Path) -> None:
    image, place = draw_atom(RECIPES / "none.yaml")
    judging = JudgeConfig(measures=MEASURES, stages=1, draws=1)
    left, other, finding = of_map(save_two_faced(tmp_path / "model"), image, place, "input-gradient", judging)
    assert isinstance(left.value, float)
    assert set(left.baseline) == {"over all pixels", "map and edges of the image"}
    assert not left.target  # whatever it is
    assert isinstance(other.value, float)
    assert Finding(str(finding.value)) is not Finding.UNKNOWN
