"""The browser HUD: the live picture with outlines over it; the mouse can stand in for the gaze."""
