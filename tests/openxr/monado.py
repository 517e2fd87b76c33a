"""A real OpenXR runtime without a headset: Monado with a scripted head, on an X server without a screen.

The service's "remote" headset takes poses over TCP (src/xrt/drivers/remote/r_interface.h of Monado 25.0); its
compositor shows both eyes in a window, of which pictures are taken.
"""

import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.se3 import SE3
from gazeline.runtime.hud.views import Eye, Views

Image = NDArray[np.uint8]

MANIFEST = "/usr/share/openxr/1/openxr_monado.json"
MAGIC = b"mndrmt3\0"
PORT = 4242
PACKET_BYTES = 376
HEAD_AT, LEFT_AT, RIGHT_AT = 104, 136, 256  # bytes in the packet
TRIGGER_VALUE_AT, ACTIVE_AT, TRIGGER_CLICK_AT = 72, 105, 112  # within a controller
SCREEN_PX = (1920, 1080)
TANGENTS = (0.9163311, 0.9163311, 0.9868182, 0.9868182)  # of the remote headset's views: left, right, up, down
BETWEEN_EYES_M = 0.063
START_S = 60.0
PATIENCE_S = 60.0  # a busy machine shows a frame or two a second


def wait_for(condition: Callable[[], object], seconds: float = PATIENCE_S) -> bool:
    """Whether a condition came true in time."""
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        if condition():
            return True
        time.sleep(0.03)
    return bool(condition())


@dataclass(frozen=True, eq=False)
class Head:
    """What the scripted headset is to report. ``trigger``: the right controller's is pulled."""

    T_world_head: SE3
    trigger: bool = False

    def packet(self) -> bytes:
        data = bytearray(PACKET_BYTES)
        data[:8] = MAGIC
        struct.pack_into("<7f", data, HEAD_AT, *_pose(self.T_world_head))
        for start, x in ((LEFT_AT, -0.2), (RIGHT_AT, 0.2)):
            struct.pack_into("<7f", data, start, 0.0, 0.0, 0.0, 1.0, x, 1.3, -0.5)
            data[start + ACTIVE_AT] = 1
        if self.trigger:
            struct.pack_into("<f", data, RIGHT_AT + TRIGGER_VALUE_AT, 1.0)
            data[RIGHT_AT + TRIGGER_CLICK_AT] = 1
        return bytes(data)

    def views(self) -> Views:
        """From where the compositor shows the world."""
        width = SCREEN_PX[0] // 2
        eyes = tuple(
            Eye(self.T_world_head @ SE3(np.array((1.0, 0.0, 0.0, 0.0)), np.array((x, 0.0, 0.0))), TANGENTS)
            for x in (-BETWEEN_EYES_M / 2.0, BETWEEN_EYES_M / 2.0)
        )
        return Views(self.T_world_head, eyes, (TANGENTS[0] + TANGENTS[1]) / width)


class Monado:
    """The X server, the service and the scripted head."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._log = folder / "monado.log"
        self._x, self.screen = _x_server()
        self._service: subprocess.Popen[bytes] | None = None
        self._remote: socket.socket | None = None
        self.head = Head(standing())
        self.environment = os.environ | {
            "XDG_RUNTIME_DIR": str(folder),
            "HOME": str(folder),
            "XR_RUNTIME_JSON": MANIFEST,
        }

    def start(self) -> None:
        """Start the service and take hold of the head."""
        environment = self.environment | {
            "DISPLAY": self.screen,
            "XRT_NO_STDIN": "1",
            "P_OVERRIDE_ACTIVE_CONFIG": "remote",
            "XRT_COMPOSITOR_FORCE_XCB": "1",
            "XRT_COMPOSITOR_XCB_FULLSCREEN": "1",
            "XRT_COMPOSITOR_SCALE_PERCENTAGE": "100",  # of the screen: what is drawn is what is shown, pixel by pixel
            "XRT_COMPOSITOR_DISABLE_DEFERRED": "1",
        }
        with self._log.open("wb") as log:
            self._service = subprocess.Popen(["monado-service"], env=environment, stdout=log, stderr=log)
        ready = self._folder / "monado_comp_ipc"
        assert wait_for(lambda: ready.exists() and b"service has started" in self._log.read_bytes(), START_S), self._log
        self._remote = socket.create_connection(("127.0.0.1", PORT), timeout=10.0)
        self.turn(self.head)

    def kill(self) -> None:
        """End the service as a crash does."""
        self._end(signal.SIGKILL)
        for left in ("monado_comp_ipc", "monado.pid"):
            (self._folder / left).unlink(missing_ok=True)

    def turn(self, head: Head) -> None:
        """From now on the headset is here."""
        assert self._remote is not None
        self.head = head
        self._remote.sendall(head.packet())

    def pull(self, pulled: bool) -> None:
        """Pull the right controller's trigger, or let it go."""
        self.turn(replace(self.head, trigger=pulled))

    def screenshot(self) -> tuple[Image, Image]:
        """What the left and the right eye are shown, (H, W, 3) RGB each."""
        command = ["import", "-silent", "-window", "root", "png:-"]
        data = subprocess.run(
            command, env=os.environ | {"DISPLAY": self.screen}, capture_output=True, check=True
        ).stdout
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        shown = decoded[..., ::-1]
        half = shown.shape[1] // 2
        return np.ascontiguousarray(shown[:, :half]), np.ascontiguousarray(shown[:, half:])

    @staticmethod
    def keep(shots: tuple[Image, Image], name: str) -> None:
        """Write what was seen into the folder GAZELINE_PICTURES, if that is set, for people to look at."""
        if folder := os.environ.get("GAZELINE_PICTURES"):
            cv2.imwrite(f"{folder}/{name}.png", np.concatenate(shots, axis=1)[..., ::-1])

    def _end(self, how: signal.Signals) -> None:
        if self._remote is not None:
            self._remote.close()
        if self._service is not None:
            self._service.send_signal(how)
            self._service.wait(timeout=10.0)
        self._remote = self._service = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._end(signal.SIGTERM)
        finally:
            self._x.terminate()
            self._x.wait(timeout=10.0)


class HudProcess:
    """``gazeline hud`` in a process of its own, and what it says."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                ["python", "-m", "gazeline.runtime.cli", "hud", *arguments], env=environment, stdout=out, stderr=out
            )

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def until(self, text: str, seconds: float = PATIENCE_S, count: int = 1) -> None:
        """Wait until it has said something so often."""
        assert wait_for(lambda: self.said.count(text) >= count or self.process.poll() is not None, seconds), self.said
        assert self.said.count(text) >= count, self.said

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ask it to end, and wait; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def standing(yaw_deg: float = 0.0, xyz_m: tuple[float, float, float] = (0.0, 1.6, 0.0)) -> SE3:
    """T_world_head of somebody who looks along -z, turned to the left by ``yaw_deg``."""
    return SE3(SE3.exp((0.0, 0.0, 0.0, 0.0, np.radians(yaw_deg), 0.0)).quat_wxyz, np.array(xyz_m))


def _pose(T: SE3) -> tuple[float, ...]:
    w, x, y, z = T.quat_wxyz.tolist()
    return x, y, z, w, *T.xyz_m.tolist()


def _x_server() -> "tuple[subprocess.Popen[bytes], str]":
    read, write = os.pipe()
    screen = f"{SCREEN_PX[0]}x{SCREEN_PX[1]}x24"
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", screen, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:  # to the end of the line: it dies if nobody reads on
        number = _line(answer)
    return server, f":{number}"


def _line(stream: IO[str]) -> str:
    line = stream.readline().strip()
    assert line, "Xvfb did not start"
    return line
