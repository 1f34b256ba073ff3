"""`napari-strata search`."""

from pathlib import Path

import pytest
import yaml

CONFIG = {
    "model": {"filters": [4, 8]},
    "training": {
        "steps_per_epoch": 1,
        "batch_size": 2,
        "patch_size": 32,
        "validation_crops": 2,
        "precision": "fp32",
        "device": "cpu",
    },
    "search": {"trials": 1, "epochs": 1, "parameters": {"model.dropout": {"low": 0.0, "high": 0.5}}},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "search.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


def test_a_search_ends_with_a_model_and_a_table_and_goes_on_with_resume(strata, config, tmp_path):
    done = strata("search", config, "--out", tmp_path / "found", "--json")
    assert done.code == 0
    assert done.report["figures"]["trials"] == {"complete": 1, "pruned": 0, "stopped": 0, "failed": 0}
    assert Path(done.report["paths"]["model"], "card.yaml").is_file()
    assert len(Path(done.report["paths"]["table"]).read_text().splitlines()) == 2
    more = strata("search", "--resume", tmp_path / "found", "--trials", 2)
    assert more.code == 0
    assert "Trial 1/2 complete after 1 epochs, score" in more.err
    assert "Trial 2/2: dropout 0." in more.err
    assert "values model.dropout" in more.out
    refused = strata("train", "--resume", tmp_path / "found", "--json")
    assert "search --resume" in refused.report["error"]["remedy"]
    same = strata("search", config, "--out", tmp_path / "found")
    assert same.code == 0
    assert "Trial 3" not in same.err


def test_a_setting_that_does_not_exist_is_refused(strata, config, tmp_path):
    config.write_text(yaml.safe_dump(CONFIG | {"search": {"parameters": {"model.depth": {"low": 1, "high": 2}}}}))
    done = strata("search", config, "--out", tmp_path / "found", "--json")
    assert done.code == 1
    assert done.report["error"]["type"] == "ConfigError"
    assert "model.depth is no setting" in done.report["error"]["message"]


def test_a_folder_without_a_search_cannot_be_resumed(strata, tmp_path):
    done = strata("search", "--resume", tmp_path, "--json")
    assert done.code == 1
    assert "holds no search" in done.report["error"]["message"]


@pytest.mark.parametrize("words", [(), ("config.yaml",), ("--out", "found")])
def test_half_a_command_is_wrong_usage(strata, words):
    done = strata("search", *words)
    assert done.code == 2
    assert "give CONFIG.yaml and --out, or --resume alone" in done.err


def test_a_file_for_a_search_does_not_train(strata, config, tmp_path):
    done = strata("train", config, "--out", tmp_path / "run", "--json")
    assert done.code == 1
    assert "napari-strata search" in done.report["error"]["message"]
