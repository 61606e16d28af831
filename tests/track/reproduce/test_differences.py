"""What differs is named: a library, a line of code, the machine."""

from pathlib import Path

from shipworthy.track.reproduce.differences import code, hardware, packages

THEN = "numpy==2.4.6\nPyYAML==6.0.3\ntorch==2.13.0\n"


def test_a_library_in_another_version_is_named():
    assert packages(THEN, THEN.replace("2.4.6", "2.4.5")) == ["library numpy: 2.4.5, was 2.4.6"]
    assert packages(THEN, "torch==2.13.0\npyyaml==6.0.3\nnumpy==2.4.6") == []


def test_a_library_that_came_or_went_is_named():
    assert packages(THEN, "numpy==2.4.6\nPyYAML==6.0.3\nrich==15.0.0") == [
        "library rich: 15.0.0, was not installed",
        "library torch: not installed, was 2.13.0",
    ]


def package(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / "src" / "shipworthy" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_changed_line_is_named_with_its_number(tmp_path: Path):
    then = package(tmp_path / "then", a="x = 1\ny = 2\n", b="z = 3\n")
    now = package(tmp_path / "now", a="x = 1\ny = 5\n", c="new = 1\n")
    assert code(then, now) == [
        "src/shipworthy/a.py, line 2: `y = 5`, was `y = 2`",
        "src/shipworthy/b.py: is gone",
        "src/shipworthy/c.py: is new",
    ]
    assert code(then, then) == []


def test_lines_added_at_the_end_are_a_difference(tmp_path: Path):
    then, now = package(tmp_path / "then", a="x = 1\n"), package(tmp_path / "now", a="x = 1\ny = 2\n")
    assert code(then, now) == ["src/shipworthy/a.py, line 2: `y = 2`, was ``"]


def test_another_machine_is_named_and_what_nobody_noted_is_not():
    then = {"python": "3.11.1", "processor": "A", "gpus": None, "cpus": 2}
    assert hardware(then, {"python": "3.11.1", "processor": "B", "gpus": ["H100"], "cpus": 2}) == [
        "processor: B, was A"
    ]
