from hypothesis import given
from hypothesis import strategies as st

from napari_strata.annotation.candidates import Candidate, SizesByStem
from napari_strata.annotation.matching import How, Matching, match_images
from napari_strata.io.image_folder import Extent
from napari_strata.io.labels.annotations import AnnotatedImage
from napari_strata.io.labels.image_names import label_file_names, plain_stem_of, stem_of


def annotated(*names: str, size: tuple[int, int] | None = (8, 9), frame: int = 0) -> list[AnnotatedImage]:
    return [AnnotatedImage(name, size, (), frame) for name in names]


SINGLE = Extent(1, 8, 9)


def images(*names: str, extent: Extent | None = SINGLE) -> list[Candidate]:
    return [Candidate(name, (name,), lambda: extent) for name in names]


def found(matching: Matching) -> dict[str, tuple[str, How]]:
    return {one.name: (one.candidate.names[0], one.how) for one in matching.matches if one.candidate}


def how(name: str, *candidates: str) -> How | None:
    matches = match_images(annotated(name), images(*candidates)).matches
    return matches[0].how if matches else None


def test_each_way_of_naming_an_image_is_told_from_the_others() -> None:
    assert how("a/b.png", "a/b.png", "c/b.png") is How.PATH
    assert how("set/a/b.png", "a/b.png", "c/b.png") is How.END_OF_PATH
    assert how("/home/me/b.png", "x/b.png") is How.NAME
    assert how("b.jpg", "b.tif") is How.STEM
    assert how("b", "b.tif") is How.STEM
    assert how("B.PNG", "b.png") is How.CASE
    assert how("my-image_png.rf.0a1b2c3d.jpg", "My image.png") is How.PLAIN
    assert how("b.png", "c.png") is None


def test_windows_paths_are_paths() -> None:
    assert how(r"C:\data\a\b.png", "a/b.png", "c/b.png") is How.END_OF_PATH


def test_a_dot_in_a_name_is_no_ending() -> None:
    assert stem_of("scan.v1") == "scan.v1"
    assert stem_of("scan.v1.png") == "scan.v1"
    assert how("scan.v1", "scan.v1.tif", "scan.v2.tif") is How.STEM


def test_sizes_that_agree_raise_the_confidence() -> None:
    known, unknown = (match_images(annotated("b.jpg", size=size), images("b.tif")) for size in ((8, 9), None))
    assert (known.matches[0].confidence, unknown.matches[0].confidence) == (0.95, 0.9)
    assert unknown.matches[0].extent.size == (8, 9)


def test_of_two_images_that_fit_none_is_taken() -> None:
    matching = match_images(annotated("b.png"), images("x/b.png", "y/b.png"))
    assert matching.matches == ()
    assert matching.ambiguous == {"b.png": "fits x/b.png, y/b.png"}


def test_of_two_names_that_fit_one_image_none_is_taken() -> None:
    matching = match_images(annotated("x/b.png", "y/b.png"), images("b.png"))
    assert matching.matches == ()
    assert set(matching.ambiguous) == {"x/b.png", "y/b.png"}


def test_an_image_that_is_annotated_twice_is_ambiguous() -> None:
    assert match_images(annotated("b.png", "b.png"), images("b.png")).ambiguous == {
        "b.png": "it is annotated twice"
    }


def test_another_size_is_told_with_both_sizes() -> None:
    matching = match_images(annotated("b.png", size=(9, 8)), images("b.png"))
    assert matching.matches == ()
    words = "9 x 8 px in the file, 8 x 9 px in the image: height and width are swapped"
    assert matching.mismatches == {"b.png": words}


def test_a_frame_beyond_the_stack_is_a_mismatch() -> None:
    matching = match_images(annotated("b.tif", frame=3), images("b.tif", extent=Extent(3, 8, 9)))
    assert matching.mismatches == {"b.tif": "frame 3 in the file, 3 frames in the image"}


def test_what_has_no_partner_is_listed_on_both_sides() -> None:
    matching = match_images(annotated("a.png", "b.png"), images("b.png", "c.png"))
    assert found(matching) == {"b.png": ("b.png", How.PATH)}
    assert list(matching.missing) == ["a.png"]
    assert matching.not_annotated == ("c.png",)


def test_without_images_the_stated_size_has_to_do() -> None:
    matching = match_images([*annotated("a.png"), *annotated("b.png", size=None)], None)
    assert [(one.name, one.extent.size, one.how) for one in matching.matches] == [("a.png", (8, 9), How.STATED)]
    assert list(matching.missing) == ["b.png"]


def test_without_images_absurdly_many_frames_are_refused() -> None:
    assert list(match_images(annotated("a.png", frame=10**9), None).mismatches) == ["a.png"]


def test_an_image_that_cannot_be_measured_takes_the_stated_size() -> None:
    (match,) = match_images(annotated("b.png"), images("b.png", extent=None)).matches
    assert match.extent == Extent(1, 8, 9)


def test_sizes_by_stem_pass_over_stems_with_two_sizes() -> None:
    sizes = SizesByStem([*images("a.png", "x/c.tif"), *images("y/c.png", extent=Extent(1, 2, 2))])
    assert sizes["a"] == (8, 9)
    assert sizes.get("c") is None
    assert sizes.get("d") is None


@given(st.lists(st.text(min_size=1), unique=True, max_size=6), st.lists(st.text(min_size=1), unique=True))
def test_every_annotated_image_is_in_exactly_one_list_and_no_image_is_taken_twice(wanted, given_names) -> None:
    matching = match_images(annotated(*wanted), images(*given_names))
    sorted_out = [*found(matching), *matching.ambiguous, *matching.mismatches, *matching.missing]
    assert sorted(sorted_out) == sorted(wanted)
    keys = [one.candidate.key for one in matching.matches if one.candidate]
    assert len(set(keys)) == len(keys)


@given(st.lists(st.text(min_size=1), unique=True))
def test_label_files_stay_in_their_folder(names) -> None:
    for name in label_file_names(names, ".tif"):
        assert ".." not in name.split("/")
        assert not name.startswith("/")


def test_label_files_are_named_after_the_stem_and_only_where_two_are_alike_after_the_path() -> None:
    assert label_file_names(["a/x.png", "b/y.png"], ".tif") == ["x.tif", "y.tif"]
    assert label_file_names(["a/x.png", "b/X.png"], ".tif") == ["a/x.tif", "b/X.tif"]
    assert label_file_names(["x.png", "x.jpg"], ".tif") == ["x.png.tif", "x.jpg.tif"]
    assert label_file_names(["../../etc/x.png"], ".tif") == ["x.tif"]


def test_what_an_export_appended_is_no_part_of_a_name() -> None:
    assert plain_stem_of("Probe 1_tif.rf.12ab34cd.jpg") == "probe_1" == plain_stem_of("probe-1.tif")


def test_no_two_label_files_share_a_name() -> None:
    names = label_file_names(["a:b.png", "a?b.png", "../c/x.png", "c/x.png", "C/x.png"], ".tif")
    assert len({name.casefold() for name in names}) == 5
