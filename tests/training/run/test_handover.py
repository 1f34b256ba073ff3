import dataclasses
from pathlib import Path

import numpy as np

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.training.patches.inputs import Painted, TrainInputs
from napari_strata.training.run.handover import lay_down, pick_up
from napari_strata.types import ImageStack

RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 4, (2, 3, 8, 9)).astype(np.uint8)
VALUES = RNG.random((2, 3, 8, 9)).astype(np.float32)
FULL = TrainInputs(
    out=Path("/somewhere/run"),
    images=(ImageStack(RNG.random((2, 8, 9)), 0.1, "a"), ImageStack(VALUES[:1, 0], None, "b")),
    labels=(CODES, CODES[:1]),
    classes=ClassTable.from_names(("Mo", "S")),
    preview=ImageStack(RNG.integers(0, 9, (1, 8, 9)), 0.2, "view"),
    warnings=("mind this",),
    painted=Painted((0, 2), 5, CODES),
    resumes=True,
    replays=Path("/somewhere/else"),
    targets=(VALUES, VALUES[:1]),
)


def plain(value: object) -> object:
    """Return a value that can be compared, arrays and all."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if dataclasses.is_dataclass(value):
        return type(value), [plain(getattr(value, field.name)) for field in dataclasses.fields(value)]
    return value


def test_every_field_of_a_training_s_inputs_arrives(tmp_path: Path):
    empty = TrainInputs(FULL.out)
    names = [field.name for field in dataclasses.fields(FULL)]
    named = [name for name in names if plain(getattr(FULL, name)) == plain(getattr(empty, name))]
    assert named == ["out"], "give new fields a value in this test"
    config = TrainConfig.parse({"training": {"seed": 7}})
    lay_down(tmp_path, config, FULL)
    found_config, found = pick_up(tmp_path)
    assert found_config == config
    assert plain(found) == plain(FULL)


def test_what_arrives_can_be_written_on_without_changing_the_files(tmp_path: Path):
    lay_down(tmp_path, TrainConfig(), FULL)
    _, first = pick_up(tmp_path)
    first.labels[0][:] = 9
    assert np.array_equal(pick_up(tmp_path)[1].labels[0], CODES)
