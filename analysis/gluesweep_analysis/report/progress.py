"""What a long report tells while it is being made."""
from __future__ import annotations

import sys
import time
from typing import Callable

Progress = Callable[[str], None]


def silent(_: str) -> None:
    """No progress."""


class StderrProgress:
    """One line that is written over; on something that is no terminal, a line for each step that took long."""

    def __init__(self) -> None:
        self.begin = self.last = time.monotonic()
        self.terminal = sys.stderr.isatty()

    def __call__(self, words: str) -> None:
        now = time.monotonic()
        if self.terminal:
            sys.stderr.write(f"\r\033[K{now - self.begin:5.1f} s  {words}")
            sys.stderr.flush()
        elif now - self.last > 5.0:
            self.last = now
            print(f"{now - self.begin:5.1f} s  {words}", file=sys.stderr)

    def close(self) -> None:
        if self.terminal:
            sys.stderr.write("\r\033[K")
