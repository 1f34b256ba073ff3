from pathlib import Path

from napari_strata.annotation.candidates import Candidate
from napari_strata.annotation.matching import match_images
from napari_strata.io.image_folder import Extent, ImageFile
from napari_strata.io.labels.annotations import AnnotatedImage
from napari_strata.widgets.label_files.image_candidates import folder_candidates


def opened(*names: str) -> list[Candidate]:
    return [Candidate("open", names, lambda: Extent(1, 8, 9))]


def files(folder: Path, *names: str) -> list[ImageFile]:
    return [ImageFile(folder / name, name) for name in names]


def found(candidates: list[Candidate]) -> list[str]:
    return [one.names[0] for one in candidates]


def test_an_open_image_is_not_found_in_its_folder_again(tmp_path: Path) -> None:
    own = opened("x", str(tmp_path / "a" / "x.tif"))
    assert found(folder_candidates(files(tmp_path, "a/x.tif", "b/y.tif"), own)) == ["b/y.tif"]


def test_another_image_of_the_same_name_is_not_taken_for_the_open_one(tmp_path: Path) -> None:
    own = opened("x", str(tmp_path / "a" / "x.tif"))
    others = folder_candidates(files(tmp_path, "a/x.tif", "b/x.tif"), own)
    assert found(others) == ["b/x.tif"]
    (match,) = match_images([AnnotatedImage("b/x.tif", None, ())], [*own, *others]).matches or (None,)
    assert match is None or match.candidate == others[0]


def test_an_open_image_without_a_path_is_known_by_a_name_that_only_one_file_has(tmp_path: Path) -> None:
    assert found(folder_candidates(files(tmp_path, "x.tif", "y.tif"), opened("x"))) == ["y.tif"]
    assert found(folder_candidates(files(tmp_path, "a/x.tif", "b/x.tif"), opened("x"))) == ["a/x.tif", "b/x.tif"]
