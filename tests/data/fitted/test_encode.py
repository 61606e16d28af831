"""Encodings, and that the target's does not leak."""

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from shipworthy.data.fitted.build import Fitted, fit
from shipworthy.data.fitted.encode.schema import Encode, OneHot, Ordinal, Target
from shipworthy.data.fitted.encode.target import fold_of
from shipworthy.data.fitted.schema import Fitting
from tests.data.fitted.table import FEATURES, table


def fitted(encode: Encode, rows: pl.DataFrame) -> Fitted:
    return fit(Fitting(encode=encode), rows.lazy(), FEATURES, seed=3)


def applied(encode: Encode, rows: pl.DataFrame) -> pl.DataFrame:
    return fitted(encode, rows).apply(rows.lazy()).collect()


def test_one_hot_knows_the_names_of_train() -> None:
    rows = table().with_columns(job=pl.when(split="test").then(pl.lit("astronaut")).otherwise("job"))
    encoded = applied(Encode(one_hot=OneHot(["job"])), rows)
    made = ["job=clerk", "job=farmer", "job=judge"]
    assert encoded.columns == ["id", "cluster", "split", "age", "hours", *made, "town", "answer"]
    known = rows["job"].is_in(["clerk", "farmer", "judge"]).fill_null(value=False)
    assert encoded.select(pl.sum_horizontal(made))["job=clerk"].to_list() == known.cast(pl.Float64).to_list()


def test_values_stand_in_the_names_as_they_are() -> None:
    """XGBoost refuses such names: the family numbers its features."""
    rows = table().with_columns(job=pl.lit("<=[5]"))
    assert "job=<=[5]" in applied(Encode(one_hot=OneHot(["job"])), rows).columns


def test_an_order_is_the_given_one_or_the_alphabet() -> None:
    rows = table()
    given = applied(Encode(ordinal=Ordinal({"job": ["judge", "farmer", "clerk"]})), rows)["job"]
    assert given.to_list() == [{"judge": 0.0, "farmer": 1.0, "clerk": 2.0}.get(job) for job in rows["job"]]
    alphabet = applied(Encode(ordinal=Ordinal({"job": []})), rows)["job"]
    assert alphabet.to_list() == [{"clerk": 0.0, "farmer": 1.0, "judge": 2.0}.get(job) for job in rows["job"]]


def test_target_encoding_is_the_shrunken_share() -> None:
    rows = table()
    train = rows.filter(split="train")
    encoded = applied(Encode(target=Target(["job"], smoothing=10)), rows).filter(pl.col("split") != "train")
    prior = (train["answer"] == ">50K").mean()
    for name in ("clerk", "judge", None):
        of_name = train.filter(pl.col("job").eq_missing(name))["answer"] == ">50K"
        expected = (of_name.sum() + 10 * prior) / (of_name.len() + 10)
        found = encoded.filter(rows.filter(pl.col("split") != "train")["job"].eq_missing(name))["job"]
        assert found.len() and np.allclose(found, expected)


def test_of_numbers_it_is_the_shrunken_mean() -> None:
    rows = table().with_columns(answer=pl.Series([f"{i % 50}.25" for i in range(400)]))
    one = fit(Fitting(encode=Encode(target=Target(["job"], smoothing=10))), rows.lazy(), FEATURES, 3, numbers=True)
    encoded = one.apply(rows.lazy()).collect().filter(pl.col("split") != "train")
    assert "job" in encoded.columns and encoded["answer"].dtype == pl.String
    train = rows.filter(split="train").with_columns(pl.col("answer").cast(pl.Float64))
    for name in ("clerk", "judge", None):
        of_name = train.filter(pl.col("job").eq_missing(name))["answer"]
        expected = (of_name.sum() + 10 * train["answer"].mean()) / (of_name.len() + 10)
        found = encoded.filter(rows.filter(pl.col("split") != "train")["job"].eq_missing(name))["job"]
        assert found.len() and np.allclose(found, expected)


def test_a_row_of_train_never_hears_its_own_fold() -> None:
    """Turning the answers of one fold around changes nothing in that fold, and something in the others."""
    rows = table()
    encode = Encode(target=Target(["town"], folds=4))
    fold = fold_of(rows["cluster"], 4, 3)
    assert rows.with_columns(fold=fold).group_by("cluster").agg(pl.col("fold").n_unique())["fold"].max() == 1
    turned = pl.when((fold == 2) & (rows["split"] == "train")).then(
        pl.when(answer=">50K").then(pl.lit("<=50K")).otherwise(pl.lit(">50K"))
    )
    before, after = (
        applied(encode, rows),
        applied(encode, rows.with_columns(turned.otherwise("answer").alias("answer"))),
    )
    own = (fold == 2) & (rows["split"] == "train")
    assert before.filter(own)["town"].equals(after.filter(own)["town"])
    others = ~own & (rows["split"] == "train")
    assert not before.filter(others)["town"].equals(after.filter(others)["town"])


def test_a_name_of_noise_does_not_predict_train() -> None:
    """Without cross-fitting the many names of a column of noise would tell train's answers, and only train's."""
    rows = table(3000).with_columns(
        answer=pl.Series(np.random.default_rng(5).choice(["no", "yes"], 3000)),
        town=pl.Series(np.random.default_rng(6).integers(0, 700, 3000).astype(str)),
    )
    one = fitted(Encode(target=Target(["town"], smoothing=0)), rows)
    train = rows.filter(split="train")
    yes = train["answer"] == "yes"
    naive = one.transformation.apply(train)["town"]
    crossed = one.apply(train.lazy()).collect()["town"]
    assert roc_auc_score(yes, naive) > 0.75
    assert abs(roc_auc_score(yes, crossed) - 0.5) < 0.05


def test_three_classes_give_two_columns() -> None:
    rows = table().with_columns(answer=pl.Series([["a", "b", "c"][i % 3] for i in range(400)]))
    encoded = applied(Encode(target=Target(["job"])), rows)
    assert [name for name in encoded.columns if "job" in name] == ["job=b", "job=c"]
    assert LogisticRegression().fit(encoded.select("job=b", "job=c"), rows["answer"]).n_iter_.max() > 0
