from shipworthy.core.memory import peak_mb, reset_peak


def test_the_peak_is_seen_after_it_is_over_and_counted_anew_after_a_reset() -> None:
    before = peak_mb()
    held = bytearray(300_000_000)
    held[::4096] = b"1" * len(held[::4096])
    high = peak_mb()
    del held
    assert high > max(300, before) and peak_mb() > high - 5  # the kernel counts in batches
    reset_peak()
    assert peak_mb() < high - 200
