"""A real run whose rate becomes 100 times too high: found, explained, taken back, and it learns on."""

import copy
from pathlib import Path
from typing import Any

import torch

from shipworthy.core.files import read_json
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack, token_losses
from shipworthy.train.monitor.detectors import detect
from shipworthy.train.monitor.findings import decide, rate_factor
from shipworthy.train.monitor.replay import row_losses, swapped_weights
from shipworthy.train.monitor.schema import Monitor, Rollback
from shipworthy.train.monitor.spike_report import write_spike_report
from tests.tiny import write_model
from tests.train.monitor.histories import Entry

ROWS = [Row([1, 40, 41, 50 + i], [60, 61, 60 + i % 3, 2]) for i in range(8)]
RATE, STEPS, BREAKS = 0.01, 110, 60


def test_a_rate_100_times_too_high_is_taken_back(tmp_path: Path) -> None:
    network = build(load_network(write_model(tmp_path / "tiny")), Lora(rank=8, alpha=16), seed=1).train()
    weights = {name: p for name, p in network.named_parameters() if p.requires_grad}
    config = Monitor(rollback=Rollback(factor=0.01))
    history: list[Entry] = []
    kept: list[dict[str, torch.Tensor]] = []
    moments: list[dict[str, Any]] = []
    optimizer = torch.optim.AdamW(weights.values(), lr=RATE)
    rollbacks = 0
    while len(history) < STEPS:
        kept.append({name: p.detach().clone() for name, p in weights.items()})
        moments.append(copy.deepcopy(optimizer.state_dict()))
        rate = RATE * (100 if len(history) >= BREAKS or rollbacks else 1) * rate_factor(rollbacks, config)
        rows = [ROWS[(len(history) + i) % 8] for i in range(4)]
        loss = token_losses(network.get_base_model(), pack(rows)).mean()
        loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(weights.values(), 1.0))
        history.append({"step": len(history) + 1, "loss": float(loss.detach()), "grad_norm": norm, "lr": rate})
        finding = decide(detect(history, config), rollbacks, config)
        if finding is None:
            optimizer.param_groups[0]["lr"] = rate
            optimizer.step()
        elif finding.action == "skip":
            history[-1]["skipped"] = 1
        else:
            assert (finding.action, rollbacks) == ("rollback", 0)
            good = finding.good  # steps done; here every step has its checkpoint
            assert BREAKS - 1 <= good <= BREAKS + 2 and finding.step <= BREAKS + 15

            def replayed(which: str, at: int = good, rows: list[Row] = rows) -> list[float]:
                with swapped_weights(network, kept[at] if which == "good" else {}):
                    return row_losses(network, rows)

            described = [{"id": i, "prompt": "", "answer": "", "tokens": 8, "supervised": 4} for i in range(4)]
            report = read_json(write_spike_report(tmp_path, finding, history, described, replayed, good))
            assert report["cause"] == "rate", report["because"]
            with torch.no_grad():
                for name, p in weights.items():
                    p.copy_(kept[good][name])
            optimizer.load_state_dict(moments[good])
            del history[good:], kept[good:], moments[good:]
            rollbacks += 1
        optimizer.zero_grad()
    assert rollbacks == 1
    assert max(row_losses(network, ROWS)) < 1.2
    assert sum(entry["loss"] for entry in history[-20:]) / 20 < 0.2
