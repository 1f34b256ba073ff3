import numpy as np
import pandas as pd
import pytest

from napari_strata.config import ExplainConfig
from napari_strata.config.atom_scores import AtomScoresConfig
from napari_strata.control import JobControl
from napari_strata.errors import CalibrationError, TableError, TargetError
from napari_strata.events import FinishReason, JobEnded, Progress, Sketched
from napari_strata.jobs import score_atoms as module
from napari_strata.jobs.score_atoms import score_atoms
from napari_strata.types import ATOM_COLUMNS, ImageStack
from two_faced import save_two_faced

GRADIENT = ExplainConfig(method="input-gradient", device="cpu", target_radius=0.2)
BRIGHT, DARK = [(10, 20), (30, 12), (30, 40)], [(20, 30), (10, 45), (31, 25)]


@pytest.fixture
def model(tmp_path):
    return save_two_faced(tmp_path / "model")


def spots(frames=1, pixel_size=0.2):
    """Return bright and dark spots of 3 x 3 pixels on grey."""
    data = np.zeros((frames, 40, 50), np.float32)
    for sign, positions in ((1, BRIGHT), (-1, DARK)):
        for y, x in positions:
            data[:, y - 1 : y + 2, x - 1 : x + 2] = sign
    return ImageStack(data, pixel_size, "spots")


def atoms(frames=1):
    rows = [
        ("spots", frame, layer, "C", float(y), float(x), y * 0.2, x * 0.2, 1.0)
        for frame in range(frames)
        for layer, positions in enumerate((BRIGHT, DARK))
        for y, x in positions
    ]
    return pd.DataFrame(rows, columns=list(ATOM_COLUMNS))


def run(model, image=None, table=None, *, config=GRADIENT, on=None, most=1000, disk=0.3, **options):
    control, events = JobControl(), []
    scoring = AtomScoresConfig(disk=disk, most=most)
    table = atoms() if table is None else table
    for event in score_atoms(control, model, image or spots(), table, config=config, scoring=scoring, **options):
        events.append(event)
        if on is not None:
            on(event, control)
    assert isinstance(events[-1], JobEnded)
    return events, events[-1]


@pytest.mark.parametrize("method", ["input-gradient", "gradient-x-input"])
def test_a_network_that_looks_at_single_pixels_rests_on_each_atom_itself(model, method):
    _, ended = run(model, config=GRADIENT.model_copy(update={"method": method}))
    assert ended.reason is FinishReason.COMPLETED, ended.error
    table = ended.result.value
    assert list(table.index) == list(range(6))
    # the footprint reaches 0.3 Å, the disk as well, and the gradient of a pixel is at that pixel alone
    assert table["why_itself"].to_numpy() == pytest.approx(np.ones(6))
    assert table["why_other"].to_numpy() == pytest.approx(np.zeros(6))
    assert (table["why_half_A"] <= 0.2).all()
    assert ("why_net_own" in table) == (method == "gradient-x-input")


def test_smaller_disks_leave_the_rest_to_the_background(model):
    _, ended = run(model, disk=0.01, config=GRADIENT.model_copy(update={"target_radius": 0.4}))
    table = ended.result.value
    weights = np.exp(-((np.mgrid[-3:4, -3:4] * 0.2) ** 2).sum(axis=0) / (2 * 0.2**2))
    is_bright = np.zeros((7, 7), bool)
    is_bright[2:5, 2:5] = True
    weights[np.hypot(*np.mgrid[-3:4, -3:4]) * 0.2 > 0.6 + 1e-9] = 0
    own = weights[3, 3] / weights[is_bright].sum()  # elsewhere the ReLU is shut
    assert table.loc[0, "why_own"] == pytest.approx(own, rel=1e-3)
    assert table.loc[0, "why_background"] == pytest.approx(1 - own, rel=1e-3)


def test_only_the_chosen_atoms_are_scored_in_all_frames(model):
    _, ended = run(model, spots(2), atoms(2), chosen=[8, 1])
    assert sorted(ended.result.value.index) == [1, 8]
    assert ended.result.figures["atoms"] == 2


def test_a_stop_keeps_the_atoms_that_are_done(model, monkeypatch):
    monkeypatch.setattr(module, "SKETCH", 0.0)
    sketched = []

    def stop(event, control):
        if isinstance(event, Sketched):
            sketched.append(event.value)
            if len(sketched) == 2:
                control.request_stop()

    _, ended = run(model, on=stop)
    assert ended.reason is FinishReason.CANCELED
    assert len(ended.result.value) == 2
    pd.testing.assert_frame_equal(ended.result.value, sketched[-1])


def test_a_stop_within_an_atom_drops_that_atom_only(model):
    slow = ExplainConfig(method="smooth-grad", samples=64, batch=1, device="cpu")
    seen = []

    def stop(event, control):
        if isinstance(event, Progress):
            seen.append(event)
            if len(seen) == 2:  # the first atom is done
                control.request_stop()

    _, ended = run(model, config=slow, on=stop)
    assert ended.reason is FinishReason.CANCELED
    assert len(ended.result.value) == 1


def test_the_table_is_written_with_the_atoms(model, tmp_path):
    _, ended = run(model, out=tmp_path / "scores.csv")
    written = pd.read_csv(tmp_path / "scores.csv")
    assert list(written.columns[: len(ATOM_COLUMNS)]) == list(ATOM_COLUMNS)
    assert written["why_own"].to_numpy() == pytest.approx(ended.result.value["why_own"].to_numpy())


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"chosen": []}, TableError, "No atom is chosen"),
        ({"most": 5}, TableError, "6 atoms are chosen, and at most 5"),
        ({"table": atoms().assign(x_px=60.0)}, TableError, "lie outside spots"),
        ({"table": atoms(3)}, TableError, "12 of 18 atoms lie outside"),
        ({"table": atoms().assign(layer=2)}, TargetError, "has no layer 2"),
        ({"table": atoms().assign(species="Mo")}, TargetError, "knows no class Mo"),
        ({"image": spots(pixel_size=None)}, CalibrationError, "pixel size"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_words(model, change, error, words):
    _, ended = run(model, **change)
    assert isinstance(ended.error, error)
    assert words in str(ended.error)
