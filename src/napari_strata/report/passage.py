"""A part of a text: what is known in sentences, and what is not known as a list."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a methods text.

    Attributes
    ----------
    sentences : tuple of str
        What is known; citations are keys of `napari_strata.report.references.REFERENCES` in braces.
    unknown : tuple of str
        What a reader will ask and nobody told, each as a phrase or a sentence.
    """

    sentences: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All sentences."""
        return " ".join(self.sentences)


def joined(passages: Iterable[Passage]) -> Passage:
    """Put passages after each other."""
    parts = tuple(passages)
    return Passage(
        tuple(sentence for part in parts for sentence in part.sentences),
        tuple(phrase for part in parts for phrase in part.unknown),
    )
