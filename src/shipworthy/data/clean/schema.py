"""How each row is cleaned; the result depends on that row alone."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError
from shipworthy.core.validation import at_least, one_of, share_above_zero

PII_ACTIONS = ("mask", "reject", "keep")


@dataclass
class Encoding:
    """What is done with text whose encoding was damaged, such as `cafÃ©` or a replacement character.

    Attributes:
        action: reject (each damaged row), or repair (what can be decoded without doubt; the rest is rejected).
    """

    action: str = "reject"

    def __post_init__(self) -> None:
        one_of("data.clean.encoding.action", self.action, ("reject", "repair"))


@dataclass
class UnicodeForm:
    """One form for each text: no control characters or byte order marks, single spaces, none at the ends.

    Joiners, marks of direction, variation selectors and other format characters stay; see models/normalize.py.

    Attributes:
        form: the normal form of Unicode: NFC keeps the look, NFKC also turns ﬁ into fi and ² into 2.
    """

    form: str = "NFC"

    def __post_init__(self) -> None:
        one_of("data.clean.unicode.form", self.form, ("NFC", "NFKC"))


@dataclass
class Limits:
    """How long a column's text may be.

    Attributes:
        min_words, max_words: runs of letters and digits or of emoji, single ideographs (words; max null: no limit).
        min_characters, max_characters: Unicode code points (characters; max null: no limit).
    """

    min_words: int = 0
    max_words: int | None = None
    min_characters: int = 0
    max_characters: int | None = None

    def __post_init__(self) -> None:
        for unit, low, high in (
            ("words", self.min_words, self.max_words),
            ("characters", self.min_characters, self.max_characters),
        ):
            if low < 0 or (high is not None and high < low):
                raise UsageError(f"data.clean.length: min_{unit}={low} and max_{unit}={high}: need 0 ≤ min ≤ max.")
        if not (self.min_words or self.min_characters) and self.max_words is None and self.max_characters is None:
            raise UsageError("data.clean.length names a column without a limit: give it one, or take the column out.")


@dataclass
class Length:
    """Rows whose texts are too short or too long are rejected.

    Attributes:
        columns: column → its limits.
    """

    columns: dict[str, Limits] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.columns:
            raise UsageError("data.clean.length.columns is empty: name columns and their limits, or drop the filter.")


@dataclass
class Cut:
    """How much of a column's text stays.

    Attributes:
        max_characters: at most so many Unicode code points, cut between words (characters).
        keep: the start of a longer text, its end, or both, with … between them; both is best for classes that are
            named at either end (Sun et al. 2019, https://arxiv.org/abs/1905.05583).
    """

    max_characters: int = 0
    keep: str = "start"

    def __post_init__(self) -> None:
        if self.max_characters < 20:
            raise UsageError(
                f"data.clean.truncate: max_characters={self.max_characters} leaves nothing to read: give 20 or more."
            )
        one_of("data.clean.truncate: keep", self.keep, ("start", "end", "both"))


@dataclass
class Truncate:
    """Texts that are too long are cut: in every split, before duplicates are looked for and prompts are made.

    Attributes:
        columns: column → how much of its text stays.
    """

    columns: dict[str, Cut] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.columns:
            raise UsageError("data.clean.truncate.columns is empty: name columns and their cuts, or drop it.")


@dataclass
class Language:
    """Rows in another language are rejected.

    Attributes:
        allow: ISO 639-1 codes, such as en.
        columns: whose texts are checked (empty: all that are cleaned).
        min_probability: a row is rejected if another language has at least this probability (0 to 1).
        min_characters: shorter texts are not checked, as the detector is unreliable there (characters).
    """

    allow: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    min_probability: float = 0.9
    min_characters: int = 20

    def __post_init__(self) -> None:
        if not self.allow:
            raise UsageError("data.clean.language.allow is empty: name languages, such as [en], or drop the filter.")
        share_above_zero("data.clean.language.min_probability", self.min_probability)
        at_least("data.clean.language.min_characters", self.min_characters, 0)


@dataclass
class PII:
    """What is done with personal data and keys: mask (a placeholder such as <EMAIL>), reject (the row), or keep.

    Attributes:
        key: API keys, tokens and passwords, by their patterns.
        email: e-mail addresses.
        iban: bank accounts whose check digits are right.
        card: card numbers whose check digit is right.
        ip: IP addresses, IPv4 and IPv6.
        phone: numbers that are possible in their country.
        region: the country whose national phone numbers are found too, such as US (empty: only those with +).
    """

    key: str = "mask"
    email: str = "mask"
    iban: str = "mask"
    card: str = "mask"
    ip: str = "mask"
    phone: str = "mask"
    region: str = ""

    def __post_init__(self) -> None:
        for kind, action in self.actions().items():
            one_of(f"data.clean.pii.{kind}", action, PII_ACTIONS)
        if set(self.actions().values()) == {"keep"}:
            raise UsageError("data.clean.pii keeps every kind, so it has no effect: mask or reject one, or drop it.")
        if self.region and (len(self.region) != 2 or not self.region.isupper()):
            raise UsageError(f"data.clean.pii.region={self.region}: give two capital letters, such as US.")

    def actions(self) -> dict[str, str]:
        """Kind → action, in the order in which kinds are searched for."""
        return {kind: getattr(self, kind) for kind in ("key", "email", "iban", "card", "ip", "phone")}


@dataclass
class Cleaning:
    """The cleaners in the order in which they act, each in the file of its name in data/clean/; null: not used."""

    encoding: Encoding | None = field(default_factory=Encoding)
    unicode: UnicodeForm | None = field(default_factory=UnicodeForm)
    truncate: Truncate | None = None
    length: Length | None = None
    language: Language | None = None
    pii: PII | None = None
