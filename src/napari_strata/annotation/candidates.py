"""Images that annotations may belong to, whether they are files or open in napari."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from napari_strata.io.image_folder import Extent, ImageFile
from napari_strata.io.labels.image_names import stem_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image that annotations may belong to.

    Attributes
    ----------
    key : hashable
        Tells it from others: a path, or the id of a napari layer.
    names : tuple of str
        What it is called, with or without folders; the first one is shown.
    measure : callable
        Returns its extent; None where that cannot be read.
    """

    key: Hashable
    names: tuple[str, ...]
    measure: Callable[[], Extent | None]

    @classmethod
    def of_file(cls, image: ImageFile) -> "Candidate":
        """Make a candidate of an image file."""
        return cls(image.path, (image.name,), lambda: image.extent)


class SizesByStem(Mapping[str, tuple[int, int]]):
    """Height and width [px] of candidates by the stem of their names, each measured when it is asked for.

    Candidates with the same stem and different sizes are passed over: nobody knows which of them is meant.

    Parameters
    ----------
    candidates : iterable of Candidate
        The images at hand.
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._candidates: dict[str, list[Candidate]] = {}
        for candidate in candidates:
            for stem in {stem_of(name) for name in candidate.names}:
                self._candidates.setdefault(stem, []).append(candidate)

    def __getitem__(self, stem: str) -> tuple[int, int]:
        extents = [candidate.measure() for candidate in self._candidates[stem]]
        sizes = {extent.size if extent is not None else None for extent in extents}
        size = sizes.pop()
        if sizes or size is None:
            raise KeyError(stem)
        return size

    def __iter__(self) -> Iterator[str]:
        return iter(self._candidates)

    def __len__(self) -> int:
        return len(self._candidates)
