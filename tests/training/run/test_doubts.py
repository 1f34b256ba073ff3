"""What is said about data of which nothing can be held out, and that it helps to do it."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.training.patches.inputs import Painted, TrainInputs
from napari_strata.training.patches.sources import make_source
from napari_strata.training.run.doubts import how_to_hold_out
from napari_strata.types import ImageStack

REACH = 20


def config(pixel_size: float | None = None) -> TrainConfig:
    data = {"source": "labels", "images": ["a"], "labels": ["b"], "classes": ["C"]}
    model = {"architecture": "unet", "layers": 1, "pixel_size": pixel_size}
    return TrainConfig.parse({"data": data, "model": model})


def painted(tmp_path: Path, *columns: int, frames: int = 1, pixel_size: float | None = None) -> TrainInputs:
    """Return an image of 16 × 300 px with a stroke of both codes at each of some columns of its first slice."""
    codes = np.zeros((frames, 1, 16, 300), np.uint8)
    for column in columns:
        codes[0, :, :8, column], codes[0, :, 8:, column] = 1, 2
    values = np.random.default_rng(0).random((frames, 16, 300)).astype(np.float32)
    return TrainInputs(tmp_path, (ImageStack(values, pixel_size, "a"),), (codes,))


def advice(config: TrainConfig, inputs: TrainInputs) -> str:
    return how_to_hold_out(config, inputs, receptive_field=REACH)


@pytest.mark.parametrize(("grid", "of_image", "distance"), [(None, None, 22), (0.2, 0.1, 44), (0.2, 0.4, 11)])
def test_of_one_image_the_distance_of_strokes_is_said_and_it_is_enough(tmp_path, grid, of_image, distance):
    inputs = painted(tmp_path, 30, 34, pixel_size=of_image)
    words = advice(config(grid), inputs)
    assert words == f"Label every class at two places more than {distance} px apart."
    apart = int(re.search(r"\d+", words)[0]) + 1
    for columns, holds_out in (((30, 34), False), ((30, 30 + apart), True)):
        inputs = painted(tmp_path, *columns, pixel_size=of_image)
        source = make_source(config(grid), inputs, ClassTable.from_names(("C",)), receptive_field=REACH)
        assert source.holds_out is holds_out


def test_of_a_stack_a_slice_can_be_labelled_instead(tmp_path):
    words = "Label every class in one more slice, or label every class at two places more than 22 px apart."
    assert advice(config(), painted(tmp_path, 30, frames=3)) == words
    in_viewer = replace(painted(tmp_path, 30), painted=Painted((4,), depth=9))
    assert advice(config(), in_viewer) == words


def test_where_two_slices_are_labelled_only_another_one_helps(tmp_path):
    inputs = painted(tmp_path, 30, frames=3)
    inputs.labels[0][1] = inputs.labels[0][0]
    assert advice(config(), inputs) == "Label every class in one more slice."


def test_an_image_smaller_than_what_the_network_sees_is_called_so(tmp_path):
    inputs = painted(tmp_path, 30)
    words = how_to_hold_out(config(), inputs, receptive_field=400)
    assert words == "Take a network that sees less far than 402 px (fewer filters), or a larger image."
