import json
from pathlib import Path

from napari_strata.errors import TrainingError
from napari_strata.training.run.end import record_end

ERROR = TrainingError("It is gone.", remedy="Begin anew.")


def test_the_end_of_a_run_that_was_cut_off_stands_on_a_line_of_its_own(tmp_path: Path):
    (tmp_path / "run.json").write_text(json.dumps({"format": 1, "sessions": [{"step": 0, "ended": None}]}))
    (tmp_path / "events.jsonl").write_text('{"event": "BatchEnded", "step": 41}\n{"event": "BatchEn')
    record_end(tmp_path, ERROR)
    *_, cut, last = (tmp_path / "events.jsonl").read_text().splitlines()
    assert cut == '{"event": "BatchEn'
    assert {**json.loads(last), "time": 0} == {
        "event": "JobEnded",
        "time": 0,
        "reason": "failed",
        "error": "TrainingError: It is gone. Begin anew.",
    }
    session = json.loads((tmp_path / "run.json").read_text())["sessions"][-1]
    assert (session["ended_by"], session["step"]) == ("failed", 41)


def test_where_nothing_was_begun_nothing_is_written(tmp_path: Path):
    record_end(tmp_path, ERROR)
    assert list(tmp_path.iterdir()) == []
