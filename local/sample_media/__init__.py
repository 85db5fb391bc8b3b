"""Makers of the media that the demo, the tests and the benchmarks use."""
