"""Three directives that keep the reference true.

``config-table`` takes the dotted path of a settings model and shows its fields; ``command-help`` takes the words
after ``napari-strata`` and shows what the terminal shows; ``model-cards`` shows the models that come with the
package.
"""

from importlib import import_module
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from typer.testing import CliRunner

from napari_strata.config import Config, ModelCard
from napari_strata.io.bundle import read_card
from napari_strata.io.bundled import bundled_models
from napari_strata.numbers import plain

KINDS = {"number": "number", "integer": "whole number", "string": "text", "boolean": "yes or no", "null": "empty"}
HEADER = ("Setting", "Default", "Allowed", "Meaning")


class ConfigTable(SphinxDirective):
    """A table of the fields of one settings model."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        module, _, name = self.arguments[0].rpartition(".")
        config_class: type[Config] = getattr(import_module(module), name)
        schema = config_class.model_json_schema()
        required = schema.get("required", [])
        rows = [_row(name, field, name in required, schema) for name, field in schema["properties"].items()]
        lines = [_line(HEADER), _line(["---"] * len(HEADER)), *map(_line, rows)]
        container = nodes.container()
        self.state.nested_parse(StringList(lines, source=self.arguments[0]), self.content_offset, container)
        return container.children


class CommandHelp(SphinxDirective):
    """The help of one command, as the terminal shows it."""

    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the help as literal text."""
        from napari_strata.cli.program import app

        words = [*(self.arguments[0].split() if self.arguments else []), "--help"]
        environment = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100", "TERMINAL_WIDTH": "100"}
        answer = CliRunner().invoke(app, words, prog_name="napari-strata", env=environment)
        if answer.exit_code != 0:
            raise self.error(f"napari-strata {' '.join(words)} ended with exit code {answer.exit_code}")
        text = "\n".join(line.rstrip() for line in answer.output.strip().splitlines())
        return [nodes.literal_block(text, text, language="text")]


class ModelCards(SphinxDirective):
    """What the models that come with the package are, from their cards."""

    def run(self) -> list[nodes.Node]:
        """Return a section's worth of text per model, or a sentence where there is none."""
        lines: list[str] = []
        for folder in bundled_models():
            lines += [f"**{folder.name}**", "", *_card(read_card(folder)), ""]
        container = nodes.container()
        source = StringList(lines or ["This version comes with no models."], source="model-cards")
        self.state.nested_parse(source, self.content_offset, container)
        return container.children


def _card(card: ModelCard) -> list[str]:
    """Return the lines of a definition list of what a user asks first, then figures."""
    grid = card.model.pixel_size
    rows = [
        ("finds", f"{', '.join(card.classes.names)} in {card.model.layers} crystal layer(s)"),
        ("works at", "the image's own pixel size" if grid is None else f"{grid:g} Å per pixel"),
        ("trained on", card.trained_on),
    ]
    if card.seen is not None:
        low, high = (period * (grid or 1) for period in card.seen.spacing)
        rows.append(("clearest spacing seen", f"{low:.2f} to {high:.2f} {'Å' if grid else 'px'}"))
        rows.append(("share of noise seen", f"{card.seen.noise[0]:.3f} to {card.seen.noise[1]:.3f}"))
        rows.append(("skewness seen", f"{card.seen.skewness[0]:.2f} to {card.seen.skewness[1]:.2f}"))
    rows += [
        (name.replace("_", " "), plain(value) if isinstance(value, float) else str(value))
        for name, value in card.figures.items()
    ]
    rows += [(name, version) for name, version in card.software.items()]
    return [_line(("", "")), _line(("---", "---")), *(_line(row) for row in rows)]


def _row(name: str, field: dict[str, Any], is_required: bool, schema: dict[str, Any]) -> list[str]:
    default = "required" if is_required else _default(field)
    advanced = " *(advanced)*" if field.get("advanced") else ""
    return [f"`{name}`", default, _allowed(field, schema), field.get("description", "") + advanced]


def _default(field: dict[str, Any]) -> str:
    value = field.get("default", field.get("const", {}))
    if isinstance(value, dict):
        return "see its table"
    return "none" if value is None else "empty" if value == "" else f"`{value}`"


def _allowed(field: dict[str, Any], schema: dict[str, Any]) -> str:
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    alternatives = field.get("anyOf") or field.get("oneOf")
    if alternatives:
        return " or ".join(_allowed(each, schema) for each in alternatives)
    if "$ref" in field:
        return f"`{_reference(field)}`"
    if field.get("type") == "array":
        items = field.get("prefixItems") or [field["items"]]
        inner = _allowed(items[0], schema)
        return f"{len(items)} × {inner}" if "prefixItems" in field else f"list of {inner}"
    return " ".join([KINDS.get(field.get("type", ""), "any"), *_bounds(field)])


def _bounds(field: dict[str, Any]) -> list[str]:
    keys = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return [f"{sign} {field[key]:g}" for key, sign in keys.items() if key in field]


def _reference(field: dict[str, Any]) -> str:
    return str(field.get("$ref", "")).rpartition("/")[2]


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _plain_signature(app: Sphinx, what: str, name: str, obj: object, *_: object) -> tuple[str, str] | None:
    """Spare settings models the signature that pydantic writes; their tables say it better."""
    return ("", "") if isinstance(obj, type) and issubclass(obj, Config) else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.connect("autodoc-process-signature", _plain_signature)
    app.add_directive("config-table", ConfigTable)
    app.add_directive("command-help", CommandHelp)
    app.add_directive("model-cards", ModelCards)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
