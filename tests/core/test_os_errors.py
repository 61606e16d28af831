import errno
import os

import pytest

from shipworthy.core.os_errors import sentence


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk is full while writing /d/x: free some space"),
        (errno.EROFS, "/d/x can't be written, for it lies on a read-only file system"),
        (errno.EACCES, "/d/x is not this user's to open (Permission denied)"),
        (errno.ECONNRESET, ""),
    ],
)
def test_what_a_user_can_do(number: int, said: str) -> None:
    found = sentence(OSError(number, os.strerror(number), "/d/x"))
    assert found.startswith(said) and bool(found) == bool(said)
    assert "\n" not in found
