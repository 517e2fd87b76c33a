"""What the documents say is so: the wire tables, the commands and the example of the README."""

import contextlib
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from msgspec import inspect

from gazeline.runtime import cli, config, messages
from gazeline.runtime.bus import BusAddress, Hub, Publisher, Subscriber
from gazeline.runtime.pupil_remote import PupilRemote
from gazeline.runtime.topics import TOPICS
from gazeline.runtime.wire import Received

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
WIRE = (REPOSITORY / "docs" / "wire.md").read_text(encoding="utf-8")
NS = f" ≥ 0 ≤ {2**63 - 1}"
STRUCTS = [
    struct
    for struct in vars(messages).values()
    if isinstance(struct, type) and issubclass(struct, msgspec.Struct) and struct.__module__ == messages.__name__
]


PLAIN = {
    inspect.IntType: "int",
    inspect.FloatType: "float",
    inspect.StrType: "str",
    inspect.BoolType: "bool",
    inspect.AnyType: "any",
    inspect.NoneType: "nil",
}


def described(kind: inspect.Type) -> str:
    """A field's type as docs/wire.md writes it."""
    match kind:
        case inspect.LiteralType(values=values):
            text = " or ".join(str(value) for value in values)
        case inspect.UnionType(types=types):
            text = " or ".join(described(item) for item in types)
        case inspect.ListType(item_type=item):
            text = f"list of {described(item)}"
        case inspect.TupleType(item_types=items):
            names = [described(item) for item in items]
            alike = len(set(names)) == 1
            text = f"[{names[0]} × {len(names)}]" if alike else f"[{', '.join(names)}]"  # noqa: RUF001
        case inspect.DictType(key_type=key, value_type=value):
            text = f"map of {described(key)} to {described(value)}"
        case inspect.StructType(cls=cls):
            text = cls.__name__
        case _:
            text = PLAIN[type(kind)] + bounds(kind)
    return text


def bounds(kind: inspect.Type) -> str:
    found = {sign: getattr(kind, name, None) for name, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))}
    return "".join(f" {sign} {value}" for sign, value in found.items() if value is not None).replace(".0", "")


def table_rows(heading: str) -> list[list[str]]:
    section = WIRE.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_wire_tables_are_the_messages(struct: type[msgspec.Struct]) -> None:
    inherited = set() if struct is messages.Message else {"topic", "capture_ns", "timestamp"}
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    expected = [
        [f"`{field.name}`", described(field.type).replace(f"int{NS}", "ns"), "yes" if field.required else ""]
        for field in info.fields
        if not (issubclass(struct, messages.Message) and field.name in inherited)
    ]
    assert [row[:3] for row in table_rows(f"### {struct.__name__}")] == expected


def test_wire_topics_are_the_topics() -> None:
    expected = [[f"`{topic.name}`", topic.message.__name__, str(topic.waiting)] for topic in TOPICS.values()]
    assert [row[:3] for row in table_rows("## Topics")] == expected


def test_wire_has_no_message_of_the_past() -> None:
    headings = re.findall(r"^### (\w+)$", WIRE, re.MULTILINE)
    assert sorted(headings) == sorted(struct.__name__ for struct in STRUCTS)


def test_readme_commands_and_options_exist(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.strip() for line in README.splitlines() if re.match(r"    gazeline ", line)]
    assert len(lines) > 10
    groups = {group.name for group in cli.app.registered_groups}
    for line in lines:
        words = line.split("#")[0].split()[1:]
        command = words[:2] if words[0] in groups else words[:1]
        with pytest.raises(SystemExit) as left:
            cli.main([*command, "--help"])
        shown = capsys.readouterr().out
        assert left.value.code == 0, line
        for option in re.findall(r"--[a-z-]+", line):
            assert option in shown, line


def test_readme_make_targets_and_links_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (REPOSITORY / link).is_file(), link


def example(name: str) -> str:
    """The README's program that begins with a comment of its name."""
    (code,) = [
        found for found in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if found.startswith(f"# {name}:")
    ]
    return str(code)


def test_readme_settings_are_settings() -> None:
    (text,) = [found for found in re.findall(r"```toml\n(.*?)```", README, re.DOTALL) if found.startswith("[bus]")]
    assert config.loads(text).bus.pupil_remote_port == 50020


def test_readme_publisher_is_heard(tmp_path: Path) -> None:
    """The example, run as it stands but for its bus, gives a picture and a gaze that nothing is wrong with."""
    code = example("headset.py")
    assert "ipc:///tmp/headset.in" in code
    assert "gazeline run --bus ipc:///tmp/headset\n" in README
    address = BusAddress.parse(f"ipc://{tmp_path}/headset")
    (tmp_path / "headset.py").write_text(code.replace("ipc:///tmp/headset.in", address.publish_endpoint))
    picture = np.full((480, 640, 3), 128, np.uint8)
    cv2.imwrite(str(tmp_path / "picture.jpg"), picture)
    heard: set[str] = set()
    command = [sys.executable, str(tmp_path / "headset.py"), str(tmp_path / "picture.jpg"), "640", "480"]
    with Hub(address), Subscriber(address, ["frame.world", "gaze.3d.01."]) as subscriber:
        process = subprocess.Popen(command)
        try:
            deadline_s = time.monotonic() + 20.0
            while len(heard) < 2 and time.monotonic() < deadline_s:
                heard |= {received.message.topic for received in subscriber.poll(100)}
        finally:
            process.kill()
            process.wait()
        assert heard == {"frame.world", "gaze.3d.01."}
        assert not any(count for reason, count in subscriber.dropped.items() if not reason.startswith("stale"))


def test_readme_forwarder_brings_pupil_capture_over(tmp_path: Path) -> None:
    """Pupil Capture is stood in for by our own Pupil Remote and a plain tcp bus, which speak as it does."""
    port, remote_port = free_ports(3)[::2]
    capture = BusAddress.parse(f"tcp://127.0.0.1:{port}", insecure_plain_tcp=True)
    address = BusAddress.parse(f"ipc://{tmp_path}/headset")
    code = example("pupil.py")
    assert "ipc:///tmp/headset.in" in code
    code = code.replace("ipc:///tmp/headset.in", address.publish_endpoint).replace("50020", str(remote_port))
    (tmp_path / "pupil.py").write_text(code)
    gaze = messages.Gaze(topic="gaze.3d.01.", timestamp=12.5, confidence=0.9, norm_pos=(0.5, 0.5))
    with Hub(capture), PupilRemote(capture, remote_port), Hub(address):
        process = subprocess.Popen([sys.executable, str(tmp_path / "pupil.py")])
        try:
            with Publisher(capture) as publisher, Subscriber(address, ["gaze.3d.01."]) as subscriber:
                deadline_s = time.monotonic() + 20.0
                heard: list[Received] = []
                while not heard and time.monotonic() < deadline_s:
                    publisher.send(gaze)
                    heard = subscriber.poll(50)
        finally:
            process.kill()
            process.wait()
    assert heard[0].message == gaze


def free_ports(count: int) -> list[int]:
    """As many ports in a row that nobody listens on."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            start = int(first.getsockname()[1])
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in range(start, start + count):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return list(range(start, start + count))
