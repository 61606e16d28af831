"""Language identification by py3langid: naive Bayes over byte n-grams (Lui and Baldwin 2012, ACL demos)."""

from functools import cache
from typing import Any


def language(text: str) -> tuple[str, float]:
    """Its most probable language (ISO 639-1 code), and how probable that is (0 to 1)."""
    code, probability = _detector().classify(text)
    return str(code), float(probability)


def known() -> frozenset[str]:
    """The codes of the languages that are told apart."""
    return frozenset(str(code) for code in _detector().labels)


@cache
def _detector() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
