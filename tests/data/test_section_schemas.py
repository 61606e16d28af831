"""The sections of cleaning, fitting and gates as a user writes them, loaded as strictly as the whole config is."""

from dataclasses import dataclass, field, fields

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError

from shipworthy.core.errors import UsageError
from shipworthy.data.clean.schema import Cleaning
from shipworthy.data.fitted.schema import Fitting
from shipworthy.data.gates.schema import Gates

WRITTEN = """
clean:
  encoding: {action: repair}
  unicode: {form: NFKC}
  truncate: {columns: {text: {max_characters: 2000, keep: both}}}
  length: {columns: {text: {min_words: 3, max_words: 30}}}
  language: {allow: [en], min_probability: 0.9}
  pii: {email: mask, card: reject, ip: keep, region: US}
fitted:
  outliers:
    isolation_forest: {columns: [age, hours], share: 0.01, action: mark}
    iqr: {columns: [hours], factor: 1.5, action: clip}
  missing:
    median: {columns: [age]}
    mode: {columns: [job]}
    constant: {values: {town: unknown, children: 0}}
  encode:
    target: {columns: [town], folds: 5, smoothing: 20}
    one_hot: {columns: [job]}
    ordinal: {columns: {size: [small, medium, large]}}
gates:
  sample: 20000
  table:
    columns:
      age: {type: integer, required: true, min: 0, max: 120}
      job: {type: text, allowed: [clerk, farmer, judge]}
  missing: {max_share: 0.2, columns: {town: 0.5}}
  missing_runs: null
  unseen: {max_share: 0.01}
  balance: {min_share: 0.05}
  contradictions: {max_share: 0.01}
  labels: {max_share: 0.1}
  leak: {max_auc: 0.97}
  drift: {reference: data/last_year.parquet, psi: 0.2, action: warn}
"""


@dataclass
class Sections:
    """The three sections."""

    clean: Cleaning = field(default_factory=Cleaning)
    fitted: Fitting = field(default_factory=Fitting)
    gates: Gates = field(default_factory=Gates)


def load(text: str) -> Sections:
    sections = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Sections), OmegaConf.create(text)))
    assert isinstance(sections, Sections)
    return sections


def test_what_is_written_is_what_is_meant() -> None:
    sections = load(WRITTEN)
    assert sections.clean.pii is not None and sections.clean.pii.actions()["card"] == "reject"
    assert sections.clean.length is not None and sections.clean.length.columns["text"].max_words == 30
    assert sections.clean.truncate is not None and sections.clean.truncate.columns["text"].keep == "both"
    assert sections.fitted.missing.constant is not None
    assert sections.fitted.missing.constant.values == {"town": "unknown", "children": 0}
    assert sections.fitted.encode.ordinal is not None and sections.fitted.missing.drop is None
    assert sections.gates.missing_runs is None and sections.gates.ids is not None
    assert sections.gates.drift is not None and (sections.gates.drift.action, sections.gates.drift.auc) == ("warn", 0.6)


def test_by_default_only_what_a_model_cannot_use_is_encoded() -> None:
    fitted = load("{}").fitted
    chosen = [
        method.name
        for stage in fields(fitted)
        for method in fields(getattr(fitted, stage.name))
        if getattr(getattr(fitted, stage.name), method.name) is not None
    ]
    assert chosen == ["auto"] and load("fitted: {encode: {auto: null}}").fitted.encode.auto is None


@pytest.mark.parametrize("key", ["gates.drifts", "gates.drift.psy", "fitted.missing.median.colums", "clean.pii.emails"])
def test_what_no_schema_has_is_refused(key: str) -> None:
    first, *rest = key.split(".")
    text = f"{first}: " + "".join(f"{{{part}: " for part in rest) + "1" + "}" * len(rest)
    with pytest.raises(ConfigKeyError):
        load(text)


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(UsageError, match="names no columns"):
        load("fitted: {missing: {median: {}}}")
    for gate, sentence in (
        ("drift: {reference: r.csv, psi: -1}", "data.gates.drift.psi=-1"),
        ("unseen: {max_categories: 0}", "data.gates.unseen.max_categories=0"),
    ):
        with pytest.raises(UsageError, match=sentence):
            load(f"gates: {{{gate}}}")
