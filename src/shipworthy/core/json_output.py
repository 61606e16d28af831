"""`--json` on what reports: one document on standard output, and everything else that is said on standard error."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

FLAG = "--json"


@contextmanager
def one_document(wanted: bool) -> Iterator[Callable[[Any], None]]:
    """Yields what takes the document: it is printed at the block's end, if it is wanted.

    Until then what the block says goes to standard error.
    """
    found: list[Any] = []
    if not wanted:
        yield found.append
        return
    try:
        with redirect_stdout(sys.stderr):
            yield found.append
    finally:
        for document in found:
            print(json.dumps(document, indent=2, ensure_ascii=False, default=str), flush=True)
