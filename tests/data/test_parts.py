"""Rows on disk: the same rows in the same order, in parts that are no larger than asked for."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data import parts
from shipworthy.data.parts import bytes_of, rebatch, sort_by_id, spill

FRAMES = st.lists(st.lists(st.integers(0, 300), max_size=8), max_size=6)


def frames_of(lengths: list[list[int]]) -> list[pl.DataFrame]:
    texts = [["x" * n for n in one] for one in lengths]
    return [pl.DataFrame({"text": one}, schema={"text": pl.String}) for one in texts]


@settings(deadline=None)
@given(FRAMES, st.integers(1, 7), st.sampled_from([1, 100, 1000, float("inf")]))
def test_frames_are_divided_by_rows_and_by_bytes(lengths: list[list[int]], rows: int, most: float) -> None:
    frames = frames_of(lengths)
    made = list(rebatch(frames, rows, most))
    assert [n for one in lengths for n in one] == [n for frame in made for n in frame["text"].str.len_bytes()]
    assert len(made) >= bool(frames)
    assert all(frame.height <= rows for frame in made)
    if most == float("inf"):
        assert all(frame.height == rows for frame in made[:-1])


def test_a_part_of_long_texts_has_few_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 50_000)
    frames = [pl.DataFrame({"text": ["y" * 1000] * 300}) for _ in range(4)]
    found = spill(frames, tmp_path / "parts", 500)
    assert sum(part.rows for part in found) == 1200
    assert max(part.rows for part in found) <= 50
    assert [part.first for part in found] == list(range(0, 1200, found[0].rows))


def test_a_slice_counts_for_itself() -> None:
    frame = pl.DataFrame({"text": ["z" * 100] * 100, "ids": [[1, 2, 3]] * 100, "n": range(100)})
    assert bytes_of(frame) == 100 * bytes_of(frame[40:41]) == 100 * (100 + 3 * 8 + 3 * 8)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 99)), max_size=60), st.sampled_from([1, 200, 10**6]))
def test_rows_are_sorted_in_any_ranges_and_those_of_one_id_keep_their_order(
    rows: list[tuple[int, int]], most: int
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART_BYTES", most)
        frame = pl.DataFrame(
            {"id": [f"{key:02}" for key, _ in rows], "n": [n for _, n in rows]}, schema={"id": pl.String, "n": pl.Int64}
        )
        ordered = sort_by_id(spill([frame], Path(folder) / "made", 5), Path(folder) / "sorted", 5)
        found = pl.concat([pl.read_parquet(part.path) for part in ordered])
    assert found.rows() == [(f"{key:02}", n) for key, n in sorted(rows, key=lambda one: one[0])]
