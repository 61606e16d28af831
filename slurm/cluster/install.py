"""What the cluster needs of Debian's packages, and their installation without starting a single service."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.processes import end, environment, failure, launch, say, wait
from cluster.settings import Cluster, ClusterError

PACKAGE_OF = {
    "munged": "munge",
    "munge": "munge",
    "slurmctld": "slurmctld",
    "slurmd": "slurmd",
    "slurmdbd": "slurmdbd",
    "sinfo": "slurm-client",
    "sacctmgr": "slurm-client",
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
    "mariadb-admin": "mariadb-server",
    "mariadb": "mariadb-server",
}
POLICY = Path("/usr/sbin/policy-rc.d")  # Debian asks it before it starts any service
OURS = "#!/bin/sh\n# For the while of shipworthy's `slurm/testcluster install`: start no service.\nexit 101\n"


def missing(cluster: Cluster) -> list[str]:
    """The packages whose programs are neither on PATH nor in sbin."""
    path = environment(cluster)["PATH"]
    return sorted({package for program, package in PACKAGE_OF.items() if not shutil.which(program, path=path)})


def require(cluster: Cluster) -> None:
    """Refuse to go on without the packages, or without being root."""
    if os.geteuid() != 0:
        raise ClusterError("The test cluster's daemons run as root: run slurm/testcluster as root (sudo).")
    if lacking := missing(cluster):
        raise ClusterError(f"Not installed: {', '.join(lacking)}; slurm/testcluster install installs them.")


def install(cluster: Cluster) -> None:
    """Install what is missing, by apt-get.

    Raises:
        ClusterError: not root, no apt-get, apt-get failed, or this machine would start a service.
    """
    packages = missing(cluster)
    if not packages:
        print("Everything that the test cluster needs is installed.")
        return
    if not shutil.which("apt-get"):
        raise ClusterError(
            f"This machine has no apt-get: install munge, Slurm 22.05 with slurmdbd, and the MariaDB server by its own "
            f"package manager (not found: {', '.join(packages)})."
        )
    if os.geteuid() != 0:
        raise ClusterError(
            f"Only root may install {', '.join(packages)}: run slurm/testcluster install as root (sudo)."
        )
    (cluster.home / "log").mkdir(parents=True, exist_ok=True)
    say(f"installing {', '.join(packages)}: up to 200 MB, about a minute")
    with _no_services():
        _apt(cluster, "update", seconds=300)
        _apt(cluster, "install", "-y", "--no-install-recommends", *packages, seconds=1200)
    if lacking := missing(cluster):
        raise ClusterError(f"apt-get installed the packages, and yet {', '.join(lacking)} lack their programs.")
    _disable(packages)
    print(f"Installed: {', '.join(packages)}.")


def _apt(cluster: Cluster, *words: str, seconds: float) -> None:
    log = cluster.log("install")
    command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", *words]
    done = launch(cluster, log, *command)
    what = f"apt-get {words[0]}"
    try:
        ended = wait(what, lambda: done.poll() is not None, seconds=seconds)
    finally:
        if done.poll() is None:  # too long, or this command is being ended: apt-get does not outlive the policy
            end(what, [done.pid])
    if not ended:
        raise failure(f"{what} did not end within {seconds:g} s", log)
    if done.returncode:
        raise failure(f"{what} failed", log)


@contextmanager
def _no_services() -> Iterator[None]:
    """Keep Debian from starting what it installs; a policy that stood there before is kept, and must say no too."""
    if POLICY.exists() and POLICY.read_text(encoding="utf-8") != OURS:
        if subprocess.run([POLICY, "mariadb", "start"], capture_output=True, check=False, timeout=20).returncode != 101:
            raise ClusterError(f"{POLICY} of this machine lets new services start: move it aside, then install again.")
        yield
        return
    POLICY.write_text(OURS, encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _disable(packages: list[str]) -> None:
    """Where systemd rules, the services just installed do not start at the next boot either."""
    if not Path("/run/systemd/system").exists():
        return
    services = {"mariadb-server": "mariadb", "munge": "munge"}
    names = [services.get(package, package) for package in packages if package != "slurm-client"]
    subprocess.run(["systemctl", "disable", "--quiet", *names], check=False, timeout=60)
