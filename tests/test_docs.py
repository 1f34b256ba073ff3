"""What the pages tell a user to paste must be understood by the program."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
import tifffile
import yaml
from npe2 import PluginManifest
from typer.main import get_command

from honeycomb import footprints, honeycomb
from napari_strata.cli.program import app
from napari_strata.config import AnalysisConfig, Config, SimulationConfig, TrainConfig
from napari_strata.config.search import SearchTrainConfig
from napari_strata.explain.heatmap import read_heatmap

ROOT = Path(__file__).parents[1]
TOP = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES = [*TOP, *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs").glob("*/*.md"))]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))
COMMANDS = get_command(app).commands

MANIFEST = PluginManifest.from_file(ROOT / "src" / "napari_strata" / "napari.yaml").contributions
_ENTRY = re.compile(r"\*((?:Layers|Plugins) > [^*]+)\*")
_FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_HERE_DOCUMENT = re.compile(r"^cat > \S+\.yaml <<'?(\w+)'?\n(.*?)^\1\n", re.MULTILINE | re.DOTALL)
_SHELL = ("sh", "bash", "shell", "console")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def _blocks(*languages: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for number, (_, language, text) in enumerate(_FENCE.findall(page.read_text(encoding="utf-8"))):
            if language in languages:
                yield f"{page.relative_to(ROOT)}#{number}", dedent(text)


def _configurations() -> Iterator[tuple[str, str]]:
    yield from _blocks("yaml")
    for place, text in _blocks(*_SHELL):
        yield from ((place, content) for _, content in _HERE_DOCUMENT.findall(text))


def _command_lines() -> Iterator[tuple[str, str]]:
    for place, text in _blocks(*_SHELL):
        for line in _HERE_DOCUMENT.sub("", text).replace("\\\n", " ").splitlines():
            if "napari-strata " in line and not line.startswith(("#", "pip ")):
                yield place, line


def _schema(values: dict[str, object]) -> type[Config]:
    schemas = (TrainConfig, SearchTrainConfig, AnalysisConfig, SimulationConfig)
    return max(schemas, key=lambda schema: len(set(values) & set(schema.model_fields)))


def _parametrize(names: str, cases: Iterator[tuple[str, str]]):
    return pytest.mark.parametrize(names, [pytest.param(text, id=place) for place, text in cases])


@_parametrize("text", _configurations())
def test_every_configuration_on_a_page_is_valid(text):
    values = yaml.safe_load(text)
    _schema(values).parse(values)


@_parametrize("line", _command_lines())
def test_every_command_on_a_page_is_understood(line):
    program, command, *words = shlex.split(line, comments=True)
    assert program == "napari-strata"
    assert command in COMMANDS
    context = COMMANDS[command].make_context(command, words)  # raises what the terminal would show
    if hasattr(COMMANDS[command], "commands"):
        COMMANDS[command].commands[words[0]].make_context(words[0], words[1:], parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_named_exists(page):
    assert set(re.findall(r"`napari-strata ([a-z][\w-]*)", page.read_text(encoding="utf-8"))) <= set(COMMANDS)


def test_the_example_of_the_python_page_explains_an_atom(tmp_path, monkeypatch):
    crystal = footprints(honeycomb(16.0), 16.0, 0.2)
    tifffile.imwrite(tmp_path / "image.tif", (100 + 800 * crystal).astype(np.uint16))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("napari_strata.io.bundled.FOLDER", ROOT / "src" / "napari_strata" / "bundled")
    ((_, _, text),) = _FENCE.findall((ROOT / "docs" / "reference" / "api.md").read_text("utf-8"))[:1]
    known = {}
    exec(compile(text, "api.md", "exec"), known)
    heatmap = read_heatmap(tmp_path / "heat.tif")
    y, x = heatmap.metadata["position"]
    assert heatmap.data.shape == (80, 80)
    assert (y, x) == pytest.approx((known["surest"]["y_px"], known["surest"]["x_px"]))
    assert heatmap.metadata["feature_map"].startswith(f"decoder {heatmap.metadata['decoder']}, level ")
    assert heatmap.data.max() > 0


def test_every_option_in_the_guide_to_the_command_line_exists():
    named = set(re.findall(r"--[a-z][a-z-]*", (ROOT / "docs" / "how-to" / "command-line.md").read_text("utf-8")))
    options = {flag for command in COMMANDS.values() for param in command.params for flag in param.opts}
    assert named <= options | {"--help"}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_recipe_is_valid(recipe):
    TrainConfig.read(recipe)


@pytest.mark.parametrize("page", TOP, ids=lambda page: page.name)
def test_links_at_the_top_lead_to_files(page):
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def _menu_entries() -> set[str]:
    """Return what napari's menus show: docks by their names, other commands by their titles."""
    shown = {command.id: command.title for command in MANIFEST.commands}
    shown |= {widget.command: widget.display_name for widget in MANIFEST.widgets}
    titles = {"napari/file/io_utilities": "File > IO Utilities"}
    entries = {f"Plugins > napari-strata > {widget.display_name}" for widget in MANIFEST.widgets}
    for menu, items in MANIFEST.menus.items():
        _, top, below = menu.split("/")
        entries |= {f"{titles.get(menu, f'{top} > {below}'.title())} > {shown[item.command]}" for item in items}
    return entries


def test_every_menu_entry_on_a_page_is_one_that_napari_shows():
    entries = _menu_entries()
    menus = {entry.rpartition(" > ")[0] for entry in entries}
    named = {entry for page in PAGES for entry in _ENTRY.findall(page.read_text(encoding="utf-8"))}
    assert len(named & entries) > 8
    assert named - entries - menus == set()
