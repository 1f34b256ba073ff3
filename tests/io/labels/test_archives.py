import zipfile

import pytest

from napari_strata.errors import LabelsError
from napari_strata.io.labels import archives


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


@pytest.mark.parametrize("name", ["../evil.roi", "/etc/passwd", "a/../../b", "..\\evil", "C:\\evil"])
def test_a_zip_file_that_leads_out_of_itself_is_refused(path, name):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(LabelsError, match="leads out"):
        archives.open_archive(path)


def test_a_zip_file_that_unpacks_to_too_much_is_refused(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a", "w") as member:
        for _ in range(archives.LARGEST_ARCHIVE // 2**20 + 1):
            member.write(bytes(2**20))
    with pytest.raises(LabelsError, match="more than 256 MB"):
        archives.open_archive(path)


def test_what_is_no_zip_file_is_refused(path):
    path.write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(LabelsError, match="no zip file"):
        archives.open_archive(path)


def test_a_zip_of_a_newer_version_is_refused(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\x01\x02") + 6] = 90
    path.write_bytes(data)
    with pytest.raises(LabelsError, match="no zip file"):
        archives.open_archive(path)


def test_a_zip_packed_by_lzma_is_refused(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", "b")
    with pytest.raises(LabelsError, match="packed in another way"):
        archives.open_archive(path)
