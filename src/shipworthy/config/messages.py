"""One sentence for what Hydra or OmegaConf refused."""

from collections.abc import Sequence

from omegaconf.errors import ConfigAttributeError, ConfigKeyError

from shipworthy.config.keys import kinds_that_have


def one_line(error: BaseException) -> str:
    """The first line of an error's message, without its full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(". ")


def sentence(error: BaseException, overrides: Sequence[str] = ()) -> str:
    """One sentence for what Hydra or OmegaConf refused, though every key was known to some choice."""
    from hydra.errors import HydraException

    cause = error
    while isinstance(cause, HydraException) and (deeper := cause.__cause__ or cause.__context__):
        cause = deeper
    full_key = str(getattr(cause, "full_key", None) or "")
    reason = one_line(cause)
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and (found := kinds_that_have(full_key)):
        reason = f"the chosen {full_key.partition('.')[0]} does not have it, only {' and '.join(found)} has"
    for text in overrides:
        key = text.lstrip("+~").partition("=")[0]
        if key == full_key or f"'{key}'" in str(error) or text in str(error):
            return f"{text}: {reason}."
    return f"{full_key}: {reason}." if full_key else f"{reason}."
