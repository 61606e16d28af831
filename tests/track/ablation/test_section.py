"""An ablation's part of the page: its plots, and what it says where figures are missing."""

import re

import jinja2

from shipworthy.track.ablation.plots import dependent, effects
from shipworthy.track.ablation.schema import Ablation
from shipworthy.track.ablation.section import lines, section, table
from shipworthy.track.quantities import typeset
from tests.track.ablation.made import CHANGES, document, scores_of

FACTORIAL = Ablation(design="factorial", changes={"a": ["model.max_depth=2"], "b": ["model.subsample=0.5"]}, seeds=3)


def html(found) -> str:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["typeset"] = typeset
    return section(found, environment)


def test_what_depends_on_what_is_drawn_and_said():
    found = document(FACTORIAL, scores_of(FACTORIAL, {"a": 0.0, "b": 0.0}, together=0.3, rows=2000, luck=0.002))
    page = html(found)
    assert 'id="dependent-' in page and 'id="effects-' in page
    assert "They depend on one another" in page and "at model.max_depth 2" in page and "at model.max_depth 6" in page
    assert "model.max_depth: 6 → 2" in page
    assert any("depend on one another" in line for line in lines(found))


def test_without_an_interaction_there_is_no_plot_of_one():
    found = document(FACTORIAL, scores_of(FACTORIAL, {"a": 0.0, "b": 0.0}))
    assert dependent(found) is None and effects(found) is not None
    assert "was not shown" in html(found)


def test_a_decision_without_pairs_has_a_row_and_no_mark():
    config = Ablation(changes=CHANGES, seeds=2)
    scores = {one: rows for one, rows in scores_of(config, {"a": -0.3, "b": 0.0, "c": 0.0}).items()
              if "b" not in one.changed and not ("c" in one.changed and one.seed == 18)}  # fmt: skip
    found = document(config, scores)
    assert [one["advice"] for one in found["decisions"]][1:] == ["measure again"] * 2
    _, _, b, c = table(found)
    assert b[1] == c[1] == "not known"
    page = html(found)
    assert "too few trainings came to an end" in page and "3 of 8 trainings did not come to an end" in page
    drawn = effects(found)
    assert drawn is not None and not re.search(r">b<", drawn)
    assert effects({**found, "decisions": [one for one in found["decisions"] if one["name"] == "b"]}) is None
