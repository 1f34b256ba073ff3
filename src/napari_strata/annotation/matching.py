"""Which image an annotation file means, by its name, and how sure that is; where two would do, none is taken."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from napari_strata.annotation.candidates import Candidate
from napari_strata.io.image_folder import Extent
from napari_strata.io.labels.annotations import AnnotatedImage
from napari_strata.io.labels.guard import LARGEST_IMAGE
from napari_strata.io.labels.image_names import parts_of, plain_stem_of, stem_of


class How(StrEnum):
    """By what an image was found, the surest first."""

    PATH = "same path"
    END_OF_PATH = "same end of the path"
    NAME = "same file name"
    STEM = "same name, other ending"
    CASE = "same name but for upper and lower case"
    PLAIN = "same name but for blanks, hyphens or an export's suffix"
    STATED = "not compared with an image"


LARGEST_CLAIM = LARGEST_IMAGE // 4
"""Pixels of all frames that are taken from an annotation file's word, with no image to show that they are true."""
CONFIDENCE: Mapping[How, float] = {
    How.PATH: 1.0,
    How.END_OF_PATH: 0.97,
    How.NAME: 0.95,
    How.STEM: 0.9,
    How.CASE: 0.8,
    How.PLAIN: 0.6,
    How.STATED: 0.5,
}
"""How sure a match by name is, before sizes are compared: 1 is certain."""


@dataclass(frozen=True, slots=True)
class ImageMatch:
    """An annotated image and the image that it is.

    Attributes
    ----------
    name : str
        Its name in the annotation file.
    frames : mapping of int to AnnotatedImage
        What is drawn on each of its frames.
    candidate : Candidate or None
        The image; None where the size that the annotation file states has to do.
    how : How
        By what it was found.
    confidence : float
        How sure that is, 0 to 1; sizes that agree raise it.
    extent : Extent
        How large the labels have to be.
    """

    name: str
    frames: Mapping[int, AnnotatedImage]
    candidate: Candidate | None
    how: How
    confidence: float
    extent: Extent


@dataclass(frozen=True, slots=True)
class Matching:
    """What became of each annotated image and of each candidate.

    Attributes
    ----------
    matches : tuple of ImageMatch
        What is sure enough.
    ambiguous : mapping of str to str
        Annotated images that fit several candidates, or that are annotated twice, and the reason in words.
    mismatches : mapping of str to str
        Annotated images whose size or frames are not those of their image, and both in words.
    missing : mapping of str to str
        Annotated images that no candidate fits, and the reason in words.
    not_annotated : tuple of str
        Candidates on which nobody annotated anything.
    """

    matches: tuple[ImageMatch, ...] = ()
    ambiguous: Mapping[str, str] = field(default_factory=dict)
    mismatches: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    not_annotated: tuple[str, ...] = ()


def match_images(images: Iterable[AnnotatedImage], candidates: Sequence[Candidate] | None) -> Matching:
    """Find the image of each annotated image by name, and compare their sizes.

    Parameters
    ----------
    images : iterable of AnnotatedImage
        Those of one annotation file, or of several.
    candidates : sequence of Candidate or None
        The images at hand; None takes name and size from the annotation file.

    Returns
    -------
    Matching
        In the order of the file.
    """
    by_name: dict[str, list[AnnotatedImage]] = {}
    for image in images:
        by_name.setdefault(image.name, []).append(image)
    sorted_out = _Sorting()
    if candidates is None:
        for name, frames in by_name.items():
            sorted_out.add(name, frames, None, How.STATED)
        return sorted_out.result(())
    names = _Names(candidates)
    found = {name: names.find(name) for name in by_name}
    claims: dict[Hashable, list[str]] = {}
    for name, (fitting, _) in found.items():
        for candidate in fitting:
            claims.setdefault(candidate.key, []).append(name)
    for name, frames in by_name.items():
        fitting, how = found[name]
        if not fitting:
            sorted_out.missing[name] = "no image of this name"
        elif len(fitting) > 1:
            sorted_out.ambiguous[name] = "fits " + ", ".join(one.names[0] for one in fitting)
        elif len(claims[fitting[0].key]) > 1:
            rivals = ", ".join(claims[fitting[0].key])
            sorted_out.ambiguous[name] = f"{fitting[0].names[0]} fits all of {rivals}"
        else:
            sorted_out.add(name, frames, fitting[0], how)
    return sorted_out.result(tuple(one.names[0] for one in candidates if one.key not in claims))


class _Sorting:
    """Sorts annotated images into what fits and what does not."""

    def __init__(self) -> None:
        self.matches: list[ImageMatch] = []
        self.ambiguous: dict[str, str] = {}
        self.mismatches: dict[str, str] = {}
        self.missing: dict[str, str] = {}

    def result(self, not_annotated: tuple[str, ...]) -> Matching:
        return Matching(tuple(self.matches), self.ambiguous, self.mismatches, self.missing, not_annotated)

    def add(self, name: str, images: list[AnnotatedImage], candidate: Candidate | None, how: How) -> None:
        """Compare sizes and frames of an annotated image with those of its image."""
        frames = {image.frame: image for image in images}
        if len(frames) < len(images):
            self.ambiguous[name] = "it is annotated twice"
            return
        extent = candidate.measure() if candidate is not None else None
        stated = next((image.size for image in images if image.size is not None), None)
        known = extent or (Extent(max(frames) + 1, *stated) if stated else None)
        if known is None:
            self.missing[name] = "the file does not say its size, and no image does"
            return
        if extent is None and known.frames * known.height * known.width > LARGEST_CLAIM:
            claim = f"the file claims {known.frames} x {_words(known.size)}"
            self.mismatches[name] = f"{claim}, too much without the image"
            return
        if reason := _difference(images, known):
            self.mismatches[name] = reason
            return
        confidence = _confidence(how, agrees=extent is not None and stated is not None)
        self.matches.append(ImageMatch(name, frames, candidate, how, confidence, known))


def _difference(images: list[AnnotatedImage], extent: Extent) -> str:
    """Say in words in what an annotated image differs from its image."""
    for image in images:
        if image.size is not None and image.size != extent.size:
            swapped = ": height and width are swapped" if image.size == extent.size[::-1] else ""
            return f"{_words(image.size)} in the file, {_words(extent.size)} in the image{swapped}"
        if image.frame >= extent.frames:
            return f"frame {image.frame} in the file, {extent.frames} frames in the image"
    return ""


def _confidence(how: How, *, agrees: bool) -> float:
    doubt = 1 - CONFIDENCE[how]
    return round(1 - doubt / 2 if agrees else 1 - doubt, 3)


def _words(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]} px"


class _Names:
    """Finds candidates by name, at each step with less exactness."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        self._steps: tuple[tuple[How, Callable[[str], Hashable]], ...] = (
            (How.PATH, parts_of),
            (How.NAME, lambda name: parts_of(name)[-1:]),
            (How.STEM, stem_of),
            (How.CASE, lambda name: stem_of(name).casefold()),
            (How.PLAIN, plain_stem_of),
        )
        self._index: dict[How, dict[Hashable, list[int]]] = {how: {} for how, _ in self._steps}
        for place, candidate in enumerate(candidates):
            for how, key in self._steps:
                for one in {key(name) for name in candidate.names}:
                    self._index[how].setdefault(one, []).append(place)

    def find(self, name: str) -> tuple[list[Candidate], How]:
        """Return the candidates that fit a name best, and by what."""
        for how, key in self._steps:
            fitting = [self._candidates[place] for place in self._index[how].get(key(name), ())]
            if len(fitting) > 1 and (nearest := _by_folders(name, fitting)):
                return [nearest], How.END_OF_PATH
            if fitting:
                return fitting, how
        return [], How.PLAIN


def _by_folders(name: str, candidates: list[Candidate]) -> Candidate | None:
    """Return the one candidate whose path ends like the name, or whose path the name ends with."""
    wanted = parts_of(name)[::-1]
    fitting = [
        candidate
        for candidate in candidates
        if any(_begins_alike(wanted, parts_of(one)[::-1]) for one in candidate.names)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _begins_alike(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    common = min(len(first), len(second))
    return common > 1 and first[:common] == second[:common]
