"""Views to train and to measure on: whole, the same again, continued where a run was stopped, and a set for `eval`."""

from pathlib import Path

import numpy as np
import pytest
from rich.progress import Progress

from gazeline.calib.cameras import KannalaBrandt, Pinhole
from gazeline.engines.labelled_sets import read_set
from gazeline.runtime.evaluation import simulator

PX = 96


@pytest.fixture(scope="module", autouse=True)
def _gl() -> None:
    pytest.importorskip("mujoco", reason="the simulator is not installed (extra `sim`)")
    from gazeline.sim.gl import make_current

    try:
        make_current()
    except OSError as error:
        pytest.skip(f"pictures need OpenGL: {error}")


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from gazeline.sim.random_views import render_views

    folder = tmp_path_factory.mktemp("views")
    render_views(folder, 3, seed0=100_000, size=PX, views_per_scene=2)
    return folder


def test_views_are_a_labelled_set(views: Path) -> None:
    things = read_set(views, min_area_px=40)
    assert {thing.picture.name for thing in things} == {"000000.jpg", "000001.jpg", "000002.jpg"}
    assert {thing.group for thing in things} == {"scene 100000", "scene 100001"}
    for thing in things:
        assert thing.picture.is_file()
        assert thing.read_mask().shape == (PX, PX)
        assert thing.read_mask().sum() == thing.area_px
        assert thing.fov_deg is not None
        assert 39 < thing.fov_deg < 151
        assert thing.read_depth is not None
        assert (thing.read_depth()[thing.read_mask()] > 0.1).mean() > 0.9, thing.name


def test_what_is_there_is_kept_and_what_is_missing_comes_out_the_same(views: Path) -> None:
    from gazeline.sim.random_views import render_views

    first, second = views / "000000.npz", views / "000001.npz"
    before = first.stat().st_mtime_ns
    with np.load(second) as arrays:
        ids = arrays["object_ids"]
    second.unlink()
    render_views(views, 2, seed0=100_000, size=PX, views_per_scene=2)
    assert first.stat().st_mtime_ns == before
    with np.load(second) as arrays:
        np.testing.assert_array_equal(arrays["object_ids"], ids)


@pytest.mark.parametrize(("fov", "camera"), [(75.0, "pinhole"), (130.0, "fisheye")])
def test_the_angle_of_view_is_the_camera_s(fov: float, camera: str) -> None:
    from gazeline.sim.random_views import fov_deg

    if camera == "pinhole":
        assert fov_deg(Pinhole.from_horizontal_fov(PX, PX, np.deg2rad(fov))) == pytest.approx(fov)
        return
    f, c = PX / np.deg2rad(fov), (PX - 1) / 2
    assert fov_deg(KannalaBrandt(PX, PX, f, f, c, c, 0.0, 0.0, 0.0, 0.0)) == pytest.approx(fov)


def test_the_set_simulator_is_rendered_by_a_process_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = simulator.simulated_views(Progress(disable=True), scenes=1)
    assert folder.is_relative_to(tmp_path)
    things = read_set(folder)
    assert {thing.group for thing in things} == {"scene 100000"}
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert simulator.simulated_views(Progress(disable=True), scenes=1) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_why_the_set_simulator_cannot_be_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ValueError, match=r"the simulator's views cannot be rendered: .*file"):
        simulator.simulated_views(Progress(disable=True), scenes=1)
