"""Sources that publish as a headset does: recordings, videos, image folders."""
