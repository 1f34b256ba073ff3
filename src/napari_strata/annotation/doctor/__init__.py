"""The doctor: what is wrong with images and labels, where, and what to do, before a training wastes time on it.

Pixels are looked at once, slice by slice (`measure`); the checks then read only what was measured (`facts`).
"""
