"""What `init` proposes: the kind of task, the role of each column, and why."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError
from shipworthy.data.look import label as labels
from shipworthy.data.look import lists as label_lists
from shipworthy.data.look import names, roles
from shipworthy.data.look import talks as conversations
from shipworthy.data.look.lists import Lists
from shipworthy.data.look.names import listed, shown
from shipworthy.data.look.profile import Column, Profile
from shipworthy.data.sources.files import RESERVED

TABLE, NUMBERS, LABELS = "table", "numbers", "labels"
"""A table's class, its number, or several labels of a row."""
CLASSES, TAGS, ANSWERS, TALKS = "classes", "tags", "answers", "conversations"
"""The class of a text, or several labels; an answer in words to a text; a conversation's last turn."""
TABLES = (TABLE, NUMBERS, LABELS)
SEVERAL = (LABELS, TAGS)
"""A row has none, one or several of them."""
OTHER_FEATURES = 1
"""With more columns beside a text and its label, the rows are a table in which the text is a feature."""
MOST_CLASSES_OF_TEXTS = 100
"""As many as model=tfidf takes on."""
FROM_COLUMNS_ALONE = "numbers are learned from the columns of a table, not from a text"


@dataclass
class Draft:
    """The proposal.

    Attributes:
        kind: table, numbers, labels, classes, tags, answers or conversations.
        label: the column to learn (of conversations: empty).
        why: of the label.
        separator: what is between several labels of a row (empty: they are lists, or there is one).
        others: what else may be the label.
        text, context: the columns that are read (not of tables).
        id: the column that identifies rows (empty: none).
        time: the column by which rows are split (empty: at random).
        group: the column of which no value may be in two splits (empty: none).
        ignore: column → why a table's model does not see it.
        leaks: those of them that tell the label nearly perfectly.
        missing: texts that stand for a missing value.
        talks: the conversations.
        notes: sentences that a person should read, in the output and in the files.
    """

    kind: str
    label: str = ""
    why: str = ""
    separator: str = ""
    others: list[str] = field(default_factory=list)
    text: str = ""
    context: list[str] = field(default_factory=list)
    id: str = ""
    time: str = ""
    group: str = ""
    ignore: dict[str, str] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    talks: conversations.Talks | None = None
    notes: list[str] = field(default_factory=list)


def draft(profile: Profile, label: str, text: str) -> Draft:
    """Decides what the rows are good for.

    Args:
        label, text: columns that the user names (empty: they are guessed).

    Raises:
        UsageError: a column that is not there or can't be a label, or nothing that can be learned.
    """
    label, text = label.strip(), text.strip()  # as names of columns are, wherever they stand
    for name in filter(None, (label, text)):
        _check_known(profile, name)
    if not label and not text:
        if (found := conversations.find(profile)) is not None:
            return _of_talks(profile, found)
        conversations.refuse_pairs(profile)
    return _of_columns(profile, label, text)


def _check_known(profile: Profile, name: str) -> None:
    if name in profile.unreadable:
        raise UsageError(f"column '{shown(name)}' can't be read ({profile.unreadable[name]}): name another one.")
    if name not in profile:
        close = difflib.get_close_matches(name, profile.names, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"it has {listed(profile.names, 12)}."
        raise UsageError(f"the file has no column '{shown(name)}': {hint}")


def _of_talks(profile: Profile, found: conversations.Talks) -> Draft:
    made = Draft(TALKS, talks=found, id=_id(profile, [found.messages, found.tools]))
    if found.unsound:
        made.notes.append(f"'{shown(found.unsound)}' holds no JSON Schemas of functions: it is not read")
    if found.sound < 1:
        made.notes.append(f"{1 - found.sound:.0%} of the conversations can't be taught as they are; `prepare` says why")
    return made


def _of_columns(profile: Profile, label: str, text: str) -> Draft:
    asked = {one for one in (label, text) if one}  # a column may have no name
    lists = label_lists.find(profile)
    ids = [name for name in roles.ids(profile) if name not in {*asked, *lists}]
    texts = [text] if text else [name for name in roles.texts(profile) if name != label and name not in lists]
    times = [name for name in roles.times(profile) if name not in asked]
    groups = [name for name in roles.groups(profile) if name not in {*asked, *times}]
    unusable = {name: why for name, why in roles.unusable(profile).items() if name not in asked}
    taken = {*ids, *texts, *times, *groups, *(name for name in unusable if name != "answer" and name not in lists)}
    guessed = labels.guess(profile, taken, lists)
    chosen = _asked(profile[label], guessed, bool(texts) or label in lists, lists) if label else guessed
    label = chosen.label
    beside = [name for name in profile.names if name not in {label, *texts, *ids, *times, *groups, *unusable}]
    # Where no label is known, the answer is one of the columns beside the text.
    read = texts and (text or len(beside) <= OTHER_FEATURES + (not label))
    if read and label and profile[label].is_measure:
        if label in asked:
            raise UsageError(
                f"--label '{shown(label)}' holds numbers, and {listed(texts[:1])} texts: {FROM_COLUMNS_ALONE}: make "
                "classes of it (such as low, high), or bring columns."
            )
        label = ""
    if not label or (read and label not in lists and not labels.may_be(profile[label])):
        made = _answers(profile, label, text, texts, ids) if read else None
        if made is None:
            raise _no_label(profile, chosen, texts)
        return made
    if read:
        made = Draft(CLASSES, label, chosen.why, others=chosen.others, text=texts[0])
        _tell_lists(made, TAGS, profile, lists)
        made.context = [name for name in texts[1:] if profile[name].missing == 0]
        made.id, made.time, made.group = _id(profile, [label, *texts]), _first(times), _first(groups)
        return made
    made = _table(profile, chosen, ids, times, groups, {name: why for name, why in unusable.items() if name != label})
    _tell_lists(made, LABELS, profile, lists)
    return made


def _tell_lists(made: Draft, kind: str, profile: Profile, lists: Mapping[str, Lists]) -> None:
    """Says that the label is several ones, if that is so."""
    if made.label not in lists:
        return
    made.kind, made.separator = kind, lists[made.label].separator
    gaps = profile[made.label].missing
    if gaps and made.separator:
        made.notes.append(f"'{shown(made.label)}' is empty in {gaps:.1%} of the rows: they are taken to have no label")


def _asked(column: Column, guessed: labels.Guess, free: bool, lists: Mapping[str, Lists]) -> labels.Guess:
    """The label that the user names.

    Args:
        free: whether it may have a value of its own in each row, as answers in words and lists have.
        lists: columns that hold several labels of a row.

    Raises:
        UsageError: it has one value, or has a name that a dataset keeps for itself.
    """
    name = shown(column.name)
    if column.distinct < 2:
        raise UsageError(f"--label '{name}' has {column.distinct or 'no'} value, so there is nothing to learn.")
    if column.type == "json" and column.name not in lists:
        raise UsageError(
            f"--label '{name}' holds lists or objects, which are neither classes nor labels: name another."
        )
    if column.name in RESERVED and column.name != "answer":
        raise UsageError(f"--label '{name}': a dataset keeps this name for itself: rename the column.")
    if not free and not column.is_number and column.distinct > column.known / 2:
        raise UsageError(
            f"--label '{name}' has {column.distinct:,} different values in {column.known:,} rows, which are no "
            "classes: name another column, or beside it a text to answer with --text."
        )
    others = [one for one in [guessed.label, *guessed.others] if one and one != column.name]
    return labels.Guess(column.name, "you named it", others, "")


def _no_label(profile: Profile, guessed: labels.Guess, texts: list[str]) -> UsageError:
    """What is said where nothing is likely to be learned."""
    such = f" (such as {listed(guessed.others, 3)})" if guessed.others else ""
    if guessed.measure:
        column = profile[guessed.measure]
        return UsageError(
            f"what is to be learned seems to be '{shown(column.name)}', a measure of {column.distinct:,} different "
            f"numbers, and {FROM_COLUMNS_ALONE}: make classes of it (such as low, high), or name another column with "
            f"--label{such}."
        )
    if texts and len(profile.names) - len(texts) < 3:
        return UsageError(
            "it holds texts and no answers to them, and training on texts alone is not there yet: put a column of "
            "labels or answers beside them, or name it with --label."
        )
    return UsageError(f"no column is likely what is to be learned: name one with --label{such}.")


def _answers(profile: Profile, label: str, text: str, texts: list[str], ids: list[str]) -> Draft | None:
    """A question in words, and its answer in words; None where there is no column for the answer.

    Args:
        label, text: as the user names them (empty: they are guessed).
        texts: the likely questions.
        ids: columns that tell rows apart.
    """
    named = [name for name in ids if names.holds(name, names.IDS) or not name.strip()]
    free = [one.name for one in profile.columns if one.type == "string" and one.name not in named and one.known]
    rest = [name for name in free if name not in RESERVED or name == "answer"]
    if not label:
        replies = [name for name in rest if names.holds(name, names.REPLIES) and name != text]
        others = [name for name in rest if name != texts[0]]
        label = replies[-1] if replies else others[0] if len(others) == 1 else ""
        why = "its name says so" if replies else "it is the only other column of text"
    else:
        why = "you named it"
    questions = [name for name in texts if name != label] or [name for name in rest if name != label]
    if not label or not questions:
        return None
    asked = sorted(questions, key=lambda name: (not names.holds(name, names.TEXTS), profile[name].place))
    made = Draft(ANSWERS, label, why, text=asked[0], id=_id(profile, [label, *asked]))
    more = [name for name in asked[1:] if profile[name].missing == 0]
    made.context = more
    if profile[label].distinct <= MOST_CLASSES_OF_TEXTS and labels.may_be(profile[label]):
        made.kind = CLASSES
    if gone := [name for name in rest if name not in (label, asked[0], *more) and profile[name].missing]:
        made.notes.append(f"{listed(gone)} has gaps, and a row with a gap in its question is left out: it is not read")
    return made


def _table(
    profile: Profile,
    chosen: labels.Guess,
    ids: list[str],
    times: list[str],
    groups: list[str],
    unusable: dict[str, str],
) -> Draft:
    kind = NUMBERS if profile[chosen.label].is_measure else TABLE
    made = Draft(kind, chosen.label, chosen.why, others=chosen.others)
    made.id = _first(name for name in ids if name.strip())
    made.ignore = {name: why for name, why in unusable.items() if not made.id or name != made.id}
    rest = [name for name in ids if not made.id or name != made.id]
    made.ignore |= dict.fromkeys(rest, "it only identifies rows")
    made.group, made.time = _first(name for name in groups if name not in made.ignore), ""
    if not made.group:
        made.time = _first(name for name in times if name not in made.ignore)
    if made.group:
        made.ignore[made.group] = "it names whom a row is of, and the model is asked about others"
    made.missing = roles.gaps(profile, made.label)
    if chosen.measure and chosen.measure != made.label:
        made.notes.append(
            f"'{shown(chosen.measure)}' is a measure: to learn its numbers instead of '{shown(made.label)}', name it "
            "with --label"
        )
    if not features(profile, made):
        raise UsageError(f"besides '{shown(made.label)}' no column is left to learn from: add some.")
    return made


def features(profile: Profile, made: Draft) -> list[str]:
    """The columns that a table's model sees."""
    return [
        name for name in profile.names if name not in {made.label, *made.ignore} and not (made.id and name == made.id)
    ]


def _id(profile: Profile, taken: list[str]) -> str:
    return _first(name for name in roles.ids(profile) if name not in taken and name.strip())


def _first(found: Iterable[str]) -> str:
    return next(iter(found), "")
