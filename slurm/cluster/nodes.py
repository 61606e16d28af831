"""A node's crash and its return."""

from cluster import daemons
from cluster.processes import alive, count, descendants, everyone, kill, say, variables, wait, writers
from cluster.settings import Cluster, UsageError


def check(cluster: Cluster, node: str) -> None:
    """Refuse a node that there is not."""
    if node not in cluster.names:
        raise UsageError(f"There is no node {node}: this cluster has {', '.join(cluster.names)}.")


def crash(cluster: Cluster, node: str) -> None:
    """Kill a node as a power cut does: slurmd first, so that it reports nothing, then its steps and their tasks."""
    check(cluster, node)
    slurmd = writers("slurmd", cluster.log(f"slurmd-{node}"))
    kill(slurmd)
    wait(f"{node}'s slurmd to die", lambda: not any(alive(pid) for pid in slurmd), seconds=5)
    steps, tasks = kill_steps(cluster, node)
    if not slurmd and not steps:
        say(f"{node} is down already: nothing to kill")
        return
    names = f"slurmd {slurmd[0]}" if slurmd else "no slurmd (it was down)"
    print(f"{node} is dead: {names}, {count(steps, 'slurmstepd')} and {count(tasks, 'task process')} killed.")
    print(f"Slurm notices within 40 s. It comes back with: slurm/testcluster revive {node}")


def kill_steps(cluster: Cluster, node: str) -> tuple[int, int]:
    """Kill a node's slurmstepds, their tasks and all that those started; returns how many of each.

    A slurmstepd is the node's if it writes the node's log. What left its parent (setsid, a double fork) still has the
    node's name and the cluster's config among its variables. Repeated until none is left, for tasks may fork meanwhile.
    """
    steps: set[int] = set()
    tasks: set[int] = set()

    def gone() -> bool:
        steps_now = set(writers("slurmstepd", cluster.log(f"slurmd-{node}")))
        still = {pid for pid in tasks if alive(pid)}
        tasks_now = (still | descendants(steps_now | still) | strays(cluster, node)) - steps_now
        kill([*steps_now, *tasks_now])  # the steps first: they report nothing
        steps.update(steps_now)
        tasks.update(tasks_now)
        return not steps_now and not tasks_now

    wait(f"{node}'s steps to die", gone, seconds=20)
    return len(steps), len(tasks)


def strays(cluster: Cluster, node: str) -> set[int]:
    """The node's tasks by their variables, whoever their parent is now."""
    marks = {f"SLURMD_NODENAME={node}".encode(), f"SLURM_CONF={cluster.slurm_conf}".encode()}
    return {pid for pid in everyone() if marks <= variables(pid) and alive(pid)}


def revive(cluster: Cluster, node: str) -> None:
    """Start a dead node's slurmd again, and let it take jobs."""
    check(cluster, node)
    was_alive = bool(writers("slurmd", cluster.log(f"slurmd-{node}")))
    daemons.start_node(cluster, node)
    daemons.wait_usable(cluster, [node])
    print(f"{node} {'was alive, and' if was_alive else 'is back and'} takes jobs: {daemons.states(cluster)[node]}.")
