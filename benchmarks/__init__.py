"""Speed of the protocol floor, each module run by itself: ``python -m benchmarks.verify``.

Floor and project are measured in one process on one core; the last line gives their ratio against its goal.
"""
