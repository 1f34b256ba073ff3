"""The methods text of a report, as plain text and as Markdown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from napari_strata.config import ReportConfig
from napari_strata.report.about_atoms import about_atoms
from napari_strata.report.about_image import about_image
from napari_strata.report.about_lattices import about_lattices
from napari_strata.report.about_model import about_model, software_words
from napari_strata.report.passage import Passage, joined
from napari_strata.report.references import Reference, number_citations
from napari_strata.report.subject import Subject

UNKNOWN = "Not known to the program, and left out above"
_SPECIAL = re.compile(r"([\\`*_<>|#])")


@dataclass(frozen=True, slots=True)
class Methods:
    """A methods text.

    Attributes
    ----------
    paragraphs : tuple of str
        Image and atoms; lattices; caption of the figure.
    references : tuple of Reference
        What they cite, from number 1.
    unknown : tuple of str
        What nobody told.
    """

    paragraphs: tuple[str, ...]
    references: tuple[Reference, ...]
    unknown: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it as plain text."""
        lines = [*_apart(self.paragraphs), "References"]
        lines += [f"[{number}] {one.text}" for number, one in enumerate(self.references, 1)]
        lines += ["", f"{UNKNOWN}:", *(f"- {phrase}" for phrase in self.unknown)]
        return "\n".join(lines) + "\n"

    @property
    def markdown(self) -> str:
        """All of it as Markdown."""
        lines = ["## Methods", "", *_apart(tuple(map(_escaped, self.paragraphs))), "## References", ""]
        for number, one in enumerate(self.references, 1):
            text = _escaped(one.text)
            lines.append(f"{number}. [{text}]({one.link})" if one.link else f"{number}. {text}")
        lines += ["", f"## {UNKNOWN}", "", *(f"- {_escaped(phrase)}" for phrase in self.unknown)]
        return "\n".join(lines) + "\n"


def write_methods(
    subject: Subject, config: ReportConfig, versions: Mapping[str, str], *, caption: str = ""
) -> Methods:
    """Write what is known of an analysis.

    Parameters
    ----------
    subject : Subject
        What was analysed.
    config : ReportConfig
        What is known of the sample.
    versions : mapping of str to str
        Packages that fitted the lattices, and their versions, napari-strata among them.
    caption : str
        Caption of the figure, if there is one.
    """
    atoms = joined((about_image(subject), about_model(subject.known), about_atoms(subject)))
    lattices = joined((about_lattices(subject, config), _software(subject, versions)))
    parts = [text for text in (atoms.text, lattices.text, caption) if text]
    numbered, references = number_citations(parts)
    return Methods(numbered, references, atoms.unknown + lattices.unknown)


def _software(subject: Subject, versions: Mapping[str, str]) -> Passage:
    what = "The lattices were fitted" if subject.lattices is not None else "This text was made"
    own = f"napari-strata {versions['napari-strata']} {{napari-strata}}"
    others = software_words({name: version for name, version in versions.items() if name != "napari-strata"})
    return Passage((f"{what} with {own} ({others}).",))


def _apart(paragraphs: tuple[str, ...]) -> list[str]:
    return [line for paragraph in paragraphs for line in (paragraph, "")]


def _escaped(text: str) -> str:
    """Keep Markdown from taking parts of names for marks."""
    return _SPECIAL.sub(r"\\\1", text)
