"""What a template or a tokenizer may not do, whatever the rows are; found with a small conversation of its own."""

from collections.abc import Sequence

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.schema import TextToText
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.conversation import Message, messages

CHOOSE = "choose another template (model.template)"
TURNS: list[Message] = [{"role": "user", "content": "First?"}, {"role": "assistant", "content": "one"}]
ANSWER: Message = {"role": "assistant", "content": "two"}


def refuse(task: TextToText, chat: Chat) -> None:
    """Tries the template on a question, after earlier turns where the task has some.

    Raises:
        UsageError: it writes the date, two BOS or no eos; it rewrites history; it drops the system message.
        ShipworthyError: it refuses the system role or the order of the roles.
    """
    if "strftime_now" in chat.template:
        raise UsageError(
            f"The chat template writes the current date, so prompts would differ from those of training: {CHOOSE}."
        )
    question = messages(task.system, "Second?", TURNS if task.turns == "all" else None)
    prompt = chat.ids([question], answering=True)[0]
    if twice(prompt, chat):
        raise UsageError(two_bos(chat))
    if task.system and dropped(task.system, prompt, chat):
        raise UsageError(f"The chat template drops the system message '{task.system}': empty task.system, or {CHOOSE}.")
    whole = chat.ids([[*question, ANSWER]], answering=False)[0]
    if whole[: len(prompt)] != prompt:
        begun = chat.render(question, answering=True)
        raise UsageError(unlike(begun, chat.render([*question, ANSWER], answering=False)))
    chat.until_eos(whole[len(prompt) :])


def twice(ids: Sequence[int], chat: Chat) -> bool:
    """Whether the ids begin with two BOS."""
    bos = chat.tokenizer.bos_token_id
    return bos is not None and list(ids[:2]) == [bos, bos]


def two_bos(chat: Chat) -> str:
    """What is said of two BOS."""
    return (
        f"A prompt begins with two '{chat.tokenizer.bos_token}': the chat template writes it and something else adds "
        "one; leave it to the template alone (add_bos_token=false in tokenizer_config.json, or model.template)."
    )


def dropped(text: str, ids: Sequence[int], chat: Chat) -> bool:
    """Whether a text is not in what the ids say; white space and the tokenizer's own normalisation aside."""
    spoken = chat.tokenizer.decode(chat.encode(text))
    return _squash(spoken) not in _squash(chat.tokenizer.decode(list(ids)))


def unlike(begun: str, whole: str) -> str:
    """Why the ids of a text are not the beginning of those of a longer one; both as the template writes them."""
    if not whole.startswith(begun):
        return (
            "The chat template rewrites history: a conversation does not begin with what the model saw when it "
            f"answered; train the last turn only (task.turns=last), or {CHOOSE}."
        )
    return (
        "The tokenizer joins the end of the prompt with the beginning of the answer, so the model would learn tokens "
        f"that it is never asked for: {CHOOSE}."
    )


def cautions(chat: Chat) -> list[str]:
    """What is harmless here, and not elsewhere; each a sentence."""
    tokenizer, found = chat.tokenizer, []
    if tokenizer.pad_token_id == chat.eos_id:
        found.append(
            f"The tokenizer pads with its eos token '{tokenizer.eos_token}': here labels are set token by token and "
            "rows are packed, so eos is learned; a trainer that masks labels by the padding id would unlearn it: give "
            "the tokenizer another pad_token before training elsewhere."
        )
    question = chat.render(messages("", "?"), answering=True)
    if twice(list(tokenizer(question)["input_ids"]), chat):
        found.append(
            f"The template writes '{tokenizer.bos_token}' and the tokenizer adds one to any text: encode rendered "
            "conversations with add_special_tokens=False, as is done here, or there are two."
        )
    return found


def _squash(text: str) -> str:
    return "".join(text.split())
