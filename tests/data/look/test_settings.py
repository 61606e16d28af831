"""Settings as YAML: whatever is in names, values and comments, it is read back as it was."""

from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from shipworthy.core import yaml_text
from shipworthy.core.value_types import of_group
from shipworthy.data.kinds.schema import Table
from shipworthy.data.look.settings import Setting, comment, plain, text

WORDS = "yes no null ~ 1.10 0012 1e5 a:b a#b #a 'q' \"q\" {a} [a] - ? | > % @ ` ! * ${x} \\${x} ${oc.env:X} << = 日本"
NASTY = st.one_of(
    st.text(max_size=40), st.sampled_from([*WORDS.split(), "a\nb", "a: b", ""]), st.text(min_size=200, max_size=400)
)
COMMENT = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=300)


@given(label=NASTY, ignore=st.lists(NASTY, min_size=1, max_size=4), why=COMMENT, share=st.floats(0.01, 0.4))
def test_the_yaml_gives_the_settings_back(label: str, ignore: list[str], why: str, share: float) -> None:
    made = [
        Setting("label", label, why),
        Setting("ignore", ignore, why),
        Setting(
            "split", [Setting("test", share, why), Setting("group_columns", ignore), Setting("stratify", True)], why
        ),
    ]
    read = OmegaConf.create(yaml_text.parse(text(made), of_group("data")))
    assert OmegaConf.to_container(read, resolve=True) == plain(made)


def test_comments_stand_above_and_are_wrapped() -> None:
    assert Table.kind == "table"
    made = [Setting("split", [Setting("test", 0.2, "why " * 40)], "first\nsecond")]
    lines = text(made).splitlines()
    assert lines[:3] == ["# first", "# second", "split:"]
    assert lines[3].startswith("  # why why") and lines[-1] == "  test: 0.2"
    assert all(len(line) <= 120 for line in lines)
    assert comment("") == ""
