import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_strata.control import JobControl
from napari_strata.errors import LabelsError, OutputError, TableError
from napari_strata.events import FinishReason, JobEnded, Warned
from napari_strata.jobs.evaluate import evaluate_atoms, evaluate_masks
from napari_strata.jobs.job import Job
from napari_strata.types import ATOM_COLUMNS


def run(job: Job) -> tuple[JobEnded, list[Warned]]:
    events = list(job)
    ended = events[-1]
    assert isinstance(ended, JobEnded)
    return ended, [event for event in events if isinstance(event, Warned)]


def bilayer() -> np.ndarray:
    masks = np.ones((2, 2, 4, 4), np.uint8)
    masks[:, 0, 0], masks[:, 1, 3] = 2, 2
    return masks


def atoms(count: int, *, image: str = "moire", species: str = "C") -> pd.DataFrame:
    rows = [(image, 0, 0, species, 5.0 * i, 0.0, 1.0 * i, 0.0, 0.9) for i in range(count)]
    return pd.DataFrame(rows, columns=list(ATOM_COLUMNS))


def test_masks_give_means_and_a_row_for_each_layer(tmp_path: Path) -> None:
    predicted = bilayer()[:, ::-1].copy()
    predicted[1, 1, 0, :2] = 1
    ended, _ = run(evaluate_masks(JobControl(), predicted, bilayer(), out=tmp_path / "scores.csv"))
    assert ended.reason is FinishReason.COMPLETED
    assert ended.result is not None
    assert ended.result.figures == {
        "iou": pytest.approx(3.5 / 4),
        "dice": pytest.approx((3 + 4 / 6) / 4),
        "precision": 1.0,
        "recall": pytest.approx(3.5 / 4),
        "f1": pytest.approx((3 + 4 / 6) / 4),
        "images": 2,
        "layers": 2,
    }
    assert ended.result.paths == {"scores": str(tmp_path / "scores.csv")}
    rows = list(csv.DictReader((tmp_path / "scores.csv").read_text().splitlines()))
    assert [(row["frame"], row["layer"], row["predicted_layer"], row["iou"]) for row in rows] == [
        ("0", "0", "1", "1.0"),
        ("0", "1", "0", "1.0"),
        ("1", "0", "1", "0.5"),
        ("1", "1", "0", "1.0"),
    ]


def test_masks_of_other_shapes_fail_with_the_shapes() -> None:
    ended, _ = run(evaluate_masks(JobControl(), bilayer()[:1], bilayer()))
    assert ended.reason is FinishReason.FAILED
    assert isinstance(ended.error, LabelsError)


def test_atoms_give_scores_counts_and_species(tmp_path: Path) -> None:
    ended, warned = run(evaluate_atoms(JobControl(), atoms(3), atoms(4), tolerance=0.4, out=tmp_path / "s.csv"))
    assert ended.result is not None
    scores = {"precision": 1.0, "recall": 0.75, "f1": pytest.approx(6 / 7)}
    assert ended.result.figures == {
        **scores,
        "rmse_A": 0.0,
        "found": 3,
        "true": 4,
        "matched": 3,
        "images": 1,
        "species": {"C": scores},
    }
    assert warned == []
    (row,) = csv.DictReader((tmp_path / "s.csv").read_text().splitlines())
    assert (row["image"], row["layer"], row["found_layer"], row["recall"]) == ("moire", "0", "0", "0.75")


def test_species_without_a_name_in_common_are_not_scored() -> None:
    ended, warnings = run(evaluate_atoms(JobControl(), atoms(3, species="atom"), atoms(3), tolerance=0.4))
    assert ended.result is not None
    assert "species" not in ended.result.figures
    assert [one.message for one in warnings] == ["Species are not scored: atom here, C in the truth."]


@pytest.mark.parametrize("swapped", [False, True])
def test_elements_are_compared_with_the_kinds_that_the_other_table_knows(swapped: bool) -> None:
    kinds = atoms(4).assign(species=["metal", "chalcogen"] * 2)
    elements = atoms(4).assign(species=["Mo", "S", "Mo", "Mo"])
    tables = (elements, kinds) if swapped else (kinds, elements)
    ended, warnings = run(evaluate_atoms(JobControl(), *tables, tolerance=0.4))
    assert ended.result is not None
    assert ended.result.figures["species"]["metal"]["precision"] == pytest.approx(2 / 3 if swapped else 1)
    assert warnings == []


def test_no_atoms_on_either_side_leave_the_scores_undefined(tmp_path: Path) -> None:
    ended, _ = run(evaluate_atoms(JobControl(), atoms(0), atoms(0), tolerance=0.4, out=tmp_path / "s.csv"))
    assert ended.reason is FinishReason.COMPLETED
    assert ended.result is not None
    assert all(math.isnan(ended.result.figures[name]) for name in ("precision", "recall", "f1", "rmse_A"))


def test_a_missed_layer_has_empty_cells(tmp_path: Path) -> None:
    run(evaluate_atoms(JobControl(), atoms(0), atoms(2), tolerance=0.4, out=tmp_path / "s.csv"))
    (row,) = csv.DictReader((tmp_path / "s.csv").read_text().splitlines())
    assert (row["found_layer"], row["rmse_A"], row["recall"]) == ("", "", "0.0")


def test_tables_of_other_images_fail_with_their_names() -> None:
    ended, _ = run(evaluate_atoms(JobControl(), atoms(2, image="a"), atoms(2, image="b"), tolerance=0.4))
    assert isinstance(ended.error, TableError)
    assert "a here, b in the truth" in str(ended.error)


def test_an_image_that_the_truth_does_not_know_is_reported() -> None:
    found = pd.concat([atoms(2), atoms(1, image="other")])
    ended, warned = run(evaluate_atoms(JobControl(), found, atoms(2), tolerance=0.4))
    assert ended.result is not None
    assert ended.result.figures["precision"] == 1.0
    assert [event.message for event in warned] == ["The truth does not know other; left out."]


def test_scores_that_cannot_be_written_fail(tmp_path: Path) -> None:
    ended, _ = run(evaluate_masks(JobControl(), bilayer(), bilayer(), out=tmp_path))
    assert isinstance(ended.error, OutputError)
