import json

from benchmarks.device import cpu
from benchmarks.figure import Figure


def test_a_figure_is_one_line_of_json_with_all_its_fields() -> None:
    line = Figure("dice: all", 0.8123456, "", ">= 0.80", {"saddle": 0.75}, "cpu").as_json()
    assert "\n" not in line
    assert json.loads(line) == {
        "name": "dice: all",
        "value": 0.81235,
        "unit": "",
        "target": ">= 0.80",
        "baseline": {"saddle": 0.75},
        "device": "cpu",
    }


def test_what_is_not_defined_is_null() -> None:
    line = json.loads(Figure("x", float("nan"), baseline={"idle window": float("inf")}).as_json())
    assert line["value"] is None
    assert line["baseline"] == {"idle window": None}


def test_a_figure_names_the_processor_it_was_measured_on() -> None:
    assert json.loads(Figure("x", 3).as_json())["device"] == cpu()
