from benchmarks.engines import MEANING, Run, figures


def test_each_engine_has_the_other_for_a_baseline() -> None:
    found = list(figures(Run(1, 2, 3, 4, 5, 6), Run(10, 20, 30, 40, 50, 60)))
    assert len(found) == 2 * len(MEANING)
    first = found[0]
    assert first.name == "engines: 99th percentile of gaps while training, thread"
    assert (first.value, first.baseline) == (10, {"process": 1})
    assert (found[1].value, found[1].baseline) == (1, {"thread": 10})
