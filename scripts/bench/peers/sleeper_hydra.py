"""The same objective as an application of Hydra, for its Optuna sweeper."""

from pathlib import Path

import hydra
from omegaconf import DictConfig
from sleeper import nap


@hydra.main(config_path=None)
def main(config: DictConfig) -> float:
    """One trial."""
    return nap(Path(config.folder), config.length, config.place)


if __name__ == "__main__":
    main()
