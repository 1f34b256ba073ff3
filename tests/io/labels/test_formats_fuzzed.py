import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_strata.io.labels.formats import FORMATS
from tests.io.labels.fuzzing import SIZES, reads_or_refuses, spoiled, supported_sample

FUZZED = settings(
    max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def _readable(label_format, files, folder):
    """Return what is to be read of what was written: the folder, or else a file in it."""
    return next(path for path in (folder, *files) if label_format.recognises(path))


@pytest.mark.parametrize("label_format", FORMATS.values(), ids=FORMATS.keys())
def test_what_a_format_wrote_it_recognises_and_reads(label_format, tmp_path):
    sample = supported_sample(label_format, tmp_path)
    folder = tmp_path / "written"
    folder.mkdir()
    files = label_format.write(sample, folder)
    assert all(file.is_file() for file in files)
    read = label_format.read(_readable(label_format, files, folder), SIZES)
    assert {Path(image.name).stem for image in read.images} == {"first", "second"}
    assert {one.name for one in read.classes} >= {"atom", "grain"}


@pytest.mark.parametrize("label_format", FORMATS.values(), ids=FORMATS.keys())
def test_a_spoiled_file_is_read_or_refused_with_a_reason(label_format, tmp_path):
    sample = supported_sample(label_format, tmp_path)

    @FUZZED
    @given(st.data())
    def spoil_and_read(data):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files = label_format.write(sample, folder)
            file = data.draw(st.sampled_from(files))
            file.write_bytes(data.draw(spoiled(file.read_bytes(), file.suffix.lower())))
            reads_or_refuses(label_format, folder)
            reads_or_refuses(label_format, file)

    spoil_and_read()
