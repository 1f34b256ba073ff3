from pathlib import Path

from benchmarks.explain_stop import measure, seconds_to_the_end
from bright_network import save_bright
from napari_strata.explain.targets import PixelTarget


def test_the_longest_time_of_all_methods_is_told_for_either_image(tmp_path: Path) -> None:
    model = save_bright(tmp_path / "bright", architecture="unet", layers=1, pixel_size=None)
    large, small = measure(model, large=24, small=16, delays=(0.0,))
    assert "a pixel of 24 x 24 px" in large.name
    assert "a slice of 16 x 16 px" in small.name
    assert large.target == "<= 500"


def test_a_job_that_was_done_before_the_stop_takes_no_time(tmp_path: Path) -> None:
    model = save_bright(tmp_path / "bright", architecture="unet", layers=1, pixel_size=None)
    assert seconds_to_the_end(model, 16, PixelTarget(3, 4), "input-gradient", 600.0) == 0
