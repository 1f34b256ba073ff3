from pathlib import Path

import pytest

from napari_strata.errors import LabelsError
from napari_strata.io.labels.formats import find_format
from napari_strata.io.labels.label_files import find_label_files


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("RoiSet.zip", b"PK\x03\x04 and no more", "it is no zip file"),
        ("a.json", b'{"version": ', "it is no JSON"),
        ("a.xml", b"<annotation><object>", "it is no XML"),
    ],
)
def test_a_file_that_was_cut_off_is_told_from_one_of_another_format(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LabelsError, match=reason):
        find_format("auto", tmp_path / name).read(tmp_path / name, {})


def test_a_sound_file_of_no_format_is_told_the_formats(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(LabelsError, match="none of the label formats"):
        find_format("auto", tmp_path / "a.json")


def test_label_files_that_are_not_there_are_told_so(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="nosuch is not there"):
        find_label_files((tmp_path / "nosuch",))
