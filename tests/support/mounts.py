"""Small, full, read-only and foreign file systems: mounts that only one process group sees, and that end with it."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNSHARE = ("unshare", "--mount", "--propagation", "private") if os.geteuid() == 0 else ("unshare", "-r", "--mount")


@cache
def can_mount() -> bool:
    """Return whether this user may have mounts of its own."""
    if shutil.which("unshare") is None or shutil.which("nsenter") is None or os.geteuid() != 0:
        return False
    done = subprocess.run([*_UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return done.returncode == 0


class Mounts:
    """A mount namespace; `inside` tells where its directories are seen from outside."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            [*_UNSHARE, "sh", "-c", "echo ready; exec sleep 600"], stdout=subprocess.PIPE, text=True
        )
        if self._holder.stdout is None or self._holder.stdout.readline() != "ready\n":
            raise RuntimeError("no mount namespace")

    def enter(self, directory: Path) -> Sequence[str]:
        """Return what stands before a command line that is to see the mounts, and to run in ``directory``."""
        return ("nsenter", f"--target={self._holder.pid}", "--mount", f"--wdns={directory}")

    def inside(self, path: Path) -> Path:
        """Return ``path``, which is absolute, as the namespace sees it."""
        return Path(f"/proc/{self._holder.pid}/root{path}")

    def mount_memory(self, path: Path, *, size: str) -> None:
        """Mount an empty file system of ``size`` at ``path``; what lies there is put into it."""
        self._run("sh", "-c", 'mount -t tmpfs -o "size=$2" none /mnt && cp -a "$1/." /mnt/', "sh", str(path), size)
        self._run("mount", "--move", "/mnt", str(path))

    def mount_overlay(self, path: Path) -> bool:
        """Put an empty layer above ``path``, so that its directories cannot be renamed; return whether that works."""
        for name in ("upper", "work"):
            path.with_name(f"{path.name}-{name}").mkdir()
        layers = f"lowerdir={path},upperdir={path}-upper,workdir={path}-work"
        try:
            self._run("mount", "-t", "overlay", "-o", layers, "overlay", str(path))
        except subprocess.CalledProcessError:
            return False
        return True

    def resize(self, path: Path, *, size: str) -> None:
        """Change the size of what `mount_memory` made."""
        self._run("mount", "-o", f"remount,size={size}", str(path))

    def make_read_only(self, path: Path) -> None:
        """Let nobody write below ``path``."""
        self._run("mount", "--bind", str(path), str(path))
        self._run("mount", "-o", "remount,bind,ro", str(path))

    def _run(self, *command: str) -> None:
        subprocess.run([*self.enter(Path("/")), *command], check=True, capture_output=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout is not None:
            self._holder.stdout.close()
