"""The Gazeline runtime: camera, gaze and head pose in over ZeroMQ; outlines, names and ids out."""
