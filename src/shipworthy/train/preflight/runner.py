"""Everything that can be known to fail before hours are spent is tried, in under a minute."""

import time
from collections.abc import Sequence

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.core.progress import say
from shipworthy.train.preflight.context import Check, Context, Outcome, Result
from shipworthy.train.preflight.equality import accumulation, packed_is_unpacked
from shipworthy.train.preflight.labels import eos_in_labels, labels_are_answers, trainable_tokens
from shipworthy.train.preflight.learning import generation_stops, overfits
from shipworthy.train.preflight.loading import loader_delivers, longest_batch_fits
from shipworthy.train.preflight.preserve import preserve_all
from shipworthy.train.preflight.start import first_loss, receive_gradient
from shipworthy.train.preflight.storage import checkpoint_returns, disk_has_room

FILE = "preflight.json"

# The cheapest first; the last two leave the weights as the one before left them.
CHECKS = (
    Check(
        "trainable tokens",
        trainable_tokens,
        "raise task.max_length, or drop the rows without an answer in data",
    ),
    Check(
        "end token in labels",
        eos_in_labels,
        "prepare the dataset again with this model's chat template, which must end an answer with the end token",
        needs=("trainable tokens",),
        of_writing=True,
    ),
    Check(
        "labels are the answers",
        labels_are_answers,
        "prepare the dataset again with this model; if it stays, labels and tokens are shifted against each other",
        needs=("trainable tokens",),
        of_writing=True,
    ),
    Check(
        "room on the disk",
        disk_has_room,
        "free space, lower trainer.keep, or move the workspace to a larger disk",
    ),
    Check(
        "the loader delivers",
        loader_delivers,
        "look at the storage the data lies on and at the loader's workers",
    ),
    Check(
        "first loss",
        first_loss,
        "check that model, tokenizer and chat template belong together, and that prompts don't hold the answer",
        needs=("trainable tokens",),
    ),
    Check(
        "weights receive gradient",
        receive_gradient,
        "unfreeze the adapter: look at adapter.targets, and whether it was loaded for inference",
        needs=("trainable tokens",),
    ),
    Check(
        "packed = unpacked",
        packed_is_unpacked,
        "take trainer.packing=off, by which rows are computed side by side",
        needs=("trainable tokens",),
    ),
    Check(
        "accumulation 1 = 4",
        accumulation,
        "divide the loss by the tokens of the whole step, not of each micro-batch",
        needs=("weights receive gradient",),
    ),
    Check(
        "a checkpoint comes back",
        checkpoint_returns,
        "free space or fix permissions in the run's folder; else saving and loading don't cover the same tensors",
    ),
    Check(
        "the longest batch fits",
        longest_batch_fits,
        "lower trainer.micro_batch_size (trainer.auto_batch=true finds it) or task.max_length",
        needs=("weights receive gradient",),
    ),
    Check(
        "a few rows can be learned",
        overfits,
        "lower optimizer.lr if the loss rose, raise it or adapter.rank if it hardly fell",
        needs=("weights receive gradient", "the longest batch fits"),
    ),
    Check(
        "generation stops",
        generation_stops,
        "raise task.max_new_tokens above the answers' length, and see that the end token learned is the one asked for",
        needs=("a few rows can be learned", "end token in labels"),
        of_writing=True,
    ),
)


def preflight(context: Context, checks: Sequence[Check] = CHECKS) -> list[Result]:
    """Runs all checks that can run, writes `preflight.json` and a table, and leaves no trace in weights and draws.

    Raises:
        ShipworthyError: checks failed; it names each with its remedy.
    """
    started = time.monotonic()
    results: list[Result] = []
    with preserve_all(context.network):
        for check in (one for one in checks if context.writing or not one.of_writing):
            result = _run(check, context, results)
            results.append(result)
            say(_line(result))
    write_json(context.run / FILE, [result.to_json() for result in results])
    remedies = {check.name: check.remedy for check in checks}
    failed = [f"{r.name}: {r.sentence.rstrip('.')}; {remedies[r.name]}." for r in results if r.passed is False]
    passed = sum(bool(r.passed) for r in results)
    say(f"preflight: {passed} of {len(results)} passed in {time.monotonic() - started:.0f} s")
    if failed:
        where = context.run / FILE
        raise ShipworthyError(f"Preflight failed, nothing was trained. {' '.join(failed)} The numbers are in {where}.")
    return results


def _run(check: Check, context: Context, before: Sequence[Result]) -> Result:
    missing = [r.name for r in before if r.name in check.needs and not r.passed]
    if missing:
        return Result(check.name, None, {}, f"not run, for it needs '{missing[0]}'.", 0.0)
    started = time.monotonic()
    try:
        outcome = check.run(context)
    except ShipworthyError as error:
        outcome = Outcome(False, str(error))
    return Result(check.name, outcome.passed, outcome.measured, outcome.sentence, time.monotonic() - started)


def _line(result: Result) -> str:
    word = {True: "ok", False: "FAILED", None: "not run"}[result.passed]
    return f"  {word:8}{result.name:28}{result.seconds:6.1f} s  {result.sentence}"
