"""Probe untrusted media for length, codecs and frame size: MediaInfo in a child process, ranged reads."""
