"""What can't work is refused in one sentence; the rest goes through OmegaConf."""

import pytest
from omegaconf import OmegaConf

from shipworthy.core.errors import UsageError
from shipworthy.train.monitor.schema import (
    Forgetting,
    Monitor,
    NotFinite,
    Overfitting,
    Patience,
    Plateau,
    Rollback,
    Spike,
)


def test_settings_go_through_omegaconf_and_back() -> None:
    node = OmegaConf.structured(Monitor)
    node.spike.action = "rollback"
    node.plateau.window = 7
    config = OmegaConf.to_object(node)
    assert isinstance(config, Monitor)
    assert (config.spike.action, config.plateau.window, config.plateau.stride, config.spike.stride) == (
        "rollback",
        7,
        7,
        1,
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"plateau": Plateau(action="skip")}, "trainer.monitor.plateau.action=skip is not possible"),
        ({"forgetting": Forgetting(action="skip")}, "trainer.monitor.forgetting.action=skip is not possible"),
        ({"forgetting": Forgetting(action="off", during=2)}, "forgetting.during=2 has no effect while"),
        ({"forgetting": Forgetting(during=9, questions=8)}, "forgetting.during=9 is more than"),
        ({"forgetting": Forgetting(margin=1.0)}, "forgetting.margin=1.0 must be between 0 and 1"),
        ({"not_finite": NotFinite(action="warn")}, "not finite can't be trained on"),
        ({"spike": Spike(action="halt")}, "choose one of off, warn, skip, finish, rollback, stop"),
        ({"spike": Spike(window=0)}, "trainer.monitor.spike.window=0 must be above 0"),
        ({"plateau": Plateau(least=1.0)}, "trainer.monitor.plateau.least=1.0 must be between 0 and 1"),
        ({"plateau": Plateau(action="finish")}, "it is judged between validations"),
        ({"patience": Patience(action="stop")}, "finish ends the run as well"),
        ({"patience": Patience(validations=5)}, "trainer.monitor.patience.validations=5 has no effect while"),
        ({"spike": Spike(action="off", window=9)}, "trainer.monitor.spike.window=9 has no effect while"),
        ({"overfitting": Overfitting(validations=3)}, "trainer.monitor.overfitting.validations=3 is too few"),
        ({"overfitting": Overfitting(chance=1.0)}, "trainer.monitor.overfitting.chance=1.0 must be between 0 and 1"),
        ({"rollback": Rollback(factor=1.0)}, "trainer.monitor.rollback.factor=1.0"),
        ({"skips": 0}, "skips"),
    ],
)
def test_what_cannot_work_is_refused(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        Monitor(**settings)  # type: ignore[arg-type]
    assert sentence in str(caught.value) and "\n" not in str(caught.value)
