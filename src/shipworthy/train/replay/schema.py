"""General rows beside the task's, so that less is forgotten: `trainer.replay`."""

from dataclasses import dataclass, fields

from shipworthy.core.errors import UsageError
from shipworthy.core.validation import above


@dataclass
class Replay:
    """A replay buffer: each batch has some general rows beside the task's.

    Without a file they are the practised half of the suite of general questions (train/general/), as the model itself
    answers them before the training: what it could do is rehearsed, and nothing is taught (Robins 1995, Connection
    Science 7:123). With one they are yours (experience replay: Rolnick et al. 2019, arXiv 1811.11682).

    Attributes:
        share: of a batch's rows that are general, on average over the steps (0: none; below 1). The task's rows stay
            trainer.batch_size; general ones come on top.
        file: JSON lines with `prompt`, `answer` and, where there is one, `system`, all texts; a path from the project's
            root (empty: the model's own answers).
        new_tokens: of an own answer, at most (tokens).
    """

    share: float = 0.0
    file: str = ""
    new_tokens: int = 48

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise UsageError(f"trainer.replay.share={self.share}: give a share from 0 to below 1, such as 0.2.")
        for one in fields(self)[1:]:
            if not self.share and getattr(self, one.name) != one.default:
                raise UsageError(
                    f"trainer.replay.{one.name} has no effect while trainer.replay.share=0: set a share, such as 0.2, "
                    "or leave it out."
                )
        if self.file and self.new_tokens != type(self).new_tokens:
            raise UsageError(
                "trainer.replay.new_tokens has no effect with trainer.replay.file, whose answers are written already: "
                "leave one of them out."
            )
        above("trainer.replay.new_tokens", self.new_tokens, 0)
