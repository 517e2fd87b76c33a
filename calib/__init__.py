"""Rigid transforms, camera models and the rig: where every camera, eye and display sits on the head."""
