"""A queue on disk of what a tracker hasn't received yet."""

import fcntl
import json
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say

Note = dict[str, Any]
NOTES, SENT, LOCK = "notes.jsonl", "sent", "lock"
MOST_IN_MEMORY = 10_000
"""Notes that are held where the disk takes none."""
LOCK_TIMEOUT_S = 10.0


class Journal:
    """Notes in the order in which they were made; those that were delivered are forgotten.

    One process at a time has it. Where the disk is full, notes wait in memory for room.
    """

    def __init__(self, folder: Path) -> None:
        """Goes on with what an earlier process left; a line that a kill cut off is dropped.

        Raises:
            ShipworthyError: another process has it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder / LOCK)
        self._turn = threading.RLock()
        self._file = os.open(folder / NOTES, os.O_RDWR | os.O_CREAT, 0o644)
        self._cursor = os.open(folder / SENT, os.O_RDWR | os.O_CREAT, 0o644)
        self._size = os.fstat(self._file).st_size
        tail = os.pread(self._file, self._size, 0)
        self._size = tail.rfind(b"\n") + 1
        os.ftruncate(self._file, self._size)
        sent = int(os.pread(self._cursor, 20, 0) or b"0")
        self._note_sent(sent if sent <= self._size else 0)
        self._held: list[bytes] = []
        self._full = False
        self._dropped = 0

    def add(self, note: Note) -> None:
        """Appends a note; a full disk is a warning."""
        with self._turn:
            self._held.append(
                json.dumps(note, ensure_ascii=False, default=str).encode(errors="backslashreplace") + b"\n"
            )
            try:
                text = b"".join(self._held)
                taken = os.pwrite(self._file, text, self._size)
                if taken < len(text):  # the disk is all but full, and says so at the next byte
                    os.pwrite(self._file, text[taken:], self._size + taken)
            except OSError as error:
                os.ftruncate(self._file, self._size)
                self._hold(error)
            else:
                self._size += len(text)
                self._held.clear()
                self._full = False

    def _hold(self, error: OSError) -> None:
        if not self._full:
            say(f"the tracker's notes can't be written ({error.strerror}): they wait in memory, the run goes on")
            self._full = True
        if len(self._held) > MOST_IN_MEMORY:
            self._dropped += 1
            del self._held[0]
            if self._dropped == 1:
                say(f"more than {MOST_IN_MEMORY} of the tracker's notes wait in memory: the oldest are dropped")

    def waiting(self, most: int) -> list[Note]:
        """The oldest notes that were not delivered, at most so many."""
        with self._turn:
            lines = self._lines(most)
            return [json.loads(line) for line in lines or self._held[:most]]

    def delivered(self, count: int) -> None:
        """Forgets the oldest notes, as many as `waiting` gave and the tracker has."""
        with self._turn:
            if self._sent == self._size:
                del self._held[:count]
                return
            self._sent += sum(len(line) for line in self._lines(count))
            over = self._sent == self._size
            # In place, so that a full disk takes it too. A kill before it sends a note twice, which trackers notice.
            self._note_sent(0 if over else self._sent)
            if over:
                os.ftruncate(self._file, 0)
                self._size = 0

    def count(self) -> int:
        """How many notes wait."""
        with self._turn:
            return os.pread(self._file, self._size - self._sent, self._sent).count(b"\n") + len(self._held)

    def sync(self) -> None:
        """Makes what was added outlive the machine, where the disk can."""
        with suppress(OSError):
            os.fsync(self._file)

    def close(self) -> None:
        """Leaves it to the next process."""
        self.leave()
        for descriptor in (self._file, self._cursor, self._lock):
            os.close(descriptor)

    def leave(self) -> None:
        """Leaves it to the next process, while a thread of this one still hangs in it."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _note_sent(self, place: int) -> None:
        self._sent = place
        os.pwrite(self._cursor, b"%020d" % place, 0)

    def _lines(self, most: int) -> list[bytes]:
        found: list[bytes] = []
        block, place = 1 << 16, self._sent
        text = b""
        while len(found) < most and place < self._size:
            read = os.pread(self._file, min(block, self._size - place), place)
            place += len(read)
            text += read
            *whole, text = text.split(b"\n")
            found += [line + b"\n" for line in whole]
        return found[:most]


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    until = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                run = path.parents[1].name
                raise ShipworthyError(
                    f"another process still sends the notes of {run} to its tracker: wait until it has ended."
                ) from None
            time.sleep(0.1)
        else:
            return descriptor
