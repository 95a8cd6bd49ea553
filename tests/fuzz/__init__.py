"""Fuzzing by hand of parsers that read octets from outside."""
