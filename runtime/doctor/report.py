"""``gazeline doctor``: what is installed, what works on this machine, what is missing and the command that gets it.

Devices and drivers are really tried, each in a process of its own with a time limit, since a broken driver may crash or
hang whoever asks it.
"""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import zmq
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gazeline.engines import bundle
from gazeline.runtime import keys
from gazeline.runtime.bus_address import private_folder
from gazeline.runtime.doctor import engines, machine, probes
from gazeline.runtime.doctor.finding import Finding
from gazeline.runtime.hub import OLDEST_LIBZMQ

MARKS = {"ok": ("✓", "green"), "missing": ("?", "yellow"), "broken": ("✗", "bold red"), "note": ("·", "dim")}


def examine() -> list[Finding]:
    """Everything that was found out, in the order in which it is shown. Takes some seconds."""
    checks: list[Callable[[], Sequence[Finding]]] = [
        machine.python,
        machine.packages,
        machine.processor,
        models,
        bus,
        probes.inference,
        probes.cuda,
        engines.tensorrt,
        engines.engines,
        engines.choices,
        probes.offscreen_opengl,
        probes.browser,
        probes.openxr,
    ]
    with ThreadPoolExecutor(4) as pool:
        return [finding for findings in pool.map(_survived, checks) for finding in findings]


def main(as_json: bool = False) -> int:
    """Print the findings; 1 if something is broken that everybody needs, else 0."""
    findings = examine()
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(findings), indent=2).decode() + "\n")
    else:
        show(findings, Console())
    return int(any(finding.hurts for finding in findings))


def show(findings: Sequence[Finding], console: Console) -> None:
    """A table for people, and the verdict."""
    group = ""
    table = Table.grid(padding=(0, 2))
    for finding in findings:
        if finding.group != group:
            group = finding.group
            table.add_row("", Text(f"\n{group}", "bold"), "")
        sign, style = MARKS[finding.state]
        said = Text(finding.said)
        if finding.fix:
            said.append(f"\n→ {finding.fix}", "cyan")
        table.add_row(Text(sign, style), Text(finding.name), said)
    console.print(table)
    hurting = [finding.name for finding in findings if finding.hurts]
    if hurting:
        console.print(Text(f"\nGazeline cannot run here: {', '.join(hurting)}.", "bold red"))
    else:
        console.print(Text("\nGazeline can run here.", "bold green"))


def models() -> list[Finding]:
    """The model bundles, each file checked."""
    found = []
    for name, folder in bundle.list_bundles().items():
        needed = name == bundle.DEFAULT
        try:
            loaded = bundle.load(folder)
        except (ValueError, OSError) as error:
            fix = (
                "pip install --force-reinstall gazeline"
                if needed
                else f"rm -r {folder}, and fetch or export the model again"
            )
            found.append(Finding("Models", name, "broken", str(error), fix, needed))
        else:
            said = f"{loaded.bytes / 1e6:.1f} MB, {loaded.manifest.licence}, {folder}"
            found.append(Finding("Models", name, "ok", said, needed=needed))
    if not any(finding.name == bundle.DEFAULT for finding in found):
        said = "the model that comes with the package is not there"
        found.append(
            Finding("Models", bundle.DEFAULT, "broken", said, "pip install --force-reinstall gazeline", needed=True)
        )
    return found


def bus() -> list[Finding]:
    """libzmq, and the folders of sockets and keys."""
    found = []
    recent = zmq.zmq_version_info() >= OLDEST_LIBZMQ
    fix = "" if recent else "pip install --upgrade pyzmq"
    found.append(Finding("Bus", "libzmq", "ok" if recent else "broken", zmq.zmq_version(), fix, needed=True))
    if not zmq.has("curve"):
        fix = "pip install --force-reinstall pyzmq"
        found.append(Finding("Bus", "encryption", "missing", "this libzmq has no CURVE: ipc buses only", fix))
    try:
        found.append(Finding("Bus", "sockets", "ok", str(private_folder()), needed=True))
    except OSError as error:
        found.append(Finding("Bus", "sockets", "broken", str(error), needed=True))
    path = keys.key_path()
    if path.exists():
        try:
            keys.load_or_create(path)
            found.append(Finding("Bus", "keys", "ok", str(path)))
        except (ValueError, OSError) as error:
            found.append(Finding("Bus", "keys", "broken", str(error)))
    else:
        found.append(Finding("Bus", "keys", "note", f"{path} is made when tcp is first used"))
    return found


def _survived(check: Callable[[], Sequence[Finding]]) -> Sequence[Finding]:
    """A check that fails in a way that nobody thought of is a finding too: here of all places nothing may end."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001
        return [Finding("Other", check.__name__, "broken", f"the check itself failed: {error!r}")]
