"""Which of the encodings of one byte a text of a European language is in: that whose letters one language has.

Each of them decodes what another one wrote, to other letters: `č` of cp1250 is `è` in cp1252, `ş` of cp1254 is `þ`.
"""

import re

CENTRAL = ("áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "âăîşţ", "čćđšž")
ALPHABETS = {
    "cp1252": (
        "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíóúñü¿¡", "àáâãçéêíóôõú", "àéèìíîòóùú", "åäöé", "æøåéèò", "áðéíóúýþæö",
        "áèéëïóöü", "àçèéíïòóúü·",
    ),
    "cp1250": CENTRAL,
    "iso8859_2": CENTRAL,
    "cp1254": ("âçğıİîöşüû",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
}  # fmt: skip
"""Encoding → the letters beyond ASCII of its languages: German, French, Spanish, Portuguese, Italian, Swedish and
Finnish, Danish and Norwegian, Icelandic, Dutch, Catalan; Czech, Slovak, Polish, Hungarian, Romanian, Croatian and
Slovene; Turkish; Lithuanian, Latvian, Estonian."""
ENOUGH = 0.98
"""Share of the letters that one language of another encoding must have …"""
SHORT = 0.95
"""… while none of cp1252 has so many."""


IN_WORDS = re.compile(r"(?<=[^\W\d_])[^\x00-\x7f](?=[^\W\d_])")
"""A character beyond ASCII between two letters."""
LEAST = 3
"""Different letters by which a text is known that cp1252 does not explain."""


def by_alphabet(text: bytes, *, western: bool) -> str:
    """The encoding: the one whose language explains the letters; else cp1252 if `western`, else empty.

    Args:
        western: whether the text may be cp1252; then that stays unless no language of Western Europe has the letters.
    """
    known = {encoding: _explained(text, encoding) for encoding in ALPHABETS}
    best = max(known, key=lambda encoding: known[encoding])  # of equals the first
    if known[best] >= ENOUGH and (known["cp1252"] < SHORT or not western):
        return best if western or len(set(_letters(text.decode(best, errors="replace")))) >= LEAST else ""
    return "cp1252" if western else ""


def signs_in_words(text: str) -> list[str]:
    """What is between letters and is none, nor joins words: of text in the right encoding nothing."""
    return [sign for sign in IN_WORDS.findall(text) if not (sign.isalpha() or sign in "’-\u00ad\u0300\u0301")]


def _letters(text: str) -> list[str]:
    return [sign for sign in text.lower() if ord(sign) > 127 and sign.isalpha()]


def _explained(text: bytes, encoding: str) -> float:
    """The share of the letters beyond ASCII that the best fitting language has (0 to 1)."""
    decoded = text.decode(encoding, errors="replace")
    letters, others = _letters(decoded), len(signs_in_words(decoded))
    alphabets = ALPHABETS[encoding]
    return max(sum(sign in alphabet for sign in letters) for alphabet in alphabets) / max(1, len(letters) + others)
