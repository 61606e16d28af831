"""Several processes for one run: started beside this one, or, by torchrun or srun, at the same time.

In the second case the first process does what comes before the training, and the others wait for their part.
"""

import multiprocessing
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.interrupt import PeerLostError, listen

Value = TypeVar("Value")

PATIENCE_S = 10.0
"""How long the others have to notice that one of them is gone (seconds)."""
TIMEOUT_S = 1800.0
"""The longest that a process waits for what another one sends (seconds)."""


def rank() -> int:
    """The number of this process in the run, from 0."""
    return int(os.environ.get("RANK", "0"))


@contextmanager
def followers(devices: int, follow: Callable[..., None], arguments: Mapping[str, Any]) -> Iterator[int]:
    """Starts the other processes of a run, or gives those that wait their part; yields how many there are.

    Args:
        devices: processes on this machine.
        follow: what they run, importable by name; its arguments are pickled.

    Raises:
        ShipworthyError: one of them ended before its time.
        PeerLostError: likewise, where srun or torchrun started them.
    """
    if (world := int(os.environ.get("WORLD_SIZE", "1"))) > 1:
        with others_may_end():
            _send_part((follow, dict(arguments)))
            yield world
        return
    if devices == 1:
        try:
            yield 1
        finally:
            leave()
        return
    with _started(devices, follow, arguments):
        yield devices


@contextmanager
def _started(devices: int, follow: Callable[..., None], arguments: Mapping[str, Any]) -> Iterator[None]:
    own = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "WORLD_SIZE": str(devices)}
    context = multiprocessing.get_context("spawn")
    children: list[BaseProcess] = []
    over = threading.Event()
    try:
        for number in range(1, devices):
            os.environ.update({**own, "RANK": str(number), "LOCAL_RANK": str(number)})
            children.append(context.Process(target=_run_other_rank, args=(follow, dict(arguments)), daemon=True))
            children[-1].start()
        os.environ.update({**own, "RANK": "0", "LOCAL_RANK": "0"})
        threading.Thread(target=_end_if_left, args=(children, over), daemon=True).start()
        yield
        for child in children:
            child.join()
    except (RuntimeError, dist.DistError) as error:
        for child in children:
            child.join(timeout=5.0)
        if said := _dead(children):
            raise ShipworthyError(said) from error
        raise
    finally:
        over.set()
        for child in children:
            child.kill()
        for name in (*own, "RANK", "LOCAL_RANK"):
            os.environ.pop(name, None)
        leave()


def join(timeout_s: float) -> None:
    """Connects this process with those that torchrun or srun started with it; the environment says which they are.

    Args:
        timeout_s: the longest that one waits for another (seconds).

    Raises:
        PeerLostError: not all came.
    """
    with others_may_end():
        _connect(timeout=timedelta(seconds=timeout_s))


def connect(world: int) -> None:
    """Connects the processes of a run, unless they are; one process with itself alone."""
    if dist.is_initialized():
        return
    if world > 1:
        _connect(timeout=timedelta(seconds=TIMEOUT_S))
    else:
        _connect(store=dist.HashStore(), rank=0, world_size=1)


def _connect(**how: Any) -> None:
    backend = "gloo"  # not cpu:gloo, of whose end torch warns
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        backend = "cpu:gloo,cuda:nccl"
    dist.init_process_group(backend, **how)


def wait_for_part() -> None:
    """What a process other than the first does: it waits for its part of the training, and does it.

    Raises:
        PeerLostError: another process is gone.
    """
    with others_may_end():
        words: list[Any] = [None]
        dist.broadcast_object_list(words, src=0, device=torch.device("cpu"))
        if words[0] is not None:
            follow, arguments = words[0]
            follow(**arguments)


def leave() -> None:
    """Ends this process's connections: torch aborts a process that ends with open ones."""
    if dist.is_initialized():
        dist.destroy_process_group()


_parts_sent: list[bool] = []


def dismiss() -> None:
    """Tells the waiting processes that there is nothing to do for them, unless they have had their part."""
    if dist.is_initialized() and not _parts_sent:
        _send_part(None)


def _send_part(part: tuple[Callable[..., None], dict[str, Any]] | None) -> None:
    dist.broadcast_object_list([part], src=0, device=torch.device("cpu"))
    _parts_sent.append(True)


@contextmanager
def others_may_end() -> Iterator[None]:
    """What is exchanged inside the block may end because another process has.

    Raises:
        PeerLostError: one has.
    """
    try:
        yield
    except (RuntimeError, dist.DistError) as error:
        if isinstance(error, dist.DistError) or any(word in str(error) for word in ("gloo", "NCCL", "onnection")):
            raise PeerLostError(f"Another process of this run is gone ({str(error).splitlines()[0][:200]}).") from error
        raise


def _run_other_rank(follow: Callable[..., None], arguments: dict[str, Any]) -> None:
    """Runs until the first process is gone: nobody would hear of what comes after."""
    listen()

    def end() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
    follow(**arguments)
    leave()


def _end_if_left(children: list[BaseProcess], over: threading.Event) -> None:
    """Ends this process where it waits for one that is gone: before they are connected, nothing else would."""
    ended = wait([child.sentinel for child in children])
    for child in children:
        if child.sentinel in ended:
            child.join()  # what it ended with is known a moment later
    if (said := _dead(children)) and not over.wait(PATIENCE_S):
        print(f"shipworthy: {said}", file=sys.stderr, flush=True)
        for child in children:
            child.kill()
        os._exit(1)


def _dead(children: list[BaseProcess]) -> str:
    for number, child in enumerate(children, 1):
        if child.exitcode:
            return (
                f"Process {number} of {len(children) + 1} ended with {child.exitcode}: what it said stands above, if "
                "anything; the last checkpoint is whole: run it again to go on, on as many processes or fewer."
            )
    return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def gather_values(value: Value) -> list[Value]:
    """Each process's value, in the order of the processes."""
    if not dist.is_initialized():
        return [value]
    values: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values
