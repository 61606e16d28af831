"""Which keys the next tokens of rows see that were filled up to one length, by each token's place in its own row.

transformers counts a window in columns. Where padding stands between a shared prefix and a row's own tokens, a token's
column says nothing of how far behind it a key stands.

Shapes: B rows, L new tokens, K columns of keys.
"""

import torch

PADDING = -1
"""The position of a column that holds no token."""


class Columns:
    """The columns of a batch.

    Args:
        position_BK: each key's place in its own row, or `PADDING`.
        new: columns at the end whose tokens are the queries.
    """

    def __init__(self, position_BK: torch.Tensor, new: int) -> None:
        self.position_BK, self.new = position_BK, new
        self._seen: dict[int | None, torch.Tensor] = {}

    def seen(self, window: int | None) -> torch.Tensor:
        """Which keys each new token sees: seen_B1LK. Padding sees itself, for softmax needs something.

        Args:
            window: tokens that a token sees, itself included (None: all before it).
        """
        if window not in self._seen:
            behind_BLK = self.position_BK[:, -self.new :, None] - self.position_BK[:, None, :]
            seen_BLK = (behind_BLK >= 0) & (self.position_BK[:, None, :] != PADDING)
            if window is not None:
                seen_BLK &= behind_BLK < window
            own_LK = torch.eye(self.new, dtype=torch.bool, device=seen_BLK.device)
            seen_BLK[:, :, -self.new :] |= own_LK
            self._seen[window] = seen_BLK[:, None]
        return self._seen[window]
