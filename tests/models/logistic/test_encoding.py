import tracemalloc

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy import sparse

from shipworthy.models.logistic.encoding import ROWS_AT_ONCE, Encoding
from shipworthy.models.logistic.solver import solve
from tests.models import samples


def dense(encoding: Encoding, rows: pl.DataFrame) -> NDArray[np.float64]:
    """One column after the other, as it was before there was a sparse one."""
    columns = [
        (rows[name] == category).fill_null(value=False).cast(pl.Float64).to_numpy()
        for name, categories in encoding.categories.items()
        for category in categories
    ]
    for name, (median, mean, scale) in encoding.numbers.items():
        columns.append(((rows[name].fill_nan(None).fill_null(median) - mean) / scale).to_numpy())
    return np.column_stack(columns)


@pytest.mark.parametrize("classes", [("<=50K", ">50K"), ("high", "low", "middle")])
def test_the_sparse_features_are_the_dense_ones_and_so_is_the_optimum(classes: tuple[str, ...]) -> None:
    train = samples.table(600, classes=classes)
    encoding = Encoding.of(train, 1000)
    encoded, expected = encoding.encode(train), dense(encoding, train)
    assert sparse.issparse(encoded) and encoded.toarray() == pytest.approx(expected, abs=1e-12)
    answers = train["answer"].to_list()
    one, two = (solve(features, answers, c=1.0, max_iter=1000) for features in (encoded, expected))
    assert one.weights_KF == pytest.approx(two.weights_KF, abs=1e-6)
    assert one.bias_K == pytest.approx(two.bias_K, abs=1e-6)


def test_numbers_alone_are_an_array() -> None:
    train = samples.table().drop("job")
    encoded = Encoding.of(train, 1000).encode(train)
    assert isinstance(encoded, np.ndarray) and encoded.shape == (300, 1)


def test_blocks_are_the_whole() -> None:
    rows = pl.concat([samples.table(30_000, seed=seed) for seed in range(2)])
    encoding = Encoding.of(rows, 1000)
    blocks = list(encoding.blocks(rows))
    assert [block.shape[0] for block in blocks] == [ROWS_AT_ONCE, 10_000]
    assert np.array_equal(sparse.vstack(blocks).toarray(), encoding.encode(rows).toarray())


def test_thousands_of_names_take_the_memory_of_their_rows_not_of_a_cell_for_each() -> None:
    rows = 20_000
    train = pl.DataFrame({"town": [str(i % 4000) for i in range(rows)], "id_like": [f"c{i}" for i in range(rows)]})
    tracemalloc.start()
    encoding = Encoding.of(train, 5000)
    encoded = encoding.encode(train)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert encoded.shape == (rows, 9001) and encoded.nnz == 2 * rows
    assert peak < 20e6 < rows * 9001 / 8
