import numpy as np

from napari_strata.config import ProposalConfig
from napari_strata.explain.proposals import measured_map
from napari_strata.explain.proposals.measured_map import MeasuredMap

MAP = np.array([[0, 1, 2], [3, 4, -8]], np.float32)


def test_another_threshold_ranks_nothing_anew(monkeypatch):
    ranked, calls = measured_map.ranked, []
    monkeypatch.setattr(measured_map, "ranked", lambda *given: calls.append(given[1]) or ranked(*given))
    measured = MeasuredMap(MAP)
    assert measured.level(ProposalConfig(part=0.5)) == 2
    assert measured.above(ProposalConfig(part=0.5)) == (3, 6)
    assert measured.above(ProposalConfig(part=0.75)) == (2, 6)
    assert measured.above(ProposalConfig(part=0.5, side="either")) == (2, 6)
    assert calls == ["for", "either"]


def test_lines_begin_at_the_threshold():
    lines = MeasuredMap(MAP).lines(ProposalConfig(part=0.5, side="against"), 2)
    assert set(lines.number) == {0, 1}
    assert lines.is_against.all()
    assert np.allclose(np.abs(lines.ends[lines.number == 0] - (1, 2)).max(axis=2), 0.5, atol=1e-4)
