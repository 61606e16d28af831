"""Says whether the torch that pip would install here is a build for CUDA.

    pip install --dry-run --no-deps --ignore-installed --report - torch==VERSION | python scripts/torch_build.py

Prints nothing and exits 0 for a CPU build; prints what it is and exits 3 for a CUDA build. Runs before anything is
installed, so it uses the standard library alone. The format: https://pip.pypa.io/en/stable/reference/installation-report
"""

import json
import platform
import re
import sys
from typing import Any

CUDA_BUILD = 3
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def is_cuda_library(requirement: str) -> bool:
    """Whether a requirement such as `nvidia-cublas==13.1; …` or a line of a lock belongs to CUDA."""
    name = NAME.match(requirement)
    if name is None or name[0].lower() == "nvidia-ml-py":  # asks the driver, and brings nothing along
        return False
    return name[0].lower().startswith(("nvidia-", "cuda-", "triton"))


def cuda_libraries(report: dict[str, Any], system: str = platform.system()) -> list[str]:
    """What of CUDA the torch of a pip report names: in its version's suffix or among what it requires on this system.

    Raises:
        ValueError: the report installs no torch.
    """
    metadata = [item["metadata"] for item in report["install"] if item["metadata"]["name"].lower() == "torch"]
    if not metadata:
        raise ValueError("pip's report names no torch")
    version, requires = metadata[0]["version"], metadata[0].get("requires_dist", [])
    suffix = [f"torch {version}"] if "+cu" in version else []
    wanted = [line for line in requires if is_cuda_library(line) and "extra ==" not in line]
    return suffix + [line for line in wanted if "platform_system" not in line or f'"{system}"' in line]


if __name__ == "__main__":
    found = cuda_libraries(json.load(sys.stdin))
    if found:
        print(*found, sep="\n")
    sys.exit(CUDA_BUILD if found else 0)
