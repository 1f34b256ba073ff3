from hypothesis import given
from hypothesis import strategies as st

from napari_strata.annotation.doctor.examination import in_one_line
from napari_strata.annotation.doctor.finding import Finding, Place, Severity
from napari_strata.annotation.doctor.words import listed, ranges, slices


def test_numbers_and_lists_are_words():
    assert listed([1, 2]) == "1, 2"
    assert listed(range(9)) == "0, 1, 2, 3, 4, 5 and 3 more"
    assert ranges([0, 1, 2, 5, 7, 8]) == "0-2, 5, 7-8"
    assert (slices([4]), slices([4, 5])) == ("slice 4", "slices 4-5")


@given(st.sets(st.integers(0, 30), min_size=1, max_size=6))
def test_ranges_name_every_number_once(numbers):
    named = []
    for part in ranges(sorted(numbers)).split(", "):
        first, _, last = part.partition("-")
        named += range(int(first), int(last or first) + 1)
    assert named == sorted(numbers)


def test_a_line_says_what_the_findings_mean_for_a_training():
    error, warning, info = (Finding("check", severity, Place(), "", "") for severity in Severity)
    assert in_one_line([]).startswith("All is well: nothing was found")
    assert in_one_line([info, info]) == "All is well; 2 hints."
    assert in_one_line([warning]) == "1 warning: look at the list before you train."
    assert in_one_line([error, warning, info]).startswith("1 error, 1 warning, 1 hint: a training would fail")
