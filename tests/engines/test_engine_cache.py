"""Where engines lie: whole or not at all, signed, and only one process at a time."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from gazeline.engines import engine_cache
from gazeline.engines.engine_cache import Identity, Record
from gazeline.engines.manifest import File

ENGINES = {"encoder.engine": b"\x01" * 1000, "decoder.engine": b"\x02" * 500}


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAZELINE_ENGINES", str(tmp_path / "engines"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def record(library: str = "tensorrt 10.3.0", **changes: str) -> Record:
    identity = Identity(
        model="toy",
        precision="fp16",
        library=library,
        capability="sm_87",
        source={"encoder.onnx": "a" * 64},
        networks={"encoder.onnx": "b" * 64},
        shapes={"point_coords": [[1, 1, 2], [1, 2, 2], [8, 9, 2]]},
    )
    identity = msgspec.structs.replace(identity, **changes)
    import hashlib

    files = {name: File(len(data), hashlib.sha256(data).hexdigest()) for name, data in ENGINES.items()}
    return Record(identity, files, {}, 1.0)


def test_what_was_written_is_read() -> None:
    place = engine_cache.write(record(), ENGINES)
    assert engine_cache.places() == [place]
    read = engine_cache.read(place)
    assert read.identity == record().identity
    assert {name: (place / name).read_bytes() for name in read.engines} == ENGINES


@pytest.mark.parametrize(
    "changes", [{"library": "tensorrt 10.16.1"}, {"capability": "sm_86"}, {"precision": "int8"}, {"model": "other"}]
)
def test_all_that_an_engine_depends_on_is_in_its_name(changes: dict[str, str]) -> None:
    assert record(**changes).identity.key != record().identity.key


def test_a_damaged_engine_is_not_trusted() -> None:
    place = engine_cache.write(record(), ENGINES)
    (place / "encoder.engine").write_bytes(b"\x01" * 999 + b"\x00")
    with pytest.raises(ValueError, match=r"encoder\.engine is not the engine that was built; build it again"):
        engine_cache.read(place)
    (place / "encoder.engine").unlink()
    with pytest.raises(ValueError, match=r"lacks its engine 'encoder\.engine'"):
        engine_cache.read(place)


def test_a_changed_record_is_not_trusted() -> None:
    place = engine_cache.write(record(), ENGINES)
    path = place / engine_cache.RECORD
    path.write_bytes(path.read_bytes().replace(b"sm_87", b"sm_86"))
    with pytest.raises(ValueError, match="was not built by this machine"):
        engine_cache.read(place)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="build the engines again"):
        engine_cache.read(place)


def test_an_engine_of_another_machine_needs_that_machine_s_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = engine_cache.write(record(), ENGINES)
    theirs = (tmp_path / "config" / "gazeline" / "engine.key").read_text()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another"))
    with pytest.raises(ValueError, match="was not built by this machine"):
        engine_cache.read(place)
    keys = tmp_path / "another" / "gazeline" / "engine-keys"
    keys.mkdir(parents=True)
    (keys / "builder.key").write_text(theirs)
    (keys / "builder.key").chmod(0o644)
    with pytest.raises(PermissionError, match="others can read the engine key"):
        engine_cache.read(place)
    (keys / "builder.key").chmod(0o600)
    assert engine_cache.read(place).identity.model == "toy"
    (keys / "builder.key").write_text("not a key")
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        engine_cache.read(place)


def test_the_key_is_its_owner_s_only(tmp_path: Path) -> None:
    engine_cache.write(record(), ENGINES)
    assert (tmp_path / "config" / "gazeline" / "engine.key").stat().st_mode & 0o777 == 0o600


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    place = engine_cache.write(record(), ENGINES)
    elsewhere = tmp_path / "elsewhere"
    (place / "encoder.engine").rename(elsewhere)
    (place / "encoder.engine").symlink_to(elsewhere)
    with pytest.raises(ValueError, match="lacks its engine"):
        engine_cache.read(place)


def test_no_room_leaves_what_was_there_and_nothing_else() -> None:
    """A limit on the size of files is met as a full disk is: half-way through the write."""
    place = engine_cache.write(record(), ENGINES)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    larger = {name: data * 100 for name, data in ENGINES.items()}
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        with pytest.raises(OSError, match=r"the engines \(0 MB\) cannot be written to .*toy-fp16"):
            engine_cache.write(record(), larger)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert engine_cache.read(place).engines["encoder.engine"].bytes == 1000
    assert [path.name for path in engine_cache.folder().iterdir()] == [place.name]


def test_another_process_waits_for_the_lock() -> None:
    code = "from gazeline.engines import engine_cache as c\nwith c.locked('a'): print('in', flush=True)"
    with engine_cache.locked("a"):
        other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(1.5)
    assert other.communicate(timeout=30)[0] == b"in\n"
