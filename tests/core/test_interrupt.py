"""Signals are noted, in a process of its own for each test."""

import signal
import subprocess
import sys

import pytest

BEGIN = """
import os, signal, threading, time
from shipworthy.core import interrupt
def send(name): os.kill(os.getpid(), getattr(signal, name))
"""


def run(code: str, *under: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*under, sys.executable, "-c", BEGIN + code], capture_output=True, text=True, timeout=30, check=False
    )


def printed(code: str, *under: str) -> str:
    done = run(code, *under)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1", "SIGUSR2"])
def test_without_listening_it_is_the_end(name):
    assert run(f"send('{name}')").returncode == -getattr(signal, name)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1", "SIGUSR2"])
def test_a_signal_is_noted(name):
    assert printed(f"interrupt.listen(); print(repr(interrupt.asked())); send('{name}'); print(interrupt.asked())") == (
        f"''\n{name}"
    )


def test_the_first_one_counts_until_the_block_ends():
    code = (
        "block = interrupt.listening(); block.__enter__(); send('SIGUSR2'); send('SIGTERM'); print(interrupt.asked())"
    )
    assert printed(code) == "SIGUSR2"
    assert printed(f"{code}; block.__exit__(None, None, None); print(repr(interrupt.asked()))") == "SIGUSR2\n''"


def test_a_signal_that_was_held_back_is_noted_when_somebody_listens():
    code = (
        "send('SIGTERM'); time.sleep(0.1); print(repr(interrupt.asked())); interrupt.listen(); print(interrupt.asked())"
    )
    assert printed(code, "env", "--block-signal=TERM,USR1,USR2") == "''\nSIGTERM"


def test_outside_the_block_signals_do_what_they_did():
    listened = "with interrupt.listening():\n  send('SIGTERM'); print(interrupt.asked(), flush=True)\n"
    assert printed(listened) == "SIGTERM"
    assert run(f"{listened}send('SIGTERM')").returncode == -signal.SIGTERM
    mine = "signal.signal(signal.SIGTERM, lambda *_: print('mine'))\n"
    assert printed(f"{mine}{listened}send('SIGTERM')") == "SIGTERM\nmine"
    inner = "interrupt.listen()\nwith interrupt.listening(): pass\nsend('SIGUSR1'); print(interrupt.asked())"
    assert printed(inner) == "SIGUSR1"


def test_in_another_thread_nothing_is_touched():
    code = """
def work():
    with interrupt.listening(): print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
thread = threading.Thread(target=work); thread.start(); thread.join()"""
    assert printed(code) == "True"


def test_what_comes_too_late_has_no_effect():
    code = "interrupt.listen(); interrupt.ignore()\nfor name in ('SIGTERM', 'SIGUSR1', 'SIGUSR2'): send(name)\n"
    assert printed(f"{code}print(repr(interrupt.asked()))") == "''"
