"""Names of the files that are written, one or a few per image, flat in one folder."""

from collections.abc import Iterable, Sequence

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import AnnotatedImage
from napari_strata.io.labels.image_names import parts_of, stem_of

_LONGEST = 200
_FORBIDDEN = set('<>:"|?*')


def base_name(name: str) -> str:
    """Return the file name of an image without the folders before it, whichever system wrote it."""
    return parts_of(name)[-1] if parts_of(name) else ""


def check_once(images: Iterable[AnnotatedImage]) -> None:
    """Check that every image, or frame of a stack, is there once.

    Raises
    ------
    LabelsError
        If one occurs twice: what is read again could not be told apart.
    """
    seen: set[tuple[str, int]] = set()
    for one in images:
        if (one.name, one.frame) in seen:
            raise LabelsError(
                f"{one.name} occurs twice.",
                remedy="Give every image a name of its own, or export them one by one.",
            )
        seen.add((one.name, one.frame))


def stems_to_write(images: Sequence[AnnotatedImage], *, title: str) -> list[str]:
    """Return a file stem for each image: its own, without folders and extension.

    Parameters
    ----------
    images : sequence of AnnotatedImage
        Single pictures.
    title : str
        Name of the format, for messages.

    Raises
    ------
    LabelsError
        If an image is a frame of a stack, occurs twice or has a name that no file can have, or two share a file.
    """
    check_once(images)
    stack = next((one.name for one in images if one.frame), None)
    if stack is not None:
        raise LabelsError(
            f"{stack} is a stack, and {title} knows single pictures only.",
            remedy="Export the stack as ImageJ ROIs, napari CSV or index masks.",
        )
    stems = [stem_of(_checked(one.name, title)) for one in images]
    _refuse_collisions(stems, [one.name for one in images], title)
    return stems


def stacks_to_write(images: Sequence[AnnotatedImage], *, title: str) -> dict[str, list[AnnotatedImage]]:
    """Return the frames of each image by the stem of its file; see `stems_to_write`.

    Raises
    ------
    LabelsError
        If an image has a name that no file can have, a frame occurs twice, or two images would share a file.
    """
    check_once(images)
    stacks: dict[str, list[AnnotatedImage]] = {}
    for one in images:
        stacks.setdefault(one.name, []).append(one)
    stems = [stem_of(_checked(name, title)) for name in stacks]
    _refuse_collisions(stems, list(stacks), title)
    return {
        stem: sorted(frames, key=lambda one: one.frame)
        for stem, frames in zip(stems, stacks.values(), strict=True)
    }


def _checked(name: str, title: str) -> str:
    base = base_name(name)
    odd = base in {"", ".", ".."} or len(base) > _LONGEST or _FORBIDDEN & set(base) or not base.isprintable()
    if odd:
        raise LabelsError(
            f"No {title} file can be named after the image {name[:60]!r}.", remedy="Rename the image."
        )
    return base


def _refuse_collisions(stems: Sequence[str], names: Sequence[str], title: str) -> None:
    seen: dict[str, str] = {}
    for stem, name in zip(stems, names, strict=True):
        other = seen.setdefault(stem.casefold(), name)
        if other != name:
            raise LabelsError(
                f"{other} and {name} would share one {title} file.", remedy="Export them into different folders."
            )
