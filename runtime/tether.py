"""``python -m gazeline.runtime.tether PARENT_PID PROGRAM ARGS…``: become PROGRAM, but end when the parent ends.

A supervisor that is killed cannot tell its children. On Linux the kernel does it: a signal of our choice on the
parent's death (prctl(2), PR_SET_PDEATHSIG), which outlives execve. It is set here, in the child, because code of ours
between fork and exec is unsafe in a parent with threads. Elsewhere children end with a parent that ends normally.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def command(program: Sequence[str]) -> list[str]:
    """The command line that runs ``program`` tied to this process."""
    return [sys.executable, "-m", "gazeline.runtime.tether", str(os.getpid()), *program]


def main(argv: Sequence[str]) -> NoReturn:
    parent_pid, program = int(argv[1]), list(argv[2:])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent_pid:  # the parent died before it could be told to the kernel
            sys.exit(0)
    os.execvp(program[0], program)


if __name__ == "__main__":
    main(sys.argv)
