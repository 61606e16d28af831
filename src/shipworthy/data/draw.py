"""Chance that depends on a row's id and nothing else: not on the other rows, nor on their order."""

import hashlib
from collections.abc import Iterable


def draw(ids: Iterable[str], salt: str) -> list[float]:
    """A number in [0, 1) for each id; another salt gives other numbers."""
    keyed = hashlib.blake2b(salt.encode(), digest_size=8)
    return [_number(keyed.copy(), identity) for identity in ids]


def _number(digest: "hashlib.blake2b", identity: str) -> float:
    digest.update(b"\0" + identity.encode())
    return int.from_bytes(digest.digest()[:7], "big") / (1 << 56)
