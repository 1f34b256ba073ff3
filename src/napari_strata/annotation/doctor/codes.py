"""Checks of what was painted: codes without a class, classes without paint, too little of it."""

from collections import Counter
from collections.abc import Iterator

from napari_strata.annotation.classes import FIRST_CLASS, LAST_CLASS
from napari_strata.annotation.doctor.facts import LayerFacts, SubjectFacts, Survey
from napari_strata.annotation.doctor.finding import Finding, Fix, Place, Severity
from napari_strata.annotation.doctor.words import listed, slices
from napari_strata.numbers import counted
from napari_strata.types import BACKGROUND, NOT_LABELLED

VOID = 255
"""Code that Pascal VOC and others give to pixels that count for nothing; beside 0 alone it is a class."""
FEW = 100
"""Pixels of a class from which it can be learned at all: three dabs of a 6 px brush."""
IMBALANCE = 1000
"""Ratio of the most to the least painted code above which the rare one is easily overlooked."""
MOST_ADDED = 16
"""Classes that are added at once; more codes than that are numbered objects."""


def check_unknown_codes(survey: Survey) -> Iterator[Finding]:
    """Every painted code has a class; 255, which counts for nothing elsewhere, is a finding of its own."""
    last = last_code(survey)
    for subject in survey.subjects:
        for number, layer in enumerate(subject.layers):
            painted = {code for one in layer.slices for code in one.counts} - {NOT_LABELLED}
            strange = sorted(code for code in painted if not NOT_LABELLED < code <= last)
            has_void = VOID in strange and len(painted) > 1
            others = [code for code in strange if not (has_void and code == VOID)]
            if has_void:
                remedy = "Where 255 means that nobody knows, make those pixels not labelled."
                yield _unknown(survey, subject, number, [VOID], remedy, Fix.UNLABEL)
            if others:
                yield _unknown(survey, subject, number, others, *_way_out(others, last))


def _way_out(codes: list[int], last: int) -> tuple[str, Fix | None]:
    """Return what to do about codes without a class, and its fix."""
    if codes[-1] > LAST_CLASS:
        return (
            "Numbered objects, or a mask of 0 and 255, have to become 1 = background, 2, 3, ... = classes.",
            None,
        )
    if codes[0] < NOT_LABELLED:
        return "Relabel those pixels.", None
    is_few = len(codes) <= min(MOST_ADDED, LAST_CLASS - last)
    remedy = "Add a class for each, or relabel those pixels." if is_few else "Convert numbered objects to classes."
    return remedy, Fix.ADD_CLASSES if is_few else None


def _unknown(
    survey: Survey, subject: SubjectFacts, number: int, codes: list[int], remedy: str, fix: Fix | None
) -> Finding:
    layer = subject.layers[number]
    pixels = sum(one.counts.get(code, 0) for one in layer.slices for code in codes)
    boxes = ((i, code, box) for i, one in enumerate(layer.slices) for code, box in one.boxes.items())
    frame, code, box = next((one for one in boxes if one[1] in codes), (None, codes[0], None))
    table = (
        f"its class table ends at {last_code(survey)}"
        if survey.expected.table
        else "a class table goes from 1 to 254"
    )
    where = frame if subject.is_stack else None
    place = Place(subject.name, layer.name, layer.file, where, number, code, box)
    which = f"the code {codes[0]}" if len(codes) == 1 else f"the codes {listed(codes)}"
    message = f"{counted(pixels, 'pixel')} with {which}; {table}."
    return Finding("unknown-code", Severity.ERROR, place, message, remedy, fix)


def check_painted(survey: Survey) -> Iterator[Finding]:
    """Something is painted in every crystal layer, of at least two codes, background among them."""
    for number, layers in _by_crystal_layer(survey):
        counts = _counts(layers)
        place = _place_of(survey, number)
        where = "" if len(_by_crystal_layer(survey)) == 1 else f" in crystal layer {number}"
        if not counts:
            message = f"Nothing is painted{where}."
            remedy = "Paint some background and some of each class; unpainted pixels teach nothing."
            yield Finding("nothing-painted", Severity.ERROR, place, message, remedy)
        elif len(counts) == 1:
            message = f"Only {_name(survey, *counts)} is painted{where}."
            remedy = "Paint at least one more of background and the classes; unpainted pixels teach nothing."
            yield Finding("one-class", Severity.ERROR, place, message, remedy)
        elif BACKGROUND not in counts:
            is_full = not any(
                one.counts.get(NOT_LABELLED) for layer in layers for one in layer.slices if one.codes
            )
            message = f"No background is painted{where}."
            remedy = "Paint some, unless every pixel belongs to a class."
            yield Finding("one-class", Severity.INFO if is_full else Severity.WARNING, place, message, remedy)


def check_empty_classes(survey: Survey) -> Iterator[Finding]:
    """Every class of the table is painted somewhere."""
    painted = _counts([layer for _, layers in _by_crystal_layer(survey) for layer in layers])
    if survey.expected.table is None or not painted:
        return
    last = last_code(survey)
    for code, name in enumerate(survey.expected.table.names, start=FIRST_CLASS):
        if code not in painted:
            is_last = code == last > FIRST_CLASS
            place = Place(*_where(survey), code=code)
            message = f"'{name}' is in the table, but nobody painted it."
            remedy = "Paint it, or delete it in the Label dock."
            fix = Fix.REMOVE_CLASS if is_last else None
            yield Finding("empty-class", Severity.WARNING, place, message, remedy, fix)


def check_amounts(survey: Survey) -> Iterator[Finding]:
    """There is enough of each class, and none is lost beside another."""
    counts = _counts([layer for _, layers in _by_crystal_layer(survey) for layer in layers])
    painted = {code: n for code, n in counts.items() if NOT_LABELLED < code <= last_code(survey)}
    for code, pixels in sorted(painted.items()):
        if pixels < FEW:
            place = _place_of_code(survey, code)
            message = f"Only {counted(pixels, 'pixel')} of {_name(survey, code)}; that is less than {FEW}."
            yield Finding("few-pixels", Severity.WARNING, place, message, "Paint more of it, at several places.")
    if len(painted) < 2:
        return
    rare, common = min(painted, key=painted.__getitem__), max(painted, key=painted.__getitem__)
    if painted[common] > IMBALANCE * painted[rare]:
        message = (
            f"{_name(survey, common).capitalize()} has {painted[common] / painted[rare]:,.0f} times as many"
            f" pixels as {_name(survey, rare)}."
        )
        remedy = f"Paint more of {_name(survey, rare)}. Patches are drawn from all classes alike, which helps."
        yield Finding("class-imbalance", Severity.INFO, _place_of_code(survey, rare), message, remedy)


def check_unlabelled(survey: Survey) -> Iterator[Finding]:
    """Say which slices have no labels."""
    for subject in survey.subjects:
        depth = max((len(layer.slices) for layer in subject.layers), default=0)
        empty = [frame for frame in range(depth) if not subject.is_labelled(frame)]
        if depth > 1 and 0 < len(empty) < depth:
            place = Place(subject.name, file=subject.file, frame=empty[0])
            message = f"{len(empty)} of {depth} slices have no labels: {slices(empty)}."
            yield Finding("unlabelled-slices", Severity.INFO, place, message, "Training passes them over.")


def last_code(survey: Survey) -> int:
    """Return the largest code that has a class, or that one could have where there is no table."""
    return LAST_CLASS if survey.expected.table is None else BACKGROUND + len(survey.expected.table.classes)


def _by_crystal_layer(survey: Survey) -> list[tuple[int, list[LayerFacts]]]:
    """Return the labels of all images for each crystal layer, those that cannot be looked at left out."""
    number = max((len(subject.layers) for subject in survey.subjects), default=0)
    layers = [[s.layers[k] for s in survey.subjects if k < len(s.layers)] for k in range(number)]
    readable = [[one for one in group if any(piece.counts for piece in one.slices)] for group in layers]
    return [(k, group) for k, group in enumerate(readable) if group]


def _counts(layers: list[LayerFacts]) -> Counter[int]:
    total: Counter[int] = Counter()
    for layer in layers:
        for one in layer.slices:
            total.update(one.counts)
    del total[NOT_LABELLED]
    return total


def _name(survey: Survey, code: int) -> str:
    if code == BACKGROUND:
        return "background"
    is_named = survey.expected.table is not None and FIRST_CLASS <= code <= last_code(survey)
    return (
        survey.expected.table.names[code - FIRST_CLASS] if is_named and survey.expected.table else f"code {code}"
    )


def _where(survey: Survey) -> tuple[str, str, str]:
    """Return image, labels and file where there is only one of them."""
    one = survey.subjects[0] if len(survey.subjects) == 1 else None
    if one is None:
        return "", "", ""
    return one.name, one.layers[0].name if one.layers else "", one.layers[0].file if one.layers else ""


def _place_of(survey: Survey, number: int) -> Place:
    if len(survey.subjects) != 1:
        return Place(layer=number)
    subject = survey.subjects[0]
    layer = subject.layers[number]
    return Place(subject.name, layer.name, layer.file, layer=number)


def _place_of_code(survey: Survey, code: int) -> Place:
    """Return the slice in which most of a code is painted."""
    found = [
        (one.counts[code], subject, number, frame)
        for subject in survey.subjects
        for number, layer in enumerate(subject.layers)
        for frame, one in enumerate(layer.slices)
        if code in one.counts
    ]
    _, subject, number, frame = max(found, key=lambda item: item[0])
    layer = subject.layers[number]
    return Place(subject.name, layer.name, layer.file, frame if subject.is_stack else None, number, code)
