"""A simulated headset: scenes, eyes, head and sensors with exact truth, over the same bus as a real one."""
