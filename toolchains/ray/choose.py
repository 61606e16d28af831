"""What chooses a trial's values: Ray's Searcher interface, with Optuna's samplers behind it."""

import optuna
from optuna.trial import TrialState
from ray.tune.search import Searcher

STATES = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class Chosen(Searcher):
    """Chooses values by Optuna's samplers, of the campaign's space. A trial's number here is its number there."""

    def __init__(self, order, signs):
        self.space, self.names = order["space"], [one["name"] for one in order["objectives"]]
        directions = [one["direction"] for one in order["objectives"]]
        modes = [one.removesuffix("imize") for one in directions]
        single = len(modes) == 1
        super().__init__(metric=self.names[0] if single else self.names, mode=modes[0] if single else modes)
        self.signs, self.asked = signs, {}
        self.unlike = 0 if order["recipe_outside"] else None  # its values are not those that were chosen here
        self.study = optuna.create_study(directions=directions, sampler=sampler(order))
        for one in order["known"]:
            self.know(one)

    def know(self, one):
        """Takes a trial that was begun before: it counts as it ended, or is asked for again."""
        if one["state"] == "waiting":
            self.study.enqueue_trial(one["params"])
            return
        state = "failed" if one["number"] == self.unlike else one["state"]
        distributions = {d["key"]: distribution(d) for d in self.space if d["key"] in one["params"]}
        self.study.add_trial(
            optuna.trial.create_trial(
                state=STATES[state],
                values=[one["values"][name] for name in self.names] if state == "finished" else None,
                params=one["params"],
                distributions=distributions,
                intermediate_values=dict(one["reports"]),
            )
        )

    def suggest(self, trial_id):
        if self.signs.enough():
            return Searcher.FINISHED
        trial = self.asked[trial_id] = self.study.ask()
        values = {}
        for one in self.space:
            if all(key in values and values[key] in wanted for key, wanted in one["when"].items()):
                values[one["key"]] = suggested(trial, one)
        return {"number": trial.number, "values": values}

    def on_trial_result(self, trial_id, result):
        if "state" not in result and len(self.names) == 1:  # Optuna takes no reports of several objectives
            self.asked[trial_id].report(result[self.names[0]], result["step"])

    def on_trial_complete(self, trial_id, result=None, error=False):
        trial, result = self.asked.pop(trial_id), result or {"state": "failed"}
        if "state" not in result:  # the scheduler ended it
            self.signs.end_early(trial.number)
            trial.report(result[self.names[0]], result["step"])
        if result.get("state") == "finished" and not error and trial.number != self.unlike:
            self.study.tell(trial, [result[name] for name in self.names])
        else:
            pruned = result.get("state", "pruned") == "pruned" and not error
            self.study.tell(trial, state=TrialState.PRUNED if pruned else TrialState.FAIL)

    def save(self, checkpoint_path):
        """Nothing: the campaign's records are what the next driver is told."""

    def restore(self, checkpoint_path):
        raise NotImplementedError


def suggested(trial, one):
    match one["kind"]:
        case "categorical":
            return trial.suggest_categorical(one["key"], one["choices"])
        case "int":
            return trial.suggest_int(one["key"], one["low"], one["high"], log=one["log"], step=one["step"] or 1)
    return trial.suggest_float(one["key"], one["low"], one["high"], log=one["log"], step=one["step"])


def distribution(one):
    if one["kind"] == "categorical":
        return optuna.distributions.CategoricalDistribution(one["choices"])
    if one["kind"] == "int":
        return optuna.distributions.IntDistribution(one["low"], one["high"], log=one["log"], step=one["step"] or 1)
    return optuna.distributions.FloatDistribution(one["low"], one["high"], log=one["log"], step=one["step"])


def sampler(order):
    asked, seed = order["sampler"], (order["seed"] + len(order["known"])) % 2**32
    startup = {} if asked["startup"] is None else {"n_startup_trials": asked["startup"]}
    match asked["name"]:
        case "tpe":
            together = {"multivariate": asked["multivariate"]}
            together["group"] = asked["multivariate"] and any(one["when"] for one in order["space"])
            return optuna.samplers.TPESampler(seed=seed, constant_liar=True, **together, **startup)
        case "cmaes":
            return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False, **startup)
        case "random":
            return optuna.samplers.RandomSampler(seed=seed)
    raise ValueError(asked["name"])
