import errno
import os

import numpy as np
import pytest

from napari_strata.errors import OutputError
from napari_strata.io.scratch import scratch_array


def test_an_array_of_zeros_lies_on_disk_and_leaves_nothing_there(tmp_path):
    array = scratch_array(tmp_path / "maps", (3, 4, 5))
    assert isinstance(array, np.memmap) and array.shape == (3, 4, 5) and not array.any()
    array[1] = 2
    assert array.sum() == 40
    assert list((tmp_path / "maps").iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room is not taken ahead there")
def test_a_full_disk_is_told_before_anything_is_written(tmp_path, monkeypatch):
    def refuse(*_asked):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(OutputError, match="has no room for 4 MB"):
        scratch_array(tmp_path, (1, 1000, 1000))
