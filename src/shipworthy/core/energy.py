"""Power and energy."""

JOULES_PER_KWH = 3.6e6


def watts(idle: float, busy: float, share: float) -> float:
    """Power of a machine without its GPUs when so many of its cores work.

    Linear between idle and busy (Fan, Weber and Barroso 2007, Power provisioning for a warehouse-sized computer, ISCA).

    Args:
        idle, busy: at rest and at full work (watts).
        share: of the cores' time (0 to 1; what is beyond counts as the end).
    """
    return idle + min(1.0, max(0.0, share)) * (busy - idle)
