"""The lock as it is read: one for several Pythons, each of which takes the pins whose markers hold for it."""

import sys
from importlib.metadata import version
from pathlib import Path

from shipworthy.core import lock

HERE = f"python_version == '{sys.version_info[0]}.{sys.version_info[1]}'"
ELSEWHERE = HERE.replace("==", "!=")


def written(folder: Path, *lines: str) -> Path:
    """A lock with these lines."""
    (folder / "some.lock").write_text("\n".join(["# a note", "", *lines]) + "\n")
    return folder / "some.lock"


def test_a_pin_counts_where_its_marker_holds(tmp_path: Path) -> None:
    numpy = version("numpy")
    path = written(tmp_path, f"numpy==0.1 ; {ELSEWHERE}", f"numpy=={numpy} ; {HERE}", f"absent==1.0 ; {ELSEWHERE}")
    assert lock.pins(path) == {"numpy": numpy}
    assert lock.compare(path) == (1, [], [])


def test_a_pin_that_holds_here_is_compared(tmp_path: Path) -> None:
    path = written(tmp_path, f"numpy==0.1 ; {HERE} or {ELSEWHERE}", f"no-such-package==1.0 ; {HERE}")
    count, absent, other = lock.compare(path)
    assert (count, absent) == (2, ["no-such-package"])
    assert other == [f"numpy {version('numpy')} (lock: 0.1)"]
