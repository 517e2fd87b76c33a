"""The TensorRT session over a fake driver: the conformance suite, memory, streams, graphs and lifetimes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gazeline.engines.cuda import CudaError, Device
from gazeline.engines.session import Session
from gazeline.engines.tensorrt_session import MAX_GRAPHS, TensorrtSession
from tests.engines.fake_cuda import DriverMisuseError, FakeCuda
from tests.engines.fake_tensorrt import module
from tests.engines.session_conformance import SessionConformance
from tests.engines.toy_models import write_own


def opened(cuda: FakeCuda, path: Path, *, most: int = 8, urgent: bool = True) -> TensorrtSession:
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file at {path}")  # the engine cache's part
    return TensorrtSession(module(cuda, most), Device(library=cuda), str(path).encode(), str(path), urgent=urgent)


@pytest.mark.parametrize("capturable", [True, False])
class TestTensorrtSession(SessionConformance):
    @pytest.fixture(autouse=True)
    def _driver(self, capturable: bool) -> None:
        self.cuda = FakeCuda(capturable=capturable)

    def open(self, path: Path) -> Session:
        return opened(self.cuda, path)


@pytest.fixture
def cuda() -> Iterator[FakeCuda]:
    """A driver at whose end everything has been given back."""
    driver = FakeCuda()
    yield driver
    assert not driver.leaks


@pytest.fixture
def decoder(tmp_path: Path) -> Path:
    return write_own(tmp_path, size=64, m=32).decoder


feeds = SessionConformance.feeds


def test_a_run_takes_no_memory_and_waits_for_its_own_event_only(cuda: FakeCuda, decoder: Path) -> None:
    with Device(library=cuda) as device:
        session = TensorrtSession(module(cuda), device, str(decoder).encode(), "decoder", urgent=True)
        before = dict(cuda.calls)
        for n in (1, 2, 3, 2, 1):
            session.run(feeds(n))
        made = {name: count - before.get(name, 0) for name, count in cuda.calls.items()}
        assert not any(made.get(name) for name in ("cuMemAlloc_v2", "cuMemHostAlloc", "cuStreamCreateWithPriority"))
        assert made["cuEventSynchronize"] == 5
        assert session.device_ms > 0.0
        session.close()


def test_the_third_run_of_a_shape_is_a_graph_and_gives_the_same(cuda: FakeCuda, decoder: Path) -> None:
    with Device(library=cuda) as device:
        session = TensorrtSession(module(cuda), device, str(decoder).encode(), "decoder", urgent=True)
        expected = session.run(feeds())["low_res_masks"]
        launches = []
        for _ in range(3):
            np.testing.assert_array_equal(session.run(feeds())["low_res_masks"], expected)
            launches.append(cuda.calls.get("cuGraphLaunch", 0))
        assert launches == [1, 2, 3]
        changed = feeds() | {"image_embeddings": feeds()["image_embeddings"] + 1}  # replayed with new values
        assert not np.array_equal(session.run(changed)["low_res_masks"], expected)
        np.testing.assert_array_equal(session.run(feeds())["low_res_masks"], expected)
        assert cuda.calls["cuGraphInstantiateWithFlags"] == 1
        session.close()


def test_graphs_do_not_pile_up(cuda: FakeCuda, decoder: Path) -> None:
    most = MAX_GRAPHS + 3
    with Device(library=cuda) as device:
        session = TensorrtSession(module(cuda, most), device, str(decoder).encode(), "decoder", urgent=True)
        for n in range(1, most + 1):
            for _ in range(2):
                session.run(feeds(n))
        assert cuda.calls["cuGraphExecDestroy"] == most - MAX_GRAPHS
        session.close()


def test_the_decoder_s_stream_goes_first(cuda: FakeCuda, decoder: Path) -> None:
    with Device(library=cuda) as device:
        sessions = [
            TensorrtSession(module(cuda), device, str(decoder).encode(), "decoder", urgent=urgent)
            for urgent in (False, True)
        ]
        slow, fast = cuda.priorities.values()
        assert fast < slow  # lower numbers go first
        for session in sessions:
            session.close()


def test_more_than_the_engine_takes_is_said(cuda: FakeCuda, decoder: Path) -> None:
    with Device(library=cuda) as device:
        session = TensorrtSession(module(cuda, 4), device, str(decoder).encode(), "decoder", urgent=True)
        with pytest.raises(ValueError, match=r"'point_coords' is \(5, 3, 2\); this engine takes \(4, 4, 2\) at most"):
            session.run(feeds(5))
        session.run(feeds(4))
        session.close()


def test_what_fails_half_way_gives_everything_back(cuda: FakeCuda, tmp_path: Path) -> None:
    (tmp_path / "broken.engine").write_bytes(b"nothing")
    with Device(library=cuda) as device, pytest.raises(ValueError, match=r"does not load it .*build it again"):
        TensorrtSession(module(cuda), device, str(tmp_path / "broken.engine").encode(), "it", urgent=True)


def test_memory_that_runs_out_is_said_and_given_back(cuda: FakeCuda, decoder: Path) -> None:
    full = FakeCuda(most_bytes=30_000)
    with Device(library=full) as device, pytest.raises(CudaError, match=r"cuMemAlloc_v2, 2"):
        TensorrtSession(module(full), device, str(decoder).encode(), "decoder", urgent=True)
    assert not full.leaks


def test_the_fake_finds_what_it_is_for(cuda: FakeCuda) -> None:
    """A driver that forgives everything would prove nothing."""
    with Device(library=cuda) as device:
        with pytest.raises(DriverMisuseError, match="outside of the context"):
            device.allocate(4)
        with device.current():
            address, host, stream = device.allocate(4), device.allocate_host(4), device.stream(urgent=False)
            event = device.event()
            host[:] = 7
            device.upload(address, host, 4, stream)
            host[:] = 9  # too early: the copy has not been made
            device.download(host, address, 4, stream)
            assert (host == 9).all()  # too early, again
            with pytest.raises(DriverMisuseError, match="while work is under way"):
                device.free(address)
            with pytest.raises(DriverMisuseError, match="not page-locked"):
                device.upload(address, np.zeros(4, np.uint8), 4, stream)
            device.record(event, stream)
            device.wait(event)
            device.free(address)
            with pytest.raises(DriverMisuseError, match="freed twice"):
                device.free(address)
            with pytest.raises(DriverMisuseError, match="after it was freed"):
                device.upload(address, host, 4, stream)
            assert cuda.leaks == ["1 page-locked memory", "1 streams", "1 events", "the context"]
            device.free_host(host)
            device.destroy_event(event)
            device.destroy_stream(stream)
        with pytest.raises(DriverMisuseError, match="cuCtxSynchronize is not to be called"):
            cuda.cuCtxSynchronize()
