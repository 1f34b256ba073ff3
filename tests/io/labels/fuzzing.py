"""Broken annotation files out of good ones, for the tests of every format.

The strategies take what a format wrote and spoil it in one or a few places; `reads_or_refuses` says what every
parser owes: an AnnotationSet whose shapes can be drawn, or LabelsError, and no other exception.
"""

import copy
import json
import os
import random
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, FileClass
from napari_strata.io.labels.drawing import draw_codes
from napari_strata.io.labels.shapes import Box, Ellipse, PixelMask, Points, Polygon, Polyline

EXAMPLES = int(os.environ.get("STRATA_FUZZ", "0"))
"""More examples, and other ones each time, for those who look for trouble."""
FUZZED = settings(
    max_examples=EXAMPLES or 50,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
)
SIZE = (24, 32)
"""Height and width of the images of `SAMPLE` [px]."""
SHAPES = (
    Polygon((np.array([(2.5, 3.5), (2.5, 9.5), (12.5, 9.5)]),)),
    Box(4.5, 4.5, 14.5, 14.5),
    Ellipse(10, 20, 4, 6, 30.0),
    Polyline(np.array([(1.0, 1.0), (20.0, 25.0)])),
    Points(np.array([(3.0, 4.0)])),
    PixelMask(5, 6, np.eye(7, dtype=bool)),
)
SAMPLE = AnnotationSet(
    (FileClass("atom", "#ff8000"), FileClass("grain", "#0080ff")),
    (
        AnnotatedImage("first.png", SIZE, tuple(Annotation(shape, "atom") for shape in SHAPES)),
        AnnotatedImage("second.png", SIZE, tuple(Annotation(shape, "grain", z_order=1) for shape in SHAPES)),
    ),
)
SIZES = {"first": SIZE, "second": SIZE}
"""As `LabelFormat.read` takes them."""

_ODD_TEXT = (
    "|nan|inf|-1|0|1e999|1e15|" + "9" * 30 + "|-0.0|x|null|1,2;3|1;2,3|\0|\u0663|..|../../etc/passwd|/etc/passwd"
    "|C:\\x|" + "1," * 50 + "|1 2|true|é"
).split("|")
odd_texts = st.sampled_from(_ODD_TEXT) | st.text(max_size=8)
odd_numbers = st.sampled_from([0, -1, 1, 2**31, 2**63, 10**30, 1e308, -1e308, 0.5, 1e-320]) | st.integers(-50, 50)
odd_json = st.recursive(
    st.none() | st.booleans() | odd_numbers | odd_texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
"""Anything that JSON can say."""


def supported_sample(label_format, folder: Path) -> AnnotationSet:
    """Return `SAMPLE` with the shapes that a format takes."""
    return AnnotationSet(
        SAMPLE.classes,
        tuple(
            AnnotatedImage(
                one.name, one.size, tuple(a for a in one.annotations if _takes(label_format, a, folder))
            )
            for one in SAMPLE.images
        ),
    )


def _takes(label_format, annotation: Annotation, folder: Path) -> bool:
    scratch = folder / "scratch"
    scratch.mkdir()
    try:
        label_format.write(AnnotationSet(SAMPLE.classes, (AnnotatedImage("a.png", SIZE, (annotation,)),)), scratch)
    except LabelsError:
        return False
    finally:
        shutil.rmtree(scratch)
    return True


def reads_or_refuses(label_format, path: Path) -> AnnotationSet | None:
    """Read a file and draw what it says; return None where it is refused with LabelsError."""
    assert label_format.recognises(path) in (True, False)
    try:
        read = label_format.read(path, SIZES)
        assert isinstance(read, AnnotationSet)
        codes = {one.name: 2 for one in read.classes}
        for image in read.images:
            assert {one.label for one in image.annotations} <= codes.keys()
            draw_codes(image.annotations, SIZE, codes, outside=0)
    except LabelsError:
        return None
    return read


def spoiled(data: bytes, suffix: str) -> st.SearchStrategy[bytes]:
    """Return what a file may hold after an accident, by its structure where it has one and by its bytes."""
    by_bytes = spoiled_bytes(data)
    if suffix == ".json":
        return by_bytes | spoiled_json(data) | odd_json.map(lambda value: json.dumps(value).encode())
    if suffix in {".ndjson", ".jsonl"}:
        first, *others = data.splitlines()
        rest = b"\n".join(others)
        return by_bytes | (spoiled_json(first) | odd_json.map(lambda v: json.dumps(v).encode())).map(
            lambda line: line + b"\n" + rest
        )
    if suffix == ".xml":
        return by_bytes | spoiled_xml(data)
    if suffix in {".txt", ".csv"}:
        return by_bytes | spoiled_words(data)
    return by_bytes


@st.composite
def spoiled_bytes(draw, data: bytes) -> bytes:
    """Overwrite, drop, repeat or insert bytes."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        new = draw(st.binary(max_size=8) | st.just(data[start:end] * 2) | odd_texts.map(lambda t: t.encode()))
        data = data[:start] + new + data[end:]
    return data if draw(st.integers(0, 9)) else data[: draw(st.integers(0, len(data)))]


@st.composite
def spoiled_words(draw, data: bytes) -> bytes:
    """Put odd words in the place of words of a text or a table."""
    text = data.decode()
    for _ in range(draw(st.integers(1, 4))):
        comma = "," in text
        words = text.split("," if comma else " ")
        words[draw(st.integers(0, len(words) - 1))] = draw(odd_texts | odd_numbers.map(str))
        text = ("," if comma else " ").join(words)
    return text.encode()


@st.composite
def spoiled_json(draw, data: bytes) -> bytes:
    """Drop, replace or repeat a few of the values of a JSON document."""
    document = [json.loads(data)]
    for _ in range(draw(st.integers(1, 4))):
        places = list(_json_places(document))
        if not places:
            break
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        act = draw(st.sampled_from(["drop", "replace", "replace", "number", "repeat", "swap"]))
        if act == "drop" and holder is not document:
            del holder[key]
        elif act == "repeat" and isinstance(holder, list) and holder is not document:
            holder.insert(key, copy.deepcopy(holder[key]))
        elif act == "swap":
            other, other_key = places[draw(st.integers(0, len(places) - 1))]
            holder[key] = copy.deepcopy(other[other_key])
        else:
            holder[key] = draw(odd_numbers if act == "number" else odd_json)
    return json.dumps(document[0]).encode()


def _json_places(value):
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _json_places(value[key])


@st.composite
def spoiled_xml(draw, data: bytes) -> bytes:
    """Drop, replace, repeat or move a few of the elements and attributes of an XML document."""
    root = ET.fromstring(data)
    for _ in range(draw(st.integers(1, 4))):
        elements = list(root.iter())
        chance = random.Random(draw(st.integers(0, 2**16)))
        element, other = chance.choice(elements), chance.choice(elements)
        match draw(
            st.sampled_from(["attribute", "attribute", "attribute", "text", "tag", "drop", "repeat", "move"])
        ):
            case "attribute" if element.attrib:
                key = chance.choice(sorted(element.attrib))
                if draw(st.booleans()):
                    element.set(key, _printable(draw(odd_texts | odd_numbers.map(str))))
                else:
                    del element.attrib[key]
            case "text":
                element.text = _printable(draw(odd_texts | odd_numbers.map(str)))
            case "tag":
                element.tag = chance.choice(elements).tag
            case "drop" if len(element):
                element.remove(chance.choice(list(element)))
            case "repeat" if len(element):
                element.append(copy.deepcopy(chance.choice(list(element))))
            case "move":
                element.append(copy.deepcopy(other))
    return ET.tostring(root)


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())
