from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.errors import LabelsError
from napari_strata.io.labels.formats import FORMATS, find_format
from tests.io.labels.fuzzing import FUZZED, SIZES, reads_or_refuses, spoiled, supported_sample


@pytest.mark.parametrize("label_format", FORMATS.values(), ids=FORMATS.keys())
def test_what_a_format_wrote_it_recognises_and_reads(label_format, tmp_path):
    sample = supported_sample(label_format, tmp_path)
    folder = tmp_path / "written"
    folder.mkdir()
    files = label_format.write(sample, folder)
    assert all(file.is_file() for file in files)
    whole = next(path for path in (folder, *files) if label_format.recognises(path))
    read = label_format.read(whole, SIZES)
    assert {Path(image.name).stem for image in read.images} == {"first", "second"}
    assert {one.name for one in read.classes} >= {"atom", "grain"}


@pytest.mark.parametrize("label_format", FORMATS.values(), ids=FORMATS.keys())
def test_what_a_format_wrote_is_found_to_be_of_it(label_format, tmp_path):
    sample = supported_sample(label_format, tmp_path)
    folder = tmp_path / "written"
    folder.mkdir()
    files = label_format.write(sample, folder)
    whole = next(path for path in (folder, *files) if label_format.recognises(path))
    assert find_format("auto", whole).name == label_format.name.removesuffix("-devkit")


@pytest.mark.parametrize("label_format", FORMATS.values(), ids=FORMATS.keys())
def test_a_spoiled_file_is_read_or_refused_with_a_reason(label_format, tmp_path):
    sample = supported_sample(label_format, tmp_path)
    folder = tmp_path / "written"
    folder.mkdir()
    files = label_format.write(sample, folder)
    whole = {file: file.read_bytes() for file in files}

    @FUZZED
    @given(st.data())
    def spoil_and_read(data):
        file = data.draw(st.sampled_from(files))
        file.write_bytes(data.draw(spoiled(whole[file], file.suffix.lower())))
        try:
            reads_or_refuses(label_format, folder)
            reads_or_refuses(label_format, file)
        finally:
            file.write_bytes(whole[file])

    spoil_and_read()


@pytest.mark.parametrize("label_format", FORMATS.values(), ids=FORMATS.keys())
def test_no_format_writes_an_image_twice(label_format, tmp_path):
    sample = supported_sample(label_format, tmp_path)
    with pytest.raises(LabelsError):
        label_format.write(replace(sample, images=(*sample.images, sample.images[0])), tmp_path / "out")
    assert not (tmp_path / "out").exists()
