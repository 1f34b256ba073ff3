"""`napari-strata find-rate`."""

import yaml

CONFIG = {
    "model": {"filters": [4, 8]},
    "training": {"batch_size": 2, "patch_size": 16, "precision": "fp32", "device": "cpu"},
}


def test_a_rate_is_proposed_and_no_file_is_written(strata, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    done = strata("find-rate", "config.yaml", "--json")
    assert done.code == 0
    assert 1e-6 <= done.report["figures"]["learning_rate"] <= 10
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]
