"""Look at every slice once and keep a few numbers of it: time grows with the pixels, memory does not."""

import hashlib
from collections.abc import Generator
from dataclasses import replace

import numpy as np

from napari_strata.annotation.classes import LAST_CLASS
from napari_strata.annotation.doctor.blobs import blob_diameters, box_of
from napari_strata.annotation.doctor.facts import ImageSlice, LabelSlice, LayerFacts, SubjectFacts
from napari_strata.annotation.doctor.orientation import explained_variance
from napari_strata.annotation.doctor.subject import LayerLabels, Stack, Subject, as_stack, depth_of, slice_of
from napari_strata.annotation.doctor.thumbnail import thumbnail
from napari_strata.types import NOT_LABELLED, AnyArray

PILE = 1e-3
"""Part of a slice's pixels at the extreme value above which it may be clipped."""
STEEP = 3
"""By so much more pixels lie at a clipped extreme than at the next value; a histogram that runs out has fewer."""
SAMPLED = 3
"""Painted slices of each crystal layer whose blobs and orientation are looked at."""
MOST_BOXES = 8
"""Codes outside the class table whose place in a slice is noted."""


def measure_subject(subject: Subject, *, last_code: int = LAST_CLASS) -> Generator[int, None, SubjectFacts]:
    """Measure an image and its labels.

    Parameters
    ----------
    subject : Subject
        What to measure.
    last_code : int
        Largest code of the class table.

    Yields
    ------
    int
        Slices done so far, of the image and of each crystal layer.

    Returns
    -------
    SubjectFacts
        Without slices where shape or type forbids to look at them.
    """
    image = subject.image
    facts = SubjectFacts(
        subject.name, subject.file, tuple(image.shape), image.dtype, subject.is_colour, subject.pixel_size
    )
    done = 0
    slices: list[ImageSlice] = []
    for frame in range(depth_of(image.shape) if _is_measurable_image(subject) else 0):
        slices.append(measure_image(slice_of(image, frame)))
        done += 1
        yield done
    layers = []
    for labels in subject.labels:
        body = _measure_layer(labels, subject if slices else None, last_code)
        while True:
            try:
                next(body)
            except StopIteration as stop:
                layers.append(stop.value)
                break
            done += 1
            yield done
    return replace(facts, slices=tuple(slices), layers=tuple(layers))


def measure_image(frame: AnyArray) -> ImageSlice:
    """Measure one slice of an image, shape (y, x), of real numbers."""
    not_finite = frame.size - int(np.count_nonzero(np.isfinite(frame)))
    if not_finite or not frame.size:
        return ImageSlice(frame.size, not_finite)
    low, high = frame.min(), frame.max()
    return ImageSlice(
        pixels=frame.size,
        low=float(low),
        high=float(high),
        at_low=_piled_up(frame, frame == low, above=True),
        at_high=_piled_up(frame, frame == high, above=False),
        digest=digest_of(frame),
        thumbnail=thumbnail(frame),
    )


def digest_of(frame: AnyArray) -> bytes:
    """Return what is the same for slices of the same pixels, shape and type."""
    digest = hashlib.blake2b(np.ascontiguousarray(frame).view(np.uint8).data, digest_size=16)
    digest.update(f"{frame.dtype.str} {frame.shape}".encode())
    return digest.digest()


def measure_labels(labels: AnyArray, image: AnyArray | None = None, *, last_code: int) -> LabelSlice:
    """Measure one slice of labels.

    Parameters
    ----------
    labels : ndarray, shape (y, x)
        Mask codes, whole numbers of whatever type.
    image : ndarray, shape (y, x), optional
        The slice of the image; blobs and orientation are looked at where it is given.
    last_code : int
        Largest code of the class table.
    """
    digest = digest_of(labels)
    if labels.dtype.kind == "f":
        fractional = int(np.count_nonzero(~(labels == np.rint(labels)) | np.isinf(labels)))
        if fractional:
            return LabelSlice(fractional=fractional, digest=digest)
        labels = labels.astype(np.int64)
    counts = _count(labels)
    strange = [code for code in counts if not NOT_LABELLED <= code <= last_code]
    boxes = {code: box_of(labels == code) for code in strange[:MOST_BOXES]}
    facts = LabelSlice(counts, boxes=boxes, digest=digest)
    if image is None:
        return facts
    fit, turned = explained_variance(image, labels)
    return replace(facts, diameters=() if strange else blob_diameters(labels), fit=fit, turned_fit=turned)


def _measure_layer(
    labels: LayerLabels, subject: Subject | None, last_code: int
) -> Generator[None, None, LayerFacts]:
    data = labels.data
    fits = subject is not None and as_stack(data.shape) == as_stack(subject.image.shape)
    sampled = 0
    slices: list[LabelSlice] = []
    for frame in range(depth_of(data.shape) if _is_measurable(data, "iuf") else 0):
        codes = slice_of(data, frame)
        sample = fits and sampled < SAMPLED and bool((codes > NOT_LABELLED).any())
        sampled += sample
        image = slice_of(subject.image, frame) if sample and subject is not None else None
        slices.append(measure_labels(codes, image, last_code=last_code))
        yield
    return LayerFacts(
        labels.name, labels.file, tuple(data.shape), data.dtype, labels.pixel_ratio, labels.shift, tuple(slices)
    )


def _is_measurable_image(subject: Subject) -> bool:
    return not subject.is_colour and _is_measurable(subject.image, "biuf")


def _is_measurable(stack: Stack, kinds: str) -> bool:
    return len(stack.shape) in (2, 3) and 0 not in stack.shape and stack.dtype.kind in kinds


def _count(labels: AnyArray) -> dict[int, int]:
    low, high = int(labels.min()), int(labels.max())
    if low >= 0 and high < 2**16:
        counted = np.bincount(labels.ravel())
        return {int(code): int(counted[code]) for code in np.flatnonzero(counted)}
    codes, counts = np.unique(labels, return_counts=True)
    return {int(code): int(count) for code, count in zip(codes, counts, strict=True)}


def _piled_up(frame: AnyArray, extreme: AnyArray, *, above: bool) -> int:
    """Return the pixels at the extreme value where there are too many for the end of a histogram, else 0."""
    count = int(np.count_nonzero(extreme))
    others = frame[~extreme] if PILE * frame.size < count < frame.size else frame[:0]
    if not others.size:
        return 0
    following = others.min() if above else others.max()
    return count if count > STEEP * int(np.count_nonzero(others == following)) else 0
