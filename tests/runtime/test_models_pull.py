"""``gazeline models pull`` against a real server: verified, continued, refused, and nothing half there."""

import contextlib
import hashlib
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

import pytest

from gazeline.engines import bundle, downloads
from gazeline.runtime.models import pull as models_pull
from tests.engines import toy_pairs


class Server(ThreadingHTTPServer):
    """Serves ``files`` with ranges; ``break_after`` bytes it drops the next connection."""

    files: dict[str, bytes]
    break_after: int | None = None
    asked: list[str | None]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        data = self.server.files.get(self.path.removeprefix("/"))
        if data is None:
            self.send_error(404, "Not Found")
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start >= len(data):
            self.send_error(416, "Range Not Satisfiable")
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        stop, self.server.break_after = self.server.break_after, None
        self.wfile.write(data[start:] if stop is None else data[start : start + stop])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "served"
    folder.mkdir()
    toy_pairs.nanosam(folder)
    server = Server(("127.0.0.1", 0), Handler)
    server.files = {path.name: path.read_bytes() for path in folder.iterdir()}
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAZELINE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def _table(folder: Path, server: Server, *, sums: bool = True, commercial: bool = True) -> Path:
    rows = []
    for name, data in server.files.items():
        digest = f', sha256 = "{hashlib.sha256(data).hexdigest()}"' if sums else ""
        rows.append(f'{{ url = "http://127.0.0.1:{server.server_address[1]}/{name}"{digest} }}')
    path = folder / "table.toml"
    path.write_text(
        f'[toy]\nlicence = "Test Licence"\nby = "the tests"\ncommercial = {str(commercial).lower()}\n'
        f"files = [{', '.join(rows)}]\n"
    )
    return path


def _pull(
    table: Path,
    name: str = "toy",
    sha256: tuple[str, ...] = (),
    *,
    accept_unverified: bool = False,
    accept_licence: bool = False,
    replace: bool = False,
) -> None:
    models_pull.pull(
        name,
        table,
        sha256,
        accept_unverified=accept_unverified,
        accept_licence=accept_licence,
        replace=replace,
    )


def test_a_model_is_fetched_verified_and_added(server: Server, folders: Path) -> None:
    _pull(_table(folders, server))
    assert bundle.load("toy").manifest.licence == "Test Licence"
    assert not (folders / "cache" / "gazeline" / "downloads" / "toy").exists()


def test_a_broken_download_is_continued(server: Server, folders: Path) -> None:
    table = _table(folders, server)
    server.break_after = 300
    with pytest.raises(OSError, match="broke off; run the command again"):
        _pull(table)
    assert not (folders / "models" / "toy").exists()
    _pull(table)
    assert "bytes=300-" in server.asked
    assert bundle.load("toy").name == "toy"


def test_a_file_that_is_another_is_refused_and_removed(server: Server, folders: Path) -> None:
    table = _table(folders, server)
    server.files = {name: data[:-1] + b"x" for name, data in server.files.items()}
    with pytest.raises(ValueError, match="is not the file that it should be: its sha256 is"):
        _pull(table)
    assert not any((folders / "cache").rglob("*.part"))
    assert not (folders / "models" / "toy").exists()


def test_a_file_whose_sum_nobody_knows_needs_a_word(server: Server, folders: Path) -> None:
    table = _table(folders, server, sums=False)
    with pytest.raises(ValueError, match=r"no sha256 of .* is known.*--accept-unverified"):
        _pull(table)
    sums = tuple(hashlib.sha256(data).hexdigest().upper() for data in server.files.values())
    with pytest.raises(ValueError, match="is not the file that it should be"):
        _pull(table, sha256=sums[::-1])
    _pull(table, sha256=sums)
    _pull(table, accept_unverified=True, replace=True)
    assert bundle.load("toy").name == "toy"


def test_non_commercial_weights_are_not_fetched_without_consent(server: Server, folders: Path) -> None:
    table = _table(folders, server, commercial=False)
    with pytest.raises(
        ValueError, match=r"not for commercial use .Test Licence.; to agree to that, add --accept-licen"
    ):
        _pull(table)
    assert server.asked == []
    _pull(table, accept_licence=True)


@pytest.mark.parametrize(("answer", "fetched"), [("y", True), ("n", False)])
def test_at_a_terminal_consent_is_asked_for(server: Server, folders: Path, answer: str, fetched: bool) -> None:
    """The command itself, on a terminal of its own."""
    table = _table(folders, server, commercial=False)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gazeline.runtime.cli", "models", "pull", "toy", "--table", str(table)]
    with os.fdopen(ours, "r+b", buffering=0) as terminal:
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        said = _read(terminal, until=b"Do you agree to that?")
        assert server.asked == []
        terminal.write(f"{answer}\n".encode())
        said += _read(terminal, until=None)
        assert process.wait(timeout=60) == (0 if fetched else 2)
    assert b"Licence: Test Licence" in said
    assert (b"error: toy was not fetched" in said) == (not fetched)
    assert (folders / "models" / "toy").exists() == fetched
    assert bool(server.asked) == fetched


def _read(terminal: IO[bytes], until: bytes | None) -> bytes:
    """What a program writes on its terminal, up to a text or to its end."""
    said = b""
    with contextlib.suppress(OSError):  # Linux's way to say that the other side is closed
        while until is None or until not in said:
            found = terminal.read(4096)
            if not found:
                break
            said += found
    return said


def test_what_cannot_be_fetched_is_a_sentence(server: Server, folders: Path) -> None:
    table = _table(folders, server)
    with pytest.raises(ValueError, match=r"no address of 'nope' \(known: toy\)"):
        _pull(table, "nope")
    server.files = {}
    with pytest.raises(OSError, match="cannot be fetched: 404 Not Found"):
        _pull(table)
    table.write_text(table.read_text().replace("127.0.0.1", "example.org"))
    with pytest.raises(ValueError, match="is not an https address of a file"):
        _pull(table)
    table.write_text("[toy\n")
    with pytest.raises(ValueError, match=r"table\.toml: "):
        _pull(table)


def test_the_package_s_table_is_read_and_says_what_may_be_sold() -> None:
    table = downloads.read_table()
    assert table["sam-vit-b"].files[0].sha256
    assert not table["edge-sam-3x"].commercial
    assert all(remote.url.startswith("https://") for entry in table.values() for remote in entry.files)
