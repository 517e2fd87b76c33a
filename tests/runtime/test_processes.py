"""Watched children: real processes that die, hang, fill their pipe, or lose their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from gazeline.runtime.processes import RESTARTS_MAX, Ended, Family, Program


def python(name: str, code: str) -> Program:
    return Program(name, (sys.executable, "-c", code))


SLEEPS = "import time; time.sleep(60)"


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def ends(family: Family) -> Ended:
    deadline_s = time.monotonic() + 20.0
    while time.monotonic() < deadline_s:
        for ended in family.ended():
            return ended
        time.sleep(0.02)
    pytest.fail("it did not end")


def gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_death_is_reported_with_the_programs_own_sentence() -> None:
    code = "import sys; print('starting'); print('error: no such scene', file=sys.stderr); sys.exit(2)"
    with Family() as family:
        family.start(python("simulator", code))
        ended = ends(family)
        assert (ended.program.name, ended.code, ended.reason) == ("simulator", 2, "no such scene")
        assert family.ended() == []  # told once


def test_a_death_without_a_sentence_still_says_something() -> None:
    with Family() as family:
        family.start(python("a", "raise RuntimeError('out of luck')"))
        assert ends(family).reason == "exit code 1: RuntimeError: out of luck"
        family.start(python("b", "import os; os.kill(os.getpid(), 9)"))
        assert ends(family).reason == "it was killed by SIGKILL"


def test_started_again_but_not_for_ever() -> None:
    with Family() as family:
        dies = python("dies", "pass")
        family.start(dies)
        for _ in range(RESTARTS_MAX):
            ends(family)
            assert family.restart(dies)
        ends(family)
        assert not family.restart(dies)


def test_a_program_that_talks_much_does_not_block() -> None:
    with Family() as family:
        family.start(python("loud", "for i in range(100_000): print('line', i)"))
        ended = ends(family)
        assert ended.code == 0
        assert ended.last_lines[-1] == "line 99999"


def test_leaving_ends_all_even_the_deaf_and_their_children(tmp_path: Path) -> None:
    child = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]); "
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        + child
        + f"open({str(tmp_path / 'pid')!r}, 'w').write(str(p.pid)); time.sleep(60)"
    )
    with Family() as family:
        family.start(python("deaf", deaf))
        family.start(python("polite", SLEEPS))
        pids = list(family.pids.values())
        assert wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
        pids.append(int((tmp_path / "pid").read_text()))
    assert all(wait_for(lambda pid=pid: gone(pid)) for pid in pids)  # type: ignore[misc]


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_a_killed_supervisor_leaves_no_orphans() -> None:
    code = (
        "import sys, time; from gazeline.runtime.processes import Family, Program\n"
        f"family = Family(); family.start(Program('child', (sys.executable, '-c', {SLEEPS!r})))\n"
        "print(family.pids['child'], flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        assert wait_for(lambda: "tether" not in " ".join(psutil.Process(pid).cmdline()))  # tied by now
        os.kill(supervisor.pid, signal.SIGKILL)
    assert wait_for(lambda: gone(pid))
