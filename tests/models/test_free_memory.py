from pathlib import Path
from types import SimpleNamespace

import pytest

from napari_strata.models.free_memory import free_main_memory, left_in_groups


@pytest.mark.parametrize(
    ("own", "files", "left"),
    [
        (
            "0::/a/b",
            {"a/memory.max": "1000", "a/memory.current": "300", "a/memory.stat": "inactive_file 50"},
            [750],
        ),
        ("0::/a", {"a/memory.max": "max", "a/memory.current": "300", "a/memory.stat": ""}, []),
        (
            "4:cpu:/x\n5:memory:/a",
            {
                "memory/a/memory.limit_in_bytes": "500",
                "memory/a/memory.usage_in_bytes": "100",
                "memory/a/memory.stat": "",
            },
            [400],
        ),
        ("0::/", {}, []),
    ],
)
def test_limits_of_control_groups_count(tmp_path: Path, own, files, left):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert left_in_groups(own, tmp_path) == left


def test_no_more_is_free_than_the_machine_has_left(monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=12345))
    assert 0 <= free_main_memory() <= 12345
