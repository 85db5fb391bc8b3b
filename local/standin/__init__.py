"""A stand-in for Segmind: the whole documented contract of `sync.so-lipsync-2-pro` on this machine.

It downloads the media it is told of, answers, charges, forgets and breaks as the real service does or
may, and makes a real H.264/AAC file. What it does not do is move lips.

    python -m local.standin --port 8300 --key secret --processing-seconds 20

In tests, `server.running()` gives one with its `control`: what was seen, what is set, what goes wrong.

    with running(StandinSettings(processing_seconds=0.1)) as standin:
        standin.control.fault(Fault(where="submit", what="reset", accepted=True, match="fr.mp3"))
        standin.control.fault(Fault(where="file", what="cut", offset=100_000, chance=0.3, times=None))
        ...
        standin.control.requests()

The way of a request: `app` checks and answers, `jobs` lets time pass, `studio` downloads and keeps,
`media` and `frames` render, `files` serves. `faults` chooses, `misbehave` and `wire` spoil.
"""
