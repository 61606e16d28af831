"""Texts as words, the way that SQuAD's and Google's evaluations make them."""

import re
import string

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)
TOKEN = re.compile(r"[a-z0-9]+")


def squad(text: str) -> list[str]:
    """Lower case, without ASCII punctuation and English articles (Rajpurkar et al. 2016, evaluate-v1.1.py)."""
    return ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split()


def rouge(text: str) -> list[str]:
    """Runs of the letters a to z and digits, in lower case (google-research/rouge, tokenize.py, without stemmer)."""
    return TOKEN.findall(text.lower())


def f1(shared: int, said: int, right: int) -> float:
    """Of the sizes of what is shared and of both sides, neither of which is empty."""
    return 2 * shared / (said + right)
