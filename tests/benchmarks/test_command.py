import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import real_image

ROOT = Path(__file__).parents[2]


def benchmark(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_an_unknown_part_is_wrong_usage() -> None:
    answer = benchmark("speed")
    assert answer.returncode == 2
    assert "there is no part speed; choose from import_time, training" in answer.stderr


@pytest.mark.parametrize("parts", [["dice"], ["occlusion", "training"]])
def test_scoring_without_a_model_is_wrong_usage(parts: list[str]) -> None:
    answer = benchmark(*parts)
    assert answer.returncode == 2
    assert "need --model" in answer.stderr


def test_an_image_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    answer = benchmark("import_time", "--image", str(tmp_path / "absent.npz"))
    assert answer.returncode == 2
    assert "absent.npz" in answer.stderr


def test_without_the_real_image_one_line_says_why(tmp_path: Path) -> None:
    [line] = real_image.measure(tmp_path, image=tmp_path / "absent.npz")
    assert line.name == "real_image: skipped"
    assert "there is no absent.npz" in str(line.value)
    assert "--image" in str(line.value)
