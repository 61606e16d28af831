"""A Slurm that does not answer for a while ends nothing that waits for it."""

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.launch import sweep_status
from shipworthy.launch.job_state import JobState, State
from shipworthy.launch.retry import RETRY_FOR_S, with_retries
from shipworthy.launch.slurm import NoSlurmError
from shipworthy.launch.sweep import Sweep

SILENCE = ShipworthyError("squeue did not answer within 60 s: ask again.")


class Slurm:
    """Raises so often, each time after so many seconds, then answers."""

    def __init__(self, times: float, error: ShipworthyError = SILENCE, seconds: float = 0.0) -> None:
        self.times, self.error, self.seconds = times, error, seconds
        self.asked, self.now = 0, 1000.0

    def ask(self) -> str:
        self.asked += 1
        self.now += self.seconds
        if self.asked <= self.times:
            raise self.error
        return "two jobs"

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def answer(self) -> str:
        return with_retries(self.ask, clock=self.clock, sleep=self.sleep)


def test_a_silence_is_said_once_and_waited_for(capsys):
    slurm = Slurm(times=20)
    assert slurm.answer() == "two jobs"
    assert slurm.asked == 21
    assert capsys.readouterr().out.count("squeue did not answer within 60 s: ask again. It is asked again for 10") == 1


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_ten_minutes_without_an_answer_are_the_end(seconds):
    slurm = Slurm(times=float("inf"), seconds=seconds)
    with pytest.raises(ShipworthyError, match="squeue did not answer"):
        slurm.answer()
    assert RETRY_FOR_S <= slurm.now - 1000.0 < RETRY_FOR_S + 2 * seconds + 11


def test_no_slurm_at_all_is_said_at_once():
    slurm = Slurm(times=1, error=NoSlurmError("There is no squeue on this machine."))
    with pytest.raises(NoSlurmError):
        slurm.answer()
    assert slurm.asked == 1


def test_who_follows_a_sweep_survives_a_silence(tmp_path, monkeypatch, capsys):
    sweep = Sweep.new(tmp_path, "train", tmp_path, {}, [["optimizer.lr=1"]])
    sweep.make(["compute: {price_per_hour: 2.0, currency: USD}"])
    slurm = Slurm(times=2)
    over = sweep_status.SweepStatus(
        sweep, [JobState(State.FINISHED, "", 4, 4, 0, "17_0")], [{"17_0"}], [None], None, "off"
    )
    monkeypatch.setattr(sweep_status, "look", lambda sweep: slurm.ask() and over)
    monkeypatch.setattr("shipworthy.launch.retry.PAUSE_S", 0.0)
    assert sweep_status.follow(sweep) is over
    assert capsys.readouterr().out.count("did not answer") == 1
