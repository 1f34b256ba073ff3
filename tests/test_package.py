"""The package as a whole: its version, its manifest, and what importing it must not drag in."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import pytest
from npe2 import PluginManifest

import napari_strata

ROOT = Path(__file__).parents[1]
HEAVY = ("captum", "lightning_fabric", "torch")
LIGHT_MODULES = ("napari_strata", "napari_strata.config", "napari_strata.events", "napari_strata.cli")
COMMANDS = PluginManifest.from_distribution("napari-strata").contributions.commands or []
MODULES = sorted({str(command.python_name).partition(":")[0] for command in COMMANDS})
"""Modules that napari imports for the plugin's docks, readers and samples."""


def imported_along(modules: Iterable[str], unwanted: Iterable[str]) -> dict[str, list[str]]:
    """Import modules one after the other in a fresh interpreter; return which unwanted ones each has brought."""
    code = (
        "import importlib, json, sys; brought = {}\n"
        "modules, unwanted = map(json.loads, sys.argv[1:])\n"
        "for module in modules:\n"
        "    importlib.import_module(module)\n"
        "    brought[module] = sorted(set(unwanted) & set(sys.modules))\n"
        "print(json.dumps(brought))"
    )
    command = [sys.executable, "-c", code, json.dumps(list(modules)), json.dumps(list(unwanted))]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr
    brought: dict[str, list[str]] = json.loads(answer.stdout.splitlines()[-1])
    return brought


def test_the_version_is_that_of_the_installed_distribution() -> None:
    assert napari_strata.__version__ == version("napari-strata")


@pytest.mark.parametrize(("given", "policy"), [({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active")])
def test_threads_that_wait_sleep_unless_the_user_says_otherwise(given: dict[str, str], policy: str) -> None:
    code = "import napari_strata, os; print(os.environ['OMP_WAIT_POLICY'])"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | given
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == policy


def test_the_manifest_at_the_top_is_a_link_to_the_one_in_the_package() -> None:
    assert (ROOT / "napari.yaml").is_symlink()
    assert (ROOT / "napari.yaml").samefile(ROOT / "src" / "napari_strata" / "napari.yaml")


def test_importing_the_core_imports_neither_torch_nor_qt() -> None:
    unwanted = (*HEAVY, "napari", "qtpy", "skimage")
    assert imported_along(LIGHT_MODULES, unwanted) == {name: [] for name in LIGHT_MODULES}


def test_importing_what_napari_imports_imports_no_torch() -> None:
    assert imported_along(MODULES, HEAVY) == {name: [] for name in MODULES}
