from benchmarks.label_import import measure


def test_the_real_command_is_measured_with_time_and_memory() -> None:
    figures = list(measure(images=2, polygons=4))
    assert [figure.unit for figure in figures] == ["s", "MB", "s", "MB"]
    assert [figure.target for figure in figures[:2]] == ["<= 10", "<= 1000"]
    assert all(isinstance(figure.value, float) and figure.value > 0 for figure in figures)
