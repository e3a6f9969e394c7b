"""The shell's way in: it speaks, it does not think."""

from counterclick.cli.app import main

__all__ = ["main"]
