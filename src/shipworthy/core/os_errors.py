"""What a user can do about an error of the operating system: a full disk, a read-only one, somebody else's file."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
"""Nothing can be written there by this user."""


def sentence(error: OSError) -> str:
    """The sentence for a user; empty where only a programmer can do something about it."""
    if error.errno in FULL:
        where = f" while writing {error.filename}" if error.filename else ""
        return f"the disk is full{where}: free some space and run it again; nothing half-written was left to be read."
    what = error.filename or "a file"
    if error.errno == errno.EROFS:
        return (
            f"{what} can't be written, for it lies on a read-only file system: mount that to be written to, or work in "
            "another folder, with workspace=…."
        )
    if error.errno in REFUSED:
        return (
            f"{what} is not this user's to open ({error.strerror}): in a project that several share, its owner gives "
            "their group the right with `chmod -R g+rwX` of the project, and all of them set `umask 002`."
        )
    return ""
