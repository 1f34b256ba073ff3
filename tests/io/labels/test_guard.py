import numpy as np
import pytest

from napari_strata.errors import LabelsError
from napari_strata.io.labels import guard

LAUGHS = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>
<annotations>&lol2;</annotations>"""
OUTSIDE = (
    """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotations>&x;</annotations>"""
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


@pytest.mark.parametrize("text", [LAUGHS, OUTSIDE])
def test_entities_are_refused(path, text):
    path.write_text(text)
    with pytest.raises(LabelsError, match="document type or entities"):
        guard.read_xml(path)


def test_xml_that_is_cut_short_is_refused(path):
    path.write_text("<annotations><image>")
    with pytest.raises(LabelsError, match="no XML"):
        guard.read_xml(path)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(path):
    with path.open("wb") as file:
        file.truncate(guard.LARGEST_FILE + 1)
    with pytest.raises(LabelsError, match="larger than 96 MB"):
        guard.read_json(path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "{", "[NaN]", "[Infinity]", "[-Infinity]", ""])
def test_json_that_is_deep_or_broken_or_not_finite_is_refused(path, text):
    path.write_text(text)
    with pytest.raises(LabelsError):
        guard.read_json(path)


def test_json_of_too_many_numbers_is_refused(path):
    path.write_text("[" + "1," * (guard.MOST_VALUES + 1) + "1]")
    with pytest.raises(LabelsError, match="more than 4,000,000 values"):
        guard.read_json(path)


def test_xml_of_too_many_tags_is_refused(path):
    path.write_text("<a>" + "<b/>" * guard.MOST_TAGS + "</a>")
    with pytest.raises(LabelsError, match="more than 1,000,000 tags"):
        guard.read_xml(path)


def test_a_whole_number_of_many_digits_is_refused(path):
    path.write_text("[" + "9" * 10_000 + "]")
    with pytest.raises(LabelsError, match="no JSON"):
        guard.read_json(path)


def test_a_byte_order_mark_is_passed_over(path):
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert guard.read_json(path) == {"a": 1}


def test_what_is_no_text_is_refused(path):
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LabelsError, match="no UTF-8 text"):
        guard.read_json(path)


@pytest.mark.parametrize(
    "points",
    [
        [(1, 2), (3, float("nan"))],
        [(1, 2), (3, float("inf"))],
        [(1, 2), (3, 1e9)],
        [(1, 2, 3)],
        [1, 2],
        [(1, 2), (3,)],
        [("a", "b")],
        [],
        None,
        np.zeros((guard.MOST_VERTICES + 1, 2)),
    ],
)
def test_vertices_that_are_none_are_refused(path, points):
    with pytest.raises(LabelsError, match="polygon 3 has"):
        guard.check_vertices(points, path, where="polygon 3")


def test_good_vertices_come_back_as_numbers(path):
    assert guard.check_vertices([("1.5", 2), (3, 4)], path, where="polygon 3").tolist() == [[1.5, 2], [3, 4]]


@pytest.mark.parametrize("size", [(100_000, 100_000), (0, 5), (-1, 5), (None, 5), ("x", 5), (float("inf"), 5)])
def test_sizes_that_no_image_has_are_refused(path, size):
    with pytest.raises(LabelsError, match="image 'a'"):
        guard.check_size(*size, path, where="image 'a'")


@pytest.mark.parametrize("name", [r"\ud800", r"a\\\ud800b", r"\udc00", r"\ud800A", r"\ud800\ud800"])
def test_json_with_half_a_letter_is_refused(path, name):
    path.write_text(f'{{"label": "{name}"}}')
    with pytest.raises(LabelsError, match="half a letter"):
        guard.read_json(path)


@pytest.mark.parametrize(
    "name", [r"\ud83d\ude00", r"C:\\ud8ff", "grün", r"\\\\udc00", r"\ud83d\ude00\ud83d\ude00"]
)
def test_json_with_whole_letters_is_read(path, name):
    path.write_text(f'{{"label": "{name}"}}')
    guard.read_json(path)["label"].encode()


@pytest.mark.parametrize("size", [(20.5, 20), (20, "20.5"), (10**400, 1), (float("inf"), 1), (None, 3), (0, 3)])
def test_a_size_that_is_none_is_refused(path, size):
    with pytest.raises(LabelsError):
        guard.check_size(*size, path, where="the image")


def test_a_size_may_be_written_as_a_text_or_with_a_point(path):
    assert guard.check_size("20", 24.0, path, where="the image") == (20, 24)
