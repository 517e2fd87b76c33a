"""Pictures that are handed to the OpenXR compositor in turns."""

from collections.abc import Iterator
from contextlib import contextmanager

import moderngl
import xr

from gazeline.runtime.hud.atlas import SRGB8_ALPHA8

WAIT_NS = 100_000_000


class Swapchain:
    """Several textures of one size, px. ``ready`` once one of them was released, before which nothing may show it."""

    def __init__(self, session: xr.Session, context: moderngl.Context, width: int, height: int) -> None:
        """Raises OSError if the runtime has no sRGB pictures with alpha."""
        if SRGB8_ALPHA8 not in list(xr.enumerate_swapchain_formats(session)):
            raise OSError("this OpenXR runtime has no pictures of format SRGB8_ALPHA8; use another one")
        self.width, self.height, self.ready = width, height, False
        self.handle = xr.create_swapchain(
            session,
            xr.SwapchainCreateInfo(
                usage_flags=xr.SwapchainUsageFlags.COLOR_ATTACHMENT_BIT | xr.SwapchainUsageFlags.SAMPLED_BIT,
                format=SRGB8_ALPHA8,
                sample_count=1,
                width=width,
                height=height,
                face_count=1,
                array_size=1,
                mip_count=1,
            ),
        )
        images = xr.enumerate_swapchain_images(self.handle, xr.SwapchainImageOpenGLKHR)
        self._targets = [
            context.framebuffer([context.external_texture(image.image, (width, height), 4, 0, "f1")])
            for image in images
        ]

    @contextmanager
    def drawing(self) -> Iterator[moderngl.Framebuffer]:
        """The next picture, bound and transparent; handed over on leaving."""
        index = xr.acquire_swapchain_image(self.handle, xr.SwapchainImageAcquireInfo())
        xr.wait_swapchain_image(self.handle, xr.SwapchainImageWaitInfo(timeout=WAIT_NS))
        target = self._targets[index]
        target.use()
        target.clear(0.0, 0.0, 0.0, 0.0)
        try:
            yield target
        finally:
            xr.release_swapchain_image(self.handle, xr.SwapchainImageReleaseInfo())
            self.ready = True

    def part(self, x: int, width: int) -> xr.SwapchainSubImage:
        """A part of it from top to bottom, as a layer names it."""
        rect = xr.Rect2Di(xr.Offset2Di(x, 0), xr.Extent2Di(width, self.height))
        return xr.SwapchainSubImage(self.handle, rect, 0)
