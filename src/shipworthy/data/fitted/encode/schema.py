"""Encodings of categories as numbers."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError


@dataclass
class OneHot:
    """A column NAME=value of 0 and 1 for each category of train; all are 0 for a missing or an unknown one.

    Attributes:
        columns: categorical columns.
        max_categories: most distinct values that a column may have on train.
    """

    columns: list[str] = field(default_factory=list)
    max_categories: int = 100

    def __post_init__(self) -> None:
        if not self.columns or self.max_categories < 1:
            raise UsageError("data.fitted.encode.one_hot: name columns, and give max_categories from 1.")

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return self.columns


@dataclass
class Ordinal:
    """The position of each category in an order, from 0; missing for a missing or an unknown one.

    Attributes:
        columns: column → its categories in order ([]: those of train, sorted).
    """

    columns: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.columns:
            raise UsageError("data.fitted.encode.ordinal.columns is empty: name columns and their order ([] will do).")
        if twice := [name for name, order in self.columns.items() if len(set(order)) < len(order)]:
            raise UsageError(f"data.fitted.encode.ordinal.columns.{twice[0]} names a value twice: correct its order.")

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return list(self.columns)


@dataclass
class Target:
    """The share of each class among the rows of a category, shrunk to that of all rows (Micci-Barreca 2001).

    Where the answers are numbers, it is their mean. A row of train gets the encoding fitted on the other folds, so that
    it does not use its own answer; rows of other splits get that of all of train.

    Attributes:
        columns: categorical columns.
        folds: of train, by cluster.
        smoothing: weight of the share of all rows (rows).
    """

    columns: list[str] = field(default_factory=list)
    folds: int = 5
    smoothing: float = 20.0

    def __post_init__(self) -> None:
        if not self.columns:
            raise UsageError("data.fitted.encode.target.columns is empty: name columns of names, or drop the method.")
        if self.folds < 2 or self.smoothing < 0:
            raise UsageError("data.fitted.encode.target: give folds from 2, and a smoothing of 0 or more.")

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return self.columns


ACTIONS = {
    "keep": "as it is",
    "drop": "left out",
    "target": "share of each class among its rows, cross-fitted",
    "text": "TF-IDF of its words on the main directions",
    "calendar": "parts of the calendar",
}
"""What can become of a column, and how the report says it."""


@dataclass
class Auto:
    """What a model can't use as it is is found on train and handled, in columns that no other method names.

    A column that is empty on train, whose values name the rows (an id, a running number), is left out; a day or a time
    becomes parts of the calendar; a free text becomes a few numbers by its words; of a column of many names each
    becomes the share of each class among its rows, cross-fitted as by `target`. column_kinds.py holds the rules.

    Attributes:
        columns: column → keep, drop, target, text or calendar, where the rules are wrong.
        many_names: the most distinct names of a column that stay as they are.
        id_share: from which share of distinct names among those of a column on they name the rows (0 to 1).
        text_words: from how many words on, in the mean, a name is a text (words).
        text_share: from which share of distinct ones on texts are free, not names (0 to 1).
        vocabulary: the most words of a free text that count: those that are in most rows (words).
        components: numbers that a free text becomes.
        smoothing: as of `target` (rows).
        most_classes: the most classes, the most frequent ones, whose share is told of a name.
    """

    columns: dict[str, str] = field(default_factory=dict)
    many_names: int = 100
    id_share: float = 0.9
    text_words: float = 3.0
    text_share: float = 0.5
    vocabulary: int = 2000
    components: int = 16
    smoothing: float = 20.0
    most_classes: int = 20

    def __post_init__(self) -> None:
        key = "data.fitted.encode.auto"
        if unknown := [name for name, action in self.columns.items() if action not in ACTIONS]:
            raise UsageError(
                f"{key}.columns.{unknown[0]}={self.columns[unknown[0]]}: choose one of {', '.join(ACTIONS)}."
            )
        for name in ("many_names", "vocabulary", "components", "most_classes"):
            if getattr(self, name) < 1:
                raise UsageError(f"{key}.{name}={getattr(self, name)} is too low: give 1 or more.")
        for name in ("id_share", "text_share"):
            if not 0 < getattr(self, name) <= 1:
                raise UsageError(f"{key}.{name}={getattr(self, name)} is not a share: give more than 0 and at most 1.")
        if self.text_words <= 0 or self.smoothing < 0:
            raise UsageError(f"{key}: give text_words above 0, and a smoothing of 0 or more.")

    def columns_named(self) -> list[str]:
        """The columns that the config names."""
        return list(self.columns)


@dataclass
class Encode:
    """The methods in the order in which they act, each the file of its name; null: not used."""

    one_hot: OneHot | None = None
    ordinal: Ordinal | None = None
    target: Target | None = None
    auto: Auto | None = field(default_factory=Auto)
