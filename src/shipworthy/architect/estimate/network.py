"""A network that is trained in steps: its family's counts, memory by parts, time from a few real steps."""

from collections.abc import Sequence
from typing import Any

from shipworthy.architect.estimate.estimate import Bounds, Estimate, total
from shipworthy.architect.estimate.problem import Problem
from shipworthy.architect.estimate.scale import TIMING
from shipworthy.models.quantities import MB, Quantities, RowLengths

MILLION = 1e6
MOST_CLASSES = 100  # with more different answers than these, they count as text
# What Python, torch, transformers, Lightning and the tracker take before a weight is loaded (megabytes; measured 570
# to 900 on Linux), and what CUDA's context takes on a GPU.
LIBRARIES_MB = Bounds(700, 550, 950)
CUDA_MB = Bounds(700, 400, 1200)
# While weights are read, a few tensors of their files are there too (measured: at most 1.1 times the weights).
WEIGHTS_COPIES = Bounds(1.05, 1.0, 1.1)
ALLOCATOR = 1.4  # the most that it holds over what is in use at the peak
# The share of a GPU's peak that small fine-tuning runs reach.
UTILISATION = Bounds(0.2, 0.1, 0.4)
# Reading a prompt takes a third of a training step on it (no backward pass); writing the answer, token by token,
# takes as much again.
VALIDATION = Bounds(0.67, 0.33, 1.5)
# General questions are answered like those of a validation; then two answers to each are read, the right one and what
# the model answered before.
GENERAL = Bounds(1.33, 0.8, 2.5)


def estimate(problem: Problem) -> Estimate:
    """What the training will take."""
    trainer, quantities, lengths, timing = problem.trainer, problem.quantities, problem.lengths, problem.timing
    assert quantities and lengths
    steps, batch = int(trainer.steps), int(trainer.batch_size)
    replayed = _replayed(problem)
    tokens = steps * batch * (lengths.mean + replayed)
    parts = memory_parts(problem)
    peak = total(parts.values())
    measured: dict[str, Any] = {}
    if timing is None:
        each = quantities.flops(lengths.shapes()) / len(lengths.rows) / lengths.mean
        at_peak = tokens * each / (problem.machine.gpu_tflops * 1e12)
        seconds = Bounds(*(at_peak / share for share in (UTILISATION.value, UTILISATION.high, UTILISATION.low)))
    else:
        assert timing.trainable_parameters == quantities.trainable_parameters, "another network was timed"
        measured = {
            "what": f"{timing.steps} optimizer steps of {batch} rows, after one to warm up, on this machine",
            "seconds_per_step": round(timing.seconds_per_step, 3),
            "tokens_per_second": round(timing.tokens_per_second, 1),
            "peak_memory_mb": round(timing.peak_memory_mb),
        }
        seconds = TIMING.scaled(tokens / timing.tokens_per_second)
        peak = Bounds(timing.peak_memory_mb, 0.9 * timing.peak_memory_mb, max(peak.high, timing.peak_memory_mb))
    return Estimate(
        family=problem.model.kind,
        why=_why(problem, quantities),
        steps=steps,
        parameters=quantities.parameters,
        trainable_parameters=quantities.trainable_parameters,
        tokens={
            "mean per row": round(lengths.mean, 1),
            "mean of an answer": round(lengths.answer, 1),
            "longest row of the sample": lengths.longest,
            "per epoch": round(problem.expected.train * lengths.per_document * lengths.mean),
            **({"of them replayed": round(steps * batch * replayed)} if replayed else {}),
            "in all": round(tokens),
        },
        memory_mb=parts,
        peak_mb=peak,
        training_s=seconds,
        validation_s=_validation(problem, seconds.scaled(1 / tokens)),
        general_s=_general(problem, seconds.scaled(1 / tokens)),
        measured=measured,
        give_up=_give_up(problem),
    )


def memory_parts(problem: Problem) -> dict[str, Bounds]:
    """Where the peak goes (megabytes): from micro-batches of rows of mean length to ones of the longest rows."""
    machine, trainer, quantities, lengths = problem.machine, problem.trainer, problem.quantities, problem.lengths
    assert quantities and lengths
    rows = min(trainer.micro_batch_size, trainer.batch_size)
    at_once = side_by_side(problem, -(-trainer.batch_size // rows))
    everything = [*lengths.rows, *(problem.general.replayed if problem.general else ())]
    typical, worst = (
        quantities.memory(batch, problem.optimizer, at_once, on_gpu=bool(machine.gpus)).named()
        for batch in (lengths.mean_batch(rows), RowLengths(everything).longest_batch(rows))
    )
    found = {name: Bounds.between(typical[name] / MB, worst[name] / MB) for name in typical}
    activations = found["activations"]
    return {
        "libraries": CUDA_MB if machine.gpus else LIBRARIES_MB,
        **found,
        "weights": WEIGHTS_COPIES.scaled(typical["weights"] / MB),
        "activations": Bounds.between(activations.low, ALLOCATOR * activations.high),
    }


def side_by_side(problem: Problem, packs: int) -> int:
    """Micro-batches of a step that training computes at the same time: on a CPU one per thread, on a GPU one."""
    trainer = problem.trainer
    if problem.machine.gpus or (problem.quantities and problem.quantities.one_at_a_time):
        return 1
    return max(1, min(packs, int(trainer.threads or problem.machine.cores // trainer.devices)))


def _replayed(problem: Problem) -> float:
    """Tokens that are replayed beside each of the task's rows."""
    general = problem.general
    return general.for_each * _mean(general.replayed) if general and general.replayed else 0.0


def _validation(problem: Problem, per_token_s: Bounds) -> Bounds:
    """Seconds of all validations.

    Args:
        per_token_s: seconds of training for each token.
    """
    trainer, lengths = problem.trainer, problem.lengths
    assert lengths
    times = -(-trainer.steps // trainer.validate_every)
    documents = min(trainer.validation_rows or problem.expected.validation, problem.expected.validation)
    own = _times(per_token_s, VALIDATION).scaled(times * documents * lengths.per_document * lengths.mean)
    during = problem.general.during if problem.general else ()
    return total([own, _times(per_token_s, GENERAL).scaled(times * sum(map(sum, during)))])


def _general(problem: Problem, per_token_s: Bounds) -> Bounds:
    """Seconds of the general questions, before and after, and of the answers that are to be replayed."""
    general = problem.general
    if general is None:
        return Bounds.exactly(0.0)
    asked = _times(per_token_s, GENERAL).scaled(2 * sum(map(sum, general.asked)))
    rows = problem.trainer.steps * problem.trainer.batch_size * general.for_each
    written = min(len(general.replayed), rows) * _mean(general.replayed) if general.written else 0.0
    return total([asked, _times(per_token_s, VALIDATION).scaled(written)])


def _mean(rows: Sequence[tuple[int, int]]) -> float:
    return sum(map(sum, rows)) / len(rows) if rows else 0.0


def _times(one: Bounds, other: Bounds) -> Bounds:
    return Bounds(one.value * other.value, one.low * other.low, one.high * other.high)


def _why(problem: Problem, quantities: Quantities) -> str:
    answers = problem.sample["answer"]
    different = answers.n_unique()
    what = f"a language model of {quantities.base_parameters / MILLION:.1f} million parameters"
    if different <= MOST_CLASSES:
        why = f"The answers are {different} classes, in words: {what} must show that simpler ones separate them worse"
    else:
        why = (
            f"The answers are text: {different:,} different ones in {len(answers):,} rows, too many for classes, and "
            f"unseen ones must be written; {what} can"
        )
    trainable, share = quantities.trainable_parameters, quantities.trainable_parameters / quantities.base_parameters
    trained = f"{trainable / MILLION:.2f} million"
    added = quantities.parameters > quantities.base_parameters
    how = f"An adapter adds {trained} that are trained" if added else f"{trained} of them are trained"
    return f"{why}. {how} ({100 * share:.1f}%)."


def _give_up(problem: Problem) -> list[str]:
    steps = int(problem.trainer.steps)
    metric = problem.task.metric
    return [
        "at once, when the loss is not finite",
        f"at step {max(1, steps // 20)}, when the speed is below half of what was planned: wrong machine, or busy",
        f"at step {steps // 2}, when {metric} on validation is worse than the best baseline's: change rate, rank or "
        "data before more steps",
        "when two validations in a row bring nothing new: the selected checkpoint stays the best one",
    ]
