"""Which library runs a bundle's networks: one option for all of them.

``auto`` takes TensorRT engines if they were built for this device (`gazeline engines build`) and passed the gate on
it, and ONNX Runtime on the processor otherwise; `without_tensorrt` says why.
"""

from gazeline.engines.bundle import Bundle
from gazeline.engines.ort import PROVIDERS, OrtSession
from gazeline.engines.session import Session

TENSORRT = "tensorrt"
BACKENDS = ("auto", *PROVIDERS, TENSORRT)


def open_sessions(bundle: Bundle, backend: str, threads: int | None) -> tuple[Session, Session]:
    """Encoder and decoder on ``backend``; ValueError or OSError: why it cannot be used."""
    if backend not in BACKENDS:
        raise ValueError(f"there is no backend {backend!r} (known: {', '.join(BACKENDS)})")
    if backend == TENSORRT or (backend == "auto" and without_tensorrt(bundle) is None):
        from gazeline.engines import tensorrt_pair

        try:
            return tensorrt_pair.open_pair(bundle)
        except (ValueError, OSError):
            if backend == TENSORRT:
                raise
    provider = "onnxruntime" if backend == "auto" else backend
    return OrtSession(bundle.encoder, threads, provider), OrtSession(bundle.decoder, threads, provider)


def without_tensorrt(bundle: Bundle) -> str | None:
    """Why this bundle does not run on TensorRT here, in words; None: nothing is in the way."""
    from gazeline.engines import tensorrt_pair

    try:
        tensorrt_pair.find(bundle)
    except (ValueError, OSError) as error:
        return str(error)
    return None
