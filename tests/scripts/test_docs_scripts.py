"""What makes pictures and numbers of the pages runs by hand only: at least what it imports must be there."""

from importlib import import_module
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
SCRIPTS = sorted(path.stem for path in DOCS.glob("*.py") if path.stem != "conf")


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_finds_what_it_imports(name):
    assert import_module(f"docs.{name}").__doc__
