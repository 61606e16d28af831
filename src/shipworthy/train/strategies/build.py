"""From the config of a strategy to what a training does by it; each is in the module called as its kind."""

from shipworthy.core.groups import StrategyConfig
from shipworthy.core.lazy import Lazy
from shipworthy.train.strategies.protocol import Strategy

STRATEGIES = Lazy("shipworthy.train.strategies.{strategy.kind}")


def build(config: StrategyConfig) -> Strategy:
    """The strategy of one training in this process.

    Raises:
        UsageError: this machine lacks what it needs.
    """
    strategy: Strategy = STRATEGIES.load(config).build(config)
    return strategy
