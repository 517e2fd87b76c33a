"""Teaching a running runtime: over the bus and with the command, across restarts, and what becomes of it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gazeline.runtime.cli import main
from gazeline.runtime.messages import Overlay, Stats, UserPrompt
from gazeline.runtime.naming import gallery, teach
from tests.runtime.test_app import LEFT, RIGHT, Bench, model, outlines

__all__ = ["model"]  # a fixture


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def bench(tmp_path: Path, model: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, model)
    yield made
    made.close()


def called(name: str | None, px: tuple[float, float] = LEFT, bench: Bench | None = None) -> None:
    """Wait until the square around a pixel has a name, or none."""
    assert bench is not None
    bench.headset.look = px
    bench.until(Overlay, lambda overlay: outlines(px)(overlay) and overlay.objects[0].name == name)


def say(bench: Bench, kind: str, text: str, object_id: int | None = None) -> None:
    now_ns = time.monotonic_ns()
    prompt = UserPrompt(topic="prompt.user", capture_ns=now_ns, kind=kind, text=text, object_id=object_id)  # type: ignore[arg-type]
    bench.headset.publisher.send(prompt)


def test_what_is_taught_by_a_look_is_recognised_and_nothing_else_is_taken_for_it(
    bench: Bench, tmp_path: Path, model: Path
) -> None:
    called(None, LEFT, bench)
    say(bench, "teach", "my box")
    named = bench.until(Overlay, lambda overlay: bool(overlay.objects) and overlay.objects[0].name == "my box")
    assert named.objects[0].name_source == "taught"
    assert named.objects[0].name_score is not None
    assert named.objects[0].name_score > 0.5
    called(None, RIGHT, bench)
    called("my box", LEFT, bench)
    bench.close()

    again = Bench(tmp_path, model)  # another runtime, another track: it is recognised by its looks
    try:
        called("my box", LEFT, again)
        called(None, RIGHT, again)
        say(again, "unteach", "my box", again.until(Overlay, outlines(RIGHT)).objects[0].id)
        called("my box", LEFT, again)
        gallery.default_path().unlink()
        third = again.until(Overlay, outlines(LEFT)).objects[0].id
        say(again, "unteach", "my box", third)
        called(None, LEFT, again)
    finally:
        again.close()


def test_the_command_tells_the_runtime_and_says_what_has_come_of_it(bench: Bench) -> None:
    called(None, LEFT, bench)
    said = teach.tell(bench.address, "my box", None, is_it=True)
    assert said.endswith("is a my box")
    thing = bench.until(Overlay, outlines(LEFT)).objects[0].id
    assert teach.tell(bench.address, "my box", thing, is_it=False).endswith("is no my box")
    called(None, LEFT, bench)
    with pytest.raises(ValueError, match="object 4711 is not in view"):
        teach.tell(bench.address, "my box", 4711, is_it=True)


def test_lessons_that_come_to_nothing_are_counted_and_said(bench: Bench) -> None:
    called(None, LEFT, bench)
    say(bench, "teach", "my box", 4711)
    bench.until(Stats, lambda stats: stats.dropped.get("teach_nothing_there", 0) == 1)
    gallery.default_path().parent.mkdir(parents=True, exist_ok=True)
    gallery.default_path().write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"was not taken for my box: it cannot be kept; gazeline teach list says"):
        teach.tell(bench.address, "my box", None, is_it=True)
    assert gallery.default_path().read_bytes() == b"broken"
    bench.headset.look = RIGHT
    bench.until(Overlay, outlines(RIGHT))


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["teach", *words])
    return int(ended.value.code or 0)


def test_what_was_taught_is_listed_exported_imported_forgotten_and_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("list") == 0
    assert "nothing has been taught yet" in capsys.readouterr().out
    looks = [gallery.Look(name, "gone@1", bytes(64)) for name in ("mug", "mug", "cup")]
    gallery.write(gallery.default_path(), [*looks[:1], gallery.Look("mug", "gone@1", bytes(32)), looks[2]])
    assert command("list") == 0
    out = capsys.readouterr().out
    assert "mug" in out
    assert "gone (other weights: not used)" in " ".join(out.split())
    assert command("export", str(tmp_path / "copy")) == 0
    assert command("forget", "mug") == 0
    assert "forgot 2 looks at mug" in capsys.readouterr().out
    assert command("forget", "mug") == 2
    assert "nothing called 'mug' was taught; known are cup" in capsys.readouterr().err
    assert command("import", str(tmp_path / "copy")) == 0
    assert "2 new looks" in capsys.readouterr().out
    assert command("delete", "--yes") == 0
    assert not gallery.default_path().exists()
    assert command("import", str(tmp_path / "nothing")) == 2
    assert "there is no file" in capsys.readouterr().err


def test_a_broken_gallery_is_one_sentence_when_the_runtime_starts(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery.default_path().parent.mkdir(parents=True)
    gallery.default_path().write_bytes(b"broken")
    with pytest.raises(SystemExit) as ended:
        main(["run", "--bus", f"ipc://{tmp_path}/bus", "--model", str(model)])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert gallery.default_path().read_bytes() == b"broken"
