"""Writes the questions of general skills by which a training is asked what it made a model forget.

All of them are ours: made from templates with one seed, or written down in tables.txt. Of each skill every other one is
measured; the rest may be practised (a replay buffer answers them), and is never measured.

    python scripts/general_suite            # writes src/shipworthy/train/general/suite.jsonl
    python scripts/general_suite FILE
"""

import json
import random
import sys
from pathlib import Path

import skills

SUITE = Path(__file__).resolve().parents[2] / "src" / "shipworthy" / "train" / "general" / "suite.jsonl"
SEED = 11


def suite() -> list[skills.Item]:
    """Every item, by skill.

    Raises:
        ValueError: a skill asks the same twice, or can't be halved.
    """
    found = []
    for skill in skills.SKILLS:
        draws = random.Random(f"{SEED} {skill.__name__}")  # noqa: S311 (the same each time is what is wanted)
        items = list(skill(draws))
        if len({one["prompt"] for one in items}) < len(items) or len(items) % 2:
            raise ValueError(f"{skill.__name__}: {len(items)} items, some twice or one too many")
        found += [
            {
                "id": f"{skill.__name__}-{number // 2:03d}-{half}",
                "skill": skill.__name__,
                "half": half,
                **one,
            }
            for number, one in enumerate(items)
            for half in [("measured", "practice")[number % 2]]
        ]
    return found


def main() -> None:
    """Writes the file."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else SUITE
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in suite())
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
