"""All that is known when a recipe is written."""

from dataclasses import dataclass

from shipworthy.data.look.draft import Draft
from shipworthy.data.look.profile import Profile
from shipworthy.data.look.raw_file import RawFile

NAMED_CLASSES = 10
"""As many are named to a language model."""


@dataclass(frozen=True)
class Findings:
    """What was found in a file, and what is proposed.

    Attributes:
        name: of the recipe.
        found: the raw file.
        profile: its columns.
        draft: what is proposed.
    """

    name: str
    found: RawFile
    profile: Profile
    draft: Draft
