"""One model's answers to the documents of tasks, as lm-evaluation-harness asks for them and scores them.

Nothing is re-implemented: the tasks' files, prompts, filters and metrics are the harness's own. What it would tell of
the answers together is passed on beside the score of each document; its standard errors are not asked for.

stdin: a line {"weights", "adapter", "tokenizer", "tasks", "include_path", "limit", "num_fewshot", "batch_size",
    "apply_chat_template", "dtype", "seed"}; without an adapter (null) the weights answer as they are.
stdout: a line {"task", "versions", "parts": {name: {"values", "documents"}}} per task, a group's parts by their names;
    a value is {"metric", "filter", "value", "higher_is_better"}, a document {"doc", "hash", "tokens", "filter",
    "scores"}. {"batch": rows} as it goes on. At the end {"error": …}, if there was one: a sentence for the user.
"""

import hashlib
import json
import sys
import traceback
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml
from transformers import AutoModelForCausalLM, AutoTokenizer

LIBRARIES = ("lm_eval", "torch", "transformers", "tokenizers", "peft", "datasets")
NUMBERS = (int, float, np.number, np.bool_)
SAID, sys.stdout = sys.stdout, sys.stderr  # whatever a task prints is none of the lines


class Wrong(Exception):
    """What the user can mend, in a sentence."""


def say(**line):
    print(json.dumps(line), file=SAID, flush=True)


class Listening(HFLM):
    """Notes which tokens the network is given for each request, and says how far it is."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.given = {}

    def _loglikelihood_tokens(self, requests, **settings):
        for texts, context, continuation in requests:
            self.given[texts] = [context, continuation]
        return super()._loglikelihood_tokens(requests, **settings)

    def tok_batch_encode(self, strings, **settings):
        ids, mask = super().tok_batch_encode(strings, **settings)
        for text, row, kept in zip(strings, ids, mask.bool(), strict=True):
            self.given[text] = row[kept].tolist()
        return ids, mask

    def _model_call(self, inps, **settings):
        say(batch=len(inps))
        return super()._model_call(inps, **settings)

    def _model_generate(self, context, **settings):
        say(batch=len(context))
        return super()._model_generate(context, **settings)

    def tokens(self, requests):
        """The hash of the token ids of a document's requests; of text that is scored as a whole, of its own."""
        keys = [tuple(request) if isinstance(request[-1], str) else request[0] for request in requests]
        found = [self.given.get(key) or self.tok_encode(key[0]) for key in keys]
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def model(order):
    """The network of these weights, the adapter, if any, merged into them as it was when it was evaluated."""
    network = AutoModelForCausalLM.from_pretrained(order["weights"], dtype=getattr(torch, order["dtype"]))
    if order["adapter"]:
        from peft import PeftModel

        network = PeftModel.from_pretrained(network, order["adapter"]).merge_and_unload()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(order["tokenizer"])
    return Listening(
        pretrained=network.to(device).eval(), tokenizer=tokenizer, batch_size=order["batch_size"], device=device
    )


def manager(order):
    """Of the harness's own tasks and those of the folder.

    Raises:
        Wrong: a file of the folder can't be read, which the harness would pass over, or a task is not there.
    """
    for path in sorted(Path(order["include_path"]).rglob("*.yaml")):
        try:
            load_yaml(path, resolve_func=False)
        except Exception as error:
            raise Wrong(f"{path} can't be read: {first_line(error)}") from error
    found = TaskManager(include_path=order["include_path"], include_defaults=False)
    if set(order["tasks"]) - set(found.all_tasks):  # thousands of files, seconds
        found = TaskManager(include_path=order["include_path"])
    if missing := [name for name in order["tasks"] if name not in found.all_tasks]:
        folder = order["include_path"]
        raise Wrong(f"there is no task {' and no '.join(missing)}, neither in {folder} nor among the harness's own")
    return found


def answers(order, tasks, lm, name):
    """The line of one task."""
    lm.given.clear()
    found = simple_evaluate(
        model=lm,
        tasks=[name],
        task_manager=tasks,
        num_fewshot=order["num_fewshot"],
        limit=order["limit"],
        apply_chat_template=order["apply_chat_template"],
        fewshot_as_multiturn=order["apply_chat_template"],
        bootstrap_iters=0,
        random_seed=order["seed"],
        numpy_random_seed=order["seed"],
        torch_random_seed=order["seed"],
        fewshot_random_seed=order["seed"],
        confirm_run_unsafe_code=False,
    )
    parts = {}
    for part, samples in found["samples"].items():
        better = found["higher_is_better"].get(part, {})
        values = [
            dict(zip(("metric", "filter"), key.split(",", 1), strict=True), value=value)
            for key, value in found["results"][part].items()
            if "," in key and "_stderr" not in key
        ]
        for value in values:
            value["higher_is_better"] = better.get(value["metric"])
        parts[part] = {"values": values, "documents": [document(lm, sample) for sample in samples]}
    return {"task": name, "versions": {library: version(library) for library in LIBRARIES}, "parts": parts}


def document(lm, sample):
    """What is told of one document; a score that is no number, such as a pair that a whole corpus needs, is null."""
    scores = {name: sample[name] for name in sample["metrics"]}
    return {
        "doc": sample["doc_id"],
        "hash": sample["doc_hash"],
        "tokens": lm.tokens(sample["arguments"]),
        "filter": sample["filter"],
        "scores": {name: float(one) if isinstance(one, NUMBERS) else None for name, one in scores.items()},
    }


def first_line(error):
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def main():
    order = json.loads(sys.stdin.readline())
    try:
        tasks = manager(order)
        lm = model(order)
        for name in order["tasks"]:
            say(**answers(order, tasks, lm, name))
    except Wrong as wrong:
        say(error=str(wrong))
    except Exception as error:  # noqa: BLE001 - whatever a task file makes the harness say
        traceback.print_exc()
        say(error=f"{type(error).__name__}: {first_line(error)}")


if __name__ == "__main__":
    main()
