"""Accounting: a MariaDB of the cluster's own, slurmdbd, and the account that jobs run under."""

import shutil
from pathlib import Path

from cluster import daemons
from cluster.processes import ask, failure, launch, say, tell, wait
from cluster.settings import Cluster


def start(cluster: Cluster) -> None:
    """Start what does not run, until slurmdbd answers and the account is there."""
    _start_mariadbd(cluster)
    show = ("sacctmgr", "-n", "show", "cluster")
    daemons.ensure(
        cluster,
        "slurmdbd",
        ["slurmdbd"],
        lambda: ask(cluster, *show, seconds=5).returncode == 0,
        port=cluster.port + 1,
    )
    _accounts(cluster)


def _start_mariadbd(cluster: Cluster) -> None:
    """Accounting's database; durable against a killed process, not against a power cut."""
    data, sock, temporary = (cluster.home / name for name in ("mysql", "mysql.sock", "mysql.tmp"))
    # Not /tmp: a mariadbd that starts deletes what other clusters' mariadbds have in their folder of temporary tables.
    temporary.mkdir(exist_ok=True)
    if not data.exists():
        _install_database(cluster, data, temporary)
    command = [
        "mariadbd", "--no-defaults", "--user=root", f"--datadir={data}", f"--socket={sock}", "--skip-networking",
        f"--tmpdir={temporary}",
        f"--pid-file={cluster.home / 'pid/mariadbd.pid'}", "--skip-log-bin", "--performance-schema=OFF",
        "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M", "--innodb-lock-wait-timeout=900",
        "--innodb-flush-log-at-trx-commit=0",
    ]  # fmt: skip
    ping = ("mariadb-admin", "--no-defaults", "-uroot", f"--socket={sock}", "ping")
    daemons.ensure(cluster, "mariadbd", command, lambda: ask(cluster, *ping, seconds=5).returncode == 0)
    make = "CREATE DATABASE IF NOT EXISTS slurm_acct_db"
    tell(cluster, "mariadb", "--no-defaults", "-uroot", f"--socket={sock}", "-e", make, log="mariadbd")


def _install_database(cluster: Cluster, data: Path, temporary: Path) -> None:
    """Make MariaDB's own tables, under another name until all are there."""
    say("making the accounting database, once: about 10 s")
    daemons.stop(cluster, "mariadb-install")
    new, log = data.with_name("mysql.new"), cluster.log("mariadb-install")
    if new.exists():
        shutil.rmtree(new)
    done = launch(
        cluster, log, "mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={new}", "--skip-test-db",
        f"--tmpdir={temporary}", "--auth-root-authentication-method=normal",
    )  # fmt: skip
    if not wait("the accounting database", lambda: done.poll() is not None, seconds=180):
        daemons.stop(cluster, "mariadb-install")
    if done.returncode:
        raise failure("mariadb-install-db failed", log, "ERROR")
    new.rename(data)


def _accounts(cluster: Cluster) -> None:
    """The account lab, root its user and lab root's default; any other account is refused."""

    def sacctmgr(*words: str) -> str:
        return tell(cluster, "sacctmgr", "-inP", *words, log="slurmdbd", seconds=30)

    if "lab" not in sacctmgr("show", "cluster", "format=cluster").split():
        sacctmgr("add", "cluster", "lab")
    if "lab" not in sacctmgr("show", "account", "format=account").split():
        sacctmgr("add", "account", "lab", "description=lab", "organization=lab")
    if "lab|root" not in sacctmgr("show", "assoc", "format=account,user").split():
        sacctmgr("add", "user", "root", "account=lab")
    if sacctmgr("show", "user", "root", "format=defaultaccount").split() != ["lab"]:
        sacctmgr("modify", "user", "root", "set", "defaultaccount=lab")
