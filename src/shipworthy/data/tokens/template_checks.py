"""Checks of a chat template and a tokenizer, made on a short conversation, independent of the rows."""

from collections.abc import Sequence

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.chat_format import Message
from shipworthy.models.causal_lm.conversation import messages

CHOOSE = "choose another template (model.template)"
TURNS: list[Message] = [{"role": "user", "content": "First?"}, {"role": "assistant", "content": "one"}]
ANSWER: Message = {"role": "assistant", "content": "two"}


def check_template(task: TextToText, chat: Chat) -> None:
    """Applies the template to a question, after earlier turns where the task has some.

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
    if starts_with_two_bos(prompt, chat):
        raise UsageError(two_bos_message(chat))
    if task.system and is_dropped(task.system, prompt, chat):
        raise UsageError(f"The chat template drops the system message '{task.system}': empty task.system, or {CHOOSE}.")
    whole = chat.ids([[*question, ANSWER]], answering=False)[0]
    if whole[: len(prompt)] != prompt:
        begun = chat.render(question, answering=True)
        raise UsageError(prefix_mismatch(begun, chat.render([*question, ANSWER], answering=False)))
    chat.until_eos(whole[len(prompt) :])


def starts_with_two_bos(ids: Sequence[int], chat: Chat) -> bool:
    """Whether the ids begin with two BOS."""
    bos = chat.tokenizer.bos_token_id
    return bos is not None and list(ids[:2]) == [bos, bos]


def two_bos_message(chat: Chat) -> str:
    """The error message for two BOS."""
    return (
        f"A prompt begins with two '{chat.tokenizer.bos_token}': the chat template writes it and something else adds "
        "one; leave it to the template alone (add_bos_token=false in tokenizer_config.json, or model.template)."
    )


def is_dropped(text: str, ids: Sequence[int], chat: Chat) -> bool:
    """Whether the decoded ids do not hold a text; white space and the tokenizer's normalisation are ignored."""
    spoken = chat.tokenizer.decode(chat.encode(text))
    return _without_spaces(spoken) not in _without_spaces(chat.tokenizer.decode(list(ids)))


def prefix_mismatch(begun: str, whole: str) -> str:
    """Why the ids of a rendered text are not a prefix of those of a longer one."""
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
    """Sentences on what is harmless here but not in other trainers."""
    tokenizer, found = chat.tokenizer, []
    if tokenizer.pad_token_id == chat.eos_id:
        found.append(
            f"The tokenizer pads with its eos token '{tokenizer.eos_token}': here labels are set token by token and "
            "rows are packed, so eos is learned; a trainer that masks labels by the padding id would unlearn it: give "
            "the tokenizer another pad_token before training elsewhere."
        )
    question = chat.render(messages("", "?"), answering=True)
    if starts_with_two_bos(list(tokenizer(question)["input_ids"]), chat):
        found.append(
            f"The template writes '{tokenizer.bos_token}' and the tokenizer adds one to any text: encode rendered "
            "conversations with add_special_tokens=False, as is done here, or there are two."
        )
    return found


def _without_spaces(text: str) -> str:
    return "".join(text.split())
