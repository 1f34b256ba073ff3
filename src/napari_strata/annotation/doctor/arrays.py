"""Checks of arrays as a whole: their types, the order of their axes, and whether they are of one size."""

from collections.abc import Iterator

from napari_strata.annotation.doctor.facts import LayerFacts, SubjectFacts, Survey
from napari_strata.annotation.doctor.finding import Finding, Fix, Place, Severity
from napari_strata.annotation.doctor.subject import as_stack
from napari_strata.annotation.doctor.words import listed
from napari_strata.numbers import counted

THIN = 4
"""By so much the last axis is shorter than the others where it is taken for that of the frames."""
SQUARISH = 2
"""Sides of an image differ at most by this factor where its last axis is taken for that of the frames."""
LEAST_FIT, BETTER_FIT = 0.05, 5
"""Part of the image's variance that turned labels explain at least, and by how much more than as they are."""
MOST = 255
"""Largest code that fits into the type of labels, uint8."""


def check_image_type(survey: Survey) -> Iterator[Finding]:
    """Complex and colour images are errors: nothing here can use them."""
    for subject in survey.subjects:
        place = Place(image=subject.name, file=subject.file)
        if subject.dtype.kind == "c":
            message, remedy = "It holds complex numbers.", "Take the amplitude or the phase of the image first."
            yield Finding("image-type", Severity.ERROR, place, message, remedy)
        elif subject.is_colour:
            message = f"It is a colour picture, shape {subject.shape}."
            remedy = "Convert it to grey: --to-grey on the command line, 'Convert to grey' in the Predict dock."
            yield Finding("image-type", Severity.ERROR, place, message, remedy)


def check_label_type(survey: Survey) -> Iterator[Finding]:
    """Labels that are no whole numbers are errors; whole numbers of a float type can be converted."""
    for subject, number, layer in _layers(survey):
        place = Place(subject.name, layer.name, layer.file, layer=number)
        if layer.dtype.kind == "b":
            message = "It holds only true and false; labels are numbers."
            remedy = "Convert it: 2 where the class is, 1 for background, 0 where nobody looked."
            yield Finding("label-type", Severity.ERROR, place, message, remedy)
        elif layer.dtype.kind == "f":
            yield _float_labels(layer, place)
        elif layer.dtype.kind not in "iu":
            message, remedy = f"It holds {layer.dtype} values.", "Labels are whole numbers: 0, 1, 2, ..."
            yield Finding("label-type", Severity.ERROR, place, message, remedy)


def _float_labels(layer: LayerFacts, place: Place) -> Finding:
    fractional = sum(one.fractional for one in layer.slices)
    if fractional or not layer.slices:
        message = f"It holds {layer.dtype} values; {counted(fractional, 'pixel')} are no whole numbers."
        remedy = "Probabilities and resampled labels are no labels: save the codes, resample by nearest neighbour."
        return Finding("label-type", Severity.ERROR, place, message, remedy)
    message = f"It holds whole numbers, but of the type {layer.dtype}."
    remedy = "Convert them to whole numbers; no value changes."
    fits = all(0 <= code <= MOST for one in layer.slices for code in one.counts)
    return Finding("label-type", Severity.ERROR, place, message, remedy, Fix.WHOLE_NUMBERS if fits else None)


def check_axis_order(survey: Survey) -> Iterator[Finding]:
    """Frames that come last, a wrong number of axes, and labels in which y and x are swapped."""
    for subject in survey.subjects:
        place = Place(image=subject.name, file=subject.file)
        if len(subject.shape) not in (2, 3) and not subject.is_colour:
            message = f"It has {len(subject.shape)} axes, shape {subject.shape}."
            remedy = "Use a (y, x) image or a (frame, y, x) stack; take one channel or series of a larger array."
            yield Finding("axis-order", Severity.ERROR, place, message, remedy)
        elif _has_frames_last(subject):
            message = f"Its shape {subject.shape} looks like (y, x, frame)."
            remedy = (
                "Save it as (frame, y, x): move the last axis to the front. Narrow strips may stay as they are."
            )
            yield Finding("axis-order", Severity.WARNING, place, message, remedy)
    for subject, number, layer in _layers(survey):
        if _is_turned(subject, layer):
            place = Place(subject.name, layer.name, layer.file, layer=number)
            message = f"Its shape is {layer.shape}, that of its image {subject.shape}: y and x are swapped."
            remedy = "Swap them in a copy of the labels."
            yield Finding("axis-order", Severity.ERROR, place, message, remedy, Fix.TRANSPOSE)
        yield from _fits_better_turned(subject, number, layer)


def _fits_better_turned(subject: SubjectFacts, number: int, layer: LayerFacts) -> Iterator[Finding]:
    sampled = [(one.fit, one.turned_fit) for one in layer.slices if one.turned_fit > 0]
    if not sampled:
        return
    fit, turned = (sum(values) / len(sampled) for values in zip(*sampled, strict=True))
    if turned >= LEAST_FIT and turned >= BETTER_FIT * fit:
        place = Place(subject.name, layer.name, layer.file, layer=number)
        message = (
            f"It may be transposed: with y and x swapped it would explain {100 * turned:.0f} % of the image's"
            f" brightness, as it is {100 * fit:.0f} %."
        )
        remedy = "Look at both; if the swapped copy lies on the objects, learn from that."
        yield Finding("axis-order", Severity.WARNING, place, message, remedy, Fix.TRANSPOSE)


def check_sizes(survey: Survey) -> Iterator[Finding]:
    """Labels have the shape of their image, and there is one of them for each crystal layer of the network."""
    for subject, number, layer in _layers(survey):
        if as_stack(layer.shape) != as_stack(subject.shape) and not _is_turned(subject, layer):
            place = Place(subject.name, layer.name, layer.file, layer=number)
            message = f"Its shape is {layer.shape}, that of its image {subject.shape}."
            remedy = "Choose the image that these labels were painted on, or make new labels for this one."
            yield Finding("size-mismatch", Severity.ERROR, place, message, remedy)
    for subject in survey.subjects:
        if subject.layers and survey.expected.layers not in (None, len(subject.layers)):
            place = Place(subject.name, listed([one.name for one in subject.layers]), subject.layers[0].file)
            has = counted(len(subject.layers), "crystal layer")
            message = f"Its labels have {has}, the network has {survey.expected.layers}."
            remedy = "Give the network as many layers as the labels have: unet for one, gombnet for more."
            yield Finding("size-mismatch", Severity.ERROR, place, message, remedy)


def _layers(survey: Survey) -> Iterator[tuple[SubjectFacts, int, LayerFacts]]:
    for subject in survey.subjects:
        for number, layer in enumerate(subject.layers):
            yield subject, number, layer


def _has_frames_last(subject: SubjectFacts) -> bool:
    if len(subject.shape) != 3 or subject.is_colour:
        return False
    *sides, last = subject.shape
    return THIN * last < min(sides) and max(sides) <= SQUARISH * min(sides)


def _is_turned(subject: SubjectFacts, layer: LayerFacts) -> bool:
    image, labels = as_stack(subject.shape), as_stack(layer.shape)
    return image != labels and len(labels) == len(image) == 3 and labels == (image[0], image[2], image[1])
