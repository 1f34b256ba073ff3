"""Folders of trainings: what lies in them, and deleting it."""
