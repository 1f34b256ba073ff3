import pytest

from benchmarks.import_time import import_seconds


def test_only_the_import_itself_is_timed() -> None:
    assert import_seconds("time.sleep(0.2)", before="time.sleep(0.3)") == pytest.approx(0.2, abs=0.09)


def test_importing_the_package_is_quick() -> None:
    assert import_seconds("import napari_strata") < 0.3
