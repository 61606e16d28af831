from shipworthy.track.report.number_plots import numbers

BINS = {"edges": [-1.0, 0.0, 1.0], "rows": [3, 4]}


def test_numbers_are_drawn_with_and_without_intervals() -> None:
    points = [[1.0, 1.5, 0.5, 2.5], [3.0, 2.5, 1.5, 3.5]]
    drawn = numbers({"points": points, "bins": BINS})
    assert drawn and drawn.startswith("<svg") and "grey: the intervals" in drawn and "Rows by their error" in drawn
    bare = numbers({"points": [[*one[:2], None, None] for one in points], "bins": BINS})
    assert bare and "The right number" in bare and "grey: the intervals" not in bare


def test_one_row_is_drawn_and_classes_are_not() -> None:
    assert numbers({"points": [[1.0, 1.0, None, None]], "bins": BINS})
    assert numbers(None) is None
