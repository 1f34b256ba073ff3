from pathlib import Path

import pytest

from benchmarks import hostile_files
from napari_strata.io.labels.formats import FORMATS


@pytest.mark.parametrize("name", ["cvat, billion laughs", "imagej, path that leads out", "index-masks, 10 GB png"])
def test_a_hostile_file_is_refused_with_its_reason(name: str, tmp_path: Path) -> None:
    _, form, suffix, write = next(file for file in hostile_files.files() if file[0] == name)
    path = tmp_path / f"a{suffix}"
    write(path)
    seconds, memory, refusal = hostile_files.read(path, form)
    assert "refused" in refusal
    assert seconds > 0
    assert 10 < memory < 1000


def test_the_formats_of_the_files_exist() -> None:
    assert {form for _, form, *_ in hostile_files.files()} <= set(FORMATS)
