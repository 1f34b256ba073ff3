from pathlib import Path

import pytest

from benchmarks import hostile_files
from napari_strata.errors import LabelsError
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


def test_every_format_has_hostile_files_and_all_are_refused(tmp_path: Path) -> None:
    accepted, formats = [], {"mask-codes", "voc-devkit"}  # these are read as index masks and Pascal VOC are
    for number, (name, form, suffix, write) in enumerate(hostile_files.files()):
        path = tmp_path / f"{number}{suffix}"
        write(path)
        formats.add(form)
        try:
            FORMATS[form].read(path, {})
            accepted.append(name)
        except LabelsError as error:
            assert "refused" in error.message or "pixels" in error.message  # not for lack of something else
        path.unlink()
    assert accepted == []
    assert formats == set(FORMATS)
