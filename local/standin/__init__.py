"""A stand-in for Segmind: the whole documented contract of `sync.so-lipsync-2-pro` on this machine.

It downloads the media it is told of, answers, charges, forgets and breaks as the real service does or
may, and makes a real H.264/AAC file. What it does not do is move lips.
"""
