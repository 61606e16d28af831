"""One seed for everything that draws."""

import os
import random


def seed_everything(seed: int) -> None:
    """Seeds Python, numpy and torch, and asks torch for deterministic kernels."""
    import numpy as np
    import torch

    os.environ["PYTHONHASHSEED"] = str(seed)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
