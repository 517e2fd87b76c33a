"""The command line as it is typed: help, versions, and one sentence for what is wrong."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gazeline.runtime import cli

COMMANDS = (
    "demo",
    "run",
    "sim",
    "web",
    "replay",
    "source",
    "segment",
    "eval",
    "models list",
    "models check",
    "models add",
    "engines build",
    "engines list",
    "engines inspect",
    "engines remove",
    "models pull",
    "models compare",
    "bench engines",
    "doctor",
)


def typed(*arguments: str, timeout_s: float = 60.0) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "gazeline.runtime.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=environment,
        check=False,
    )


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The sentence that the given arguments are refused with."""

    def refused(*arguments: str) -> str:
        with pytest.raises(SystemExit) as left:
            cli.main(arguments)
        said = capsys.readouterr().err.strip()
        assert left.value.code == 2, said
        assert said.startswith("error: ")
        assert "\n" not in said
        return said.removeprefix("error: ")

    return refused


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "sim"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([*command.split(), "--help"])
    assert left.value.code == 0
    assert "Usage:" in capsys.readouterr().out


def test_alone_it_lists_its_commands() -> None:
    done = typed()
    assert done.returncode == 0
    assert all(re.search(rf"^│ {command.split()[0]} ", done.stdout, re.MULTILINE) for command in COMMANDS)


def test_it_says_its_version() -> None:
    assert re.fullmatch(r"gazeline \d+\.\d+\.\d+\S*\n", typed("--version").stdout)


def test_help_does_not_load_what_it_does_not_need() -> None:
    code = (
        "import sys; from gazeline.runtime import cli\n"
        "heavy = {'mujoco', 'onnxruntime', 'cv2', 'starlette', 'uvicorn', 'zmq', 'torch', 'projectaria_tools'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_what_runs_needs_none_of_the_extras() -> None:
    """The package's own requirements are enough to run, segment and find: extras may not be there."""
    code = (
        "import sys\n"
        "extras = {'onnx', 'torch', 'tokenizers', 'mujoco', 'starlette', 'PIL', 'xr', 'segment_anything', 'mcap'}\n"
        "sys.modules.update(dict.fromkeys(extras))\n"  # importing one of them fails
        "from gazeline.runtime import app, find, replay, segment\n"
        "from gazeline.runtime.models import catalogue\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("demmo",), r"No such command 'demmo'"),
        (("demo", "--bogus"), r"No such option.*--bogus"),
        (("demo", "--seconds", "soon"), r"Invalid value for '--seconds'"),
        (("demo", "--seconds", "-1"), r"Invalid value for '--seconds'"),
        (("demo", "--port", "99999"), r"Invalid value for '--port'"),
        (("demo", "--report", "/no/such/folder/report.json"), r"the folder of .* does not exist.*--report"),
        (("demo", "--video", "/no/such/folder/video.mp4"), r"the folder of .* does not exist.*--video"),
        (("replay",), r"Missing (argument|parameter).*SOURCE"),
        (("replay", "/no/such/file.vrs"), r"/no/such/file\.vrs"),
        (("replay", __file__), r"test_cli\.py"),
        (("segment", "/no/such/image.jpg", "--point", "1,1"), r"/no/such/image\.jpg"),
        (("segment", __file__, "--point", "1,1"), r"test_cli\.py"),
        (("segment", __file__), r"--point"),
        (("segment", __file__, "--point", "here"), r"--point must be X,Y"),
        (("models", "check", "no-such-model"), r"no-such-model"),
        (("run", "--bus", "http://x"), r"bus 'http://x'"),
        (("run", "--config", "/no/such/settings.toml"), r"/no/such/settings\.toml"),
        (("run", "--model", "no-such-model"), r"no-such-model"),
        (("web", "--bus", "tcp://localhost:99999"), r"port must be 1 to 65534"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_bad_input_gets_one_sentence_and_exit_code_2(
    refused: Callable[..., str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert re.search(sentence, refused(*arguments))


def test_mistakes_in_files_name_the_file_and_the_key(refused: Callable[..., str], tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("[gaze]\nconfidence_mim = 0.5\n")
    assert re.search(r"settings\.toml: .*confidence_mim; did you mean", refused("run", "--config", str(settings)))
    prompts = tmp_path / "prompts.json"
    prompts.write_text('{"prompts": []}')
    assert "prompts.json" in refused("segment", "image.png", "--prompts", str(prompts))


def test_the_same_as_a_process() -> None:
    done = typed("segment", "/no/such/image.jpg", "--point", "1,1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m gazeline.runtime.cli models list --help | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
