import pytest
import torch

from napari_strata.explain.batch_size import batch_size


@pytest.mark.parametrize(
    ("shape", "device", "expected"),
    [((64, 64), "cpu", 8), ((128, 128), "cpu", 4), ((512, 512), "cpu", 1), ((512, 512), "cuda", 8)],
)
def test_large_windows_are_computed_one_by_one_where_more_are_no_faster(shape, device, expected):
    assert batch_size(8, shape, torch.device(device)) == expected
