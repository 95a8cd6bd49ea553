"""Meters of two elements, and meters of three phases."""
