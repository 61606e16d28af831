"""Disks: how much is free, and which file system it is."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from shipworthy.core.finding import Finding, Level

MOUNTS = Path("/proc/self/mounts")
SHARED = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.sshfs", "glusterfs", "gpfs"),
    *("lustre", "nfs", "nfs4", "orangefs", "panfs", "pvfs2", "smb3", "smbfs", "wekafs"),
}
"""Types of file systems that several machines mount at once."""


def file_system(path: Path, mounts: Path = MOUNTS) -> str:
    """The type of the file system on which a path is, or would be, e.g. `ext4`.

    Args:
        mounts: the table of what is mounted where (man 5 fstab).
    """
    place, found, longest = path.resolve(), "", 0
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, point, kind, *_ = line.split(" ")
        point = point.encode().decode("unicode_escape")  # a space is written as \040
        if len(point) >= longest and place.is_relative_to(point):  # of the same point, what was mounted last
            found, longest = kind, len(point)
    return found


def examine(needs: Mapping[Path, float]) -> list[Finding]:
    """Whether folders have room, one finding for each disk.

    Args:
        needs: what is still to be written below each folder (bytes).
    """
    disks: dict[int, list[Path]] = {}
    for folder in needs:
        disks.setdefault(_there(folder).stat().st_dev, []).append(folder)
    return [_room(folders, sum(needs[folder] for folder in folders)) for folders in disks.values()]


def _room(folders: list[Path], need: float) -> Finding:
    where = " and ".join(map(str, folders))
    if locked := [folder for folder in folders if not os.access(_there(folder), os.W_OK)]:
        return Finding(Level.MISSING, "disk", f"{locked[0]} cannot be written to: change its permissions, or move.")
    free = shutil.disk_usage(_there(folders[0])).free
    said = f"{free / 1e9:.1f} GB are free for {where}; a run needs about {need / 1e9:.1f}"
    if free < need:
        return Finding(Level.MISSING, "disk", f"{said}: make room, or name another cache folder in SHIPWORTHY_CACHE.")
    if free < 2 * need:
        return Finding(Level.WARNING, "disk", f"{said}, so there is room for one: `runs/` holds what can go.")
    return Finding(Level.OK, "disk", said)


def _there(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())
