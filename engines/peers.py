"""Networks of the size and shape of well-known ones, with random weights: to compare speed and memory, never masks.

Made once and kept as bundles in a cache folder. They need the extra ``bench``.
"""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gazeline.engines import bundle as bundles
from gazeline.engines.bundle import Bundle, Input, Limits, Manifest, WindowPolicy
from gazeline.engines.onnx_pairs import MEAN, STD
from gazeline.engines.staging import staged

NEEDED = ("torch", "onnx", "onnxscript", "onnxslim", "segment_anything", "timm")
FORMAT = 1  # of what is in the cache: counted up when the networks change
SIZE = 1024


def peers(say: Callable[[str], None]) -> dict[str, Bundle]:
    """SAM ViT-B, MobileSAM's and NanoSAM's encoders, each with SAM's decoder, by name; ValueError without ``bench``."""
    made = {name: cache_folder() / f"{name}-{FORMAT}" for name in MAKERS}
    missing = [name for name, folder in made.items() if not (folder / bundles.MANIFEST).is_file()]
    if missing and (absent := [name for name in NEEDED if importlib.util.find_spec(name) is None]):
        raise ValueError(
            f"making the networks to compare with needs {', '.join(absent)}: pip install 'gazeline[bench]'"
        )
    for name in missing:
        say(f"making {name} with random weights (once; kept in {cache_folder()})")
        _make(name, made[name])
    return {name: bundles.load(folder) for name, folder in made.items()}


def cache_folder() -> Path:
    """Where they are kept: $XDG_CACHE_HOME/gazeline/peers."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gazeline" / "peers"


def _make(name: str, folder: Path) -> None:
    import torch

    from gazeline.engines.sam import export, network

    torch.manual_seed(0)
    sam = network.build(network.random_state())
    encoder, size, description = MAKERS[name](sam)
    with staged(folder, replace=True) as work:
        example = (torch.zeros(1, 3, size, size),)
        export.write(encoder.eval(), example, work / bundles.ENCODER, ("image",), export.INPUTS[:1], None)
        export.export_decoder(sam, work)
        manifest = Manifest(
            name=name,
            family="sam",
            licence="none: random weights",
            description=description,
            input=Input(size, MEAN, STD),
            window=WindowPolicy("full"),
            limits=Limits(points=32, prompts=16),
            files={},
        )
        bundles.write(work, manifest)


def _sam_vit_b(sam: Any) -> tuple[Any, int, str]:
    return sam.image_encoder, SIZE, "segment-anything ViT-B, random weights."


def _mobile_sam(sam: Any) -> tuple[Any, int, str]:
    """TinyViT-5M as in MobileSAM (mobile_sam/modeling/tiny_vit_sam.py): the last stage keeps its resolution."""
    from torch import nn

    backbone = _timm().create_model("tiny_vit_5m_224", pretrained=False)
    backbone.stages[3].downsample.conv2.conv.stride = (1, 1)
    norm = type(sam.image_encoder.neck[1])
    neck = nn.Sequential(
        nn.Conv2d(320, 256, 1, bias=False), norm(256), nn.Conv2d(256, 256, 3, padding=1, bias=False), norm(256)
    )
    encoder = nn.Sequential(backbone.patch_embed, backbone.stages, neck)
    return encoder, SIZE, "MobileSAM's TinyViT-5M encoder, random weights."


def _nano_sam(_: Any) -> tuple[Any, int, str]:
    """ResNet-18 as in NanoSAM (nanosam/models/timm_image_encoder.py)."""
    import torch
    from torch import Tensor, nn

    class NanoSam(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = _timm().create_model("resnet18", pretrained=False, features_only=True)
            layers: list[nn.Module] = []
            for inside in (512, 256, 256):
                layers += [nn.Conv2d(inside, 256, 3, padding=1), nn.GELU()]
            layers += [nn.ConvTranspose2d(256, 256, 3, 2, 1, 1), nn.GELU()]
            self.up = nn.Sequential(*layers, nn.Conv2d(256, 256, 3, padding=1), nn.GELU(), nn.Conv2d(256, 256, 1))
            self.position = nn.Parameter(1e-5 * torch.randn(1, 256, 64, 64))

        def forward(self, image: Tensor) -> Tensor:
            out: Tensor = self.up(self.backbone(image)[-1]) + self.position
            return out

    return NanoSam(), SIZE, "NanoSAM's ResNet-18 encoder, random weights."


def _timm() -> Any:
    from gazeline.engines.torchvision_stand_in import torchvision_or_nothing

    with torchvision_or_nothing():
        import timm
    return timm


MAKERS: dict[str, Callable[[Any], tuple[Any, int, str]]] = {
    "sam-vit-b": _sam_vit_b,
    "mobile-sam": _mobile_sam,
    "nano-sam": _nano_sam,
}
