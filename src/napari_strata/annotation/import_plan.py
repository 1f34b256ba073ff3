"""What an import will do, known before anything is imported: images, classes, and what stands in its way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_strata.annotation.class_mapping import ClassMapping
from napari_strata.annotation.matching import ImageMatch, Matching
from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import AnnotatedImage
from napari_strata.io.labels.reading import FileAnnotations

_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """Everything that is known before pixels are drawn.

    Attributes
    ----------
    files : tuple of FileAnnotations
        What was read.
    matching : Matching
        Which image each annotated image is.
    mapping : ClassMapping
        What each class of the files becomes.
    """

    files: tuple[FileAnnotations, ...]
    matching: Matching
    mapping: ClassMapping

    @property
    def sources(self) -> dict[str, str]:
        """The annotation file of each annotated image, by the image's name."""
        return {image.name: str(file.path) for file in self.files for image in file.annotations.images}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the files held that was passed over, and images that become empty, in words."""
        said = [f"{file.path.name}: {text}" for file in self.files for text in file.annotations.warnings]
        bare = [match.name for match in self.matching.matches if not any(map(_has_shapes, match.frames.values()))]
        if bare:
            said.append(f"Nothing is drawn on {_named(bare)}.")
        return tuple(said)

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why some images cannot be imported, in words, one kind of reason each."""
        return tuple(
            f"{_images(found)} {words}: {_named([f'{name} ({reason})' for name, reason in found.items()])}."
            for words, found in (
                ("not there", self.matching.missing),
                ("of another size", self.matching.mismatches),
                ("not to be told from others", self.matching.ambiguous),
            )
            if found
        )

    def check(self, *, skip_unmatched: bool = False) -> None:
        """Check that the import can begin.

        Parameters
        ----------
        skip_unmatched : bool
            Whether images that cannot be imported may be left out.

        Raises
        ------
        LabelsError
            If a class has no meaning, an image cannot be imported, or none is left.
        """
        if self.mapping.unknown:
            raise LabelsError(
                f"Classes that were not asked for: {_named(self.mapping.unknown)}.",
                remedy="Say what they become: a class, background, not labelled or skip (--map 'CLASS=skip').",
            )
        if self.obstacles and not skip_unmatched:
            raise LabelsError(
                " ".join(self.obstacles),
                remedy="Give the images that were annotated, or leave these out (--skip-unmatched).",
            )
        if not self.matching.matches:
            raise LabelsError(
                " ".join(("There is nothing to import.", *self.obstacles)),
                remedy="Give a file with annotated images, and the folder of those images.",
            )

    def figures(self) -> dict[str, Any]:
        """Return what is known in plain data, for JSON."""
        shapes: Counter[str] = Counter()
        for name, count in self.shapes_by_class().items():
            shapes[self.mapping.meanings[name]] += count
        return {
            "format": ", ".join(dict.fromkeys(file.annotations.format for file in self.files)),
            "classes": list(self.mapping.names),
            "shapes": dict(shapes),
            "matched": [match_figures(match) for match in self.matching.matches],
            "missing_images": _rows(self.matching.missing),
            "size_mismatches": _rows(self.matching.mismatches),
            "ambiguous_images": _rows(self.matching.ambiguous),
            "images_without_annotations": list(self.matching.not_annotated),
            "unknown_classes": list(self.mapping.unknown),
            "warnings": list(self.warnings),
        }

    def shapes_by_class(self) -> dict[str, int]:
        """Count the shapes of each class of the files."""
        return dict(Counter(one.label for image in images_of(self.files) for one in image.annotations))


def match_figures(match: ImageMatch) -> dict[str, Any]:
    """Return one match in plain data."""
    candidate = match.candidate.names[0] if match.candidate is not None else None
    return {"image": match.name, "file": candidate, "how": str(match.how), "confidence": match.confidence}


def images_of(files: Sequence[FileAnnotations]) -> list[AnnotatedImage]:
    """Return the annotated images of all files, in their order."""
    return [image for file in files for image in file.annotations.images]


def _has_shapes(image: AnnotatedImage) -> bool:
    return bool(image.annotations)


def _rows(found: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"image": name, "reason": reason} for name, reason in found.items()]


def _images(found: Mapping[str, str]) -> str:
    return "1 image is" if len(found) == 1 else f"{len(found)} images are"


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown} and {len(names) - _NAMES_SHOWN} more"
