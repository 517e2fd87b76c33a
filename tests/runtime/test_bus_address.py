"""Addresses and keys: what is private stays private, and what cannot work is said at once."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gazeline.runtime import keys
from gazeline.runtime.bus_address import BusAddress, private_folder


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with tempfile.TemporaryDirectory(prefix="gz") as short:
        monkeypatch.setenv("XDG_RUNTIME_DIR", short)
        yield Path(short)


def test_a_name_is_a_pair_of_sockets_in_a_private_folder(runtime_folder: Path) -> None:
    address = BusAddress.parse("gazeline")
    assert address.text == f"ipc://{runtime_folder}/gazeline/gazeline"
    assert address.publish_endpoint == f"ipc://{runtime_folder}/gazeline/gazeline.in"
    assert address.subscribe_endpoint == f"ipc://{runtime_folder}/gazeline/gazeline.out"
    assert not address.uses_curve
    assert stat.S_IMODE((runtime_folder / "gazeline").stat().st_mode) == 0o700
    assert BusAddress.parse(str(address)) == address


def test_tcp_is_two_ports_and_encrypted_unless_the_flag_says_otherwise() -> None:
    address = BusAddress.parse("tcp://127.0.0.1:5555")
    assert (address.publish_endpoint, address.subscribe_endpoint) == ("tcp://127.0.0.1:5555", "tcp://127.0.0.1:5556")
    assert address.uses_curve
    assert not BusAddress.parse("tcp://127.0.0.1:5555", insecure_plain_tcp=True).uses_curve
    assert BusAddress.parse("tcp://[::1]:5555").subscribe_endpoint == "tcp://[::1]:5556"
    assert BusAddress.parse("tcp://*:5555").subscribe_endpoint == "tcp://*:5556"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("udp://127.0.0.1:1", "use ipc:///folder/name, tcp://host:port or a bare name"),
        ("", "bare name"),
        ("a/b", "bare name"),
        ("tcp://127.0.0.1", "bare name"),
        ("tcp://127.0.0.1:65535", "the port must be 1 to 65534"),
        ("tcp://127.0.0.1:0", "the port must be 1 to 65534"),
        ("ipc://relative/name", "an ipc address is ipc:///folder/name"),
        ("ipc:///folder/", "an ipc address is ipc:///folder/name"),
        ("ipc:///" + "long/" * 30 + "name", "choose a shorter folder"),
    ],
)
def test_what_is_no_address_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^bus '") as error:
        BusAddress.parse(text)
    assert said in str(error.value)


def test_a_folder_that_others_may_enter_is_refused(runtime_folder: Path, tmp_path: Path) -> None:
    folder = private_folder()
    folder.chmod(0o755)
    with pytest.raises(PermissionError, match="mode 0700"):
        private_folder()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(PermissionError, match="mode 0700"):
        private_folder()


def test_without_a_runtime_folder_the_temporary_one_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/no/such/folder")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert private_folder() == tmp_path / f"gazeline-{os.getuid()}"


def test_keys_are_made_once_and_readable_by_their_owner_only() -> None:
    made = keys.load_or_create()
    assert keys.load_or_create() == made
    assert stat.S_IMODE(keys.key_path().stat().st_mode) == 0o600
    assert len({made.server_public, made.server_secret, made.client_public, made.client_secret}) == 4
    keys.key_path().chmod(0o640)
    with pytest.raises(PermissionError, match="run chmod 600"):
        keys.load_or_create()


def test_the_copy_for_clients_lacks_the_hubs_secret(tmp_path: Path) -> None:
    made = keys.load_or_create()
    copy = tmp_path / "copy.key"
    keys.save_client_copy(made, copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert made.server_secret not in copy.read_text()
    assert keys.load_or_create(copy).client_secret == made.client_secret
    with pytest.raises(FileExistsError, match="is not overwritten"):
        keys.save_client_copy(made, copy)


@pytest.mark.parametrize(
    "text", ["", "{}", "garbage", '{"server_public": "a", "client_public": "b", "client_secret": "c"}']
)
def test_a_broken_key_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "broken.key"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ValueError, match=r"broken\.key: no bus keys"):
        keys.load_or_create(file)
