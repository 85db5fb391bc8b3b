"""What programs leave beside media is passed over; what may be a drop is not."""

import pytest

from lipdrop.drops.pairing import VIDEO_ENDINGS, VOICE_ENDINGS, classify
from lipdrop.drops.sidecars import ENDINGS_BY_ORIGIN, is_sidecar


@pytest.mark.parametrize(
    "key",
    [
        *("inbox/a/fr.srt", "inbox/a/fr.VTT", "inbox/a/clip.xmp", "inbox/a/clip.mp4.xmp", "inbox/a/IMG.AAE"),
        *("inbox/a/GOPR0001.THM", "inbox/a/GL010001.LRV", "inbox/a/DJI_0001.LRF", "inbox/a/C0001M01.XML"),
        *(
            "inbox/a/Icon\r",
            "inbox/a/clip.mp4~",
            "inbox/a/fr.wav.asd",
            "inbox/a/fr.wav.reapeaks",
            "inbox/a/fr.pek",
        ),
        *("inbox/a/#clip.mp4#", "inbox/a/~$script.docx", "inbox/a/.~lock.script.odt#", "inbox/a/._fr.mp3"),
        *(
            "inbox/$RECYCLE.BIN/x.mp4",
            "inbox/System Volume Information/IndexerVolumeGuid",
            "inbox/@eaDir/fr.mp3",
        ),
        *("inbox/a/fr.mp3.opdownload", "inbox/a/clip.mp4.aria2", "inbox/a/Desktop.ini", "inbox/a/page.url"),
    ],
)
def test_what_programs_leave_beside_media_is_passed_over(key: str) -> None:
    assert is_sidecar(key)
    assert classify(key) == "sidecar"


@pytest.mark.parametrize(
    "key",
    [
        *(
            "inbox/a/script.docx",
            "inbox/a/notes.txt",
            "inbox/a/list.json",
            "inbox/a/README",
            "inbox/a/poster.jpg",
        ),
        *("inbox/a/clip.mkv", "inbox/a/memo.amr", "inbox/a/#1 hit.docx", "inbox/a/icon", "inbox/a/srt"),
    ],
)
def test_what_may_be_meant_is_reported(key: str) -> None:
    assert classify(key) == "unsupported"


@pytest.mark.parametrize(
    "key", ["inbox/#1 hit.mp3", "inbox/~fr.mp3", "inbox/icon.mp3", "inbox/a.part/fr.mp3"]
)
def test_a_voice_is_no_sidecar_by_a_likeness(key: str) -> None:
    assert classify(key) == "voice"


def test_no_ending_is_listed_twice_or_is_media() -> None:
    listed = [ending for endings in ENDINGS_BY_ORIGIN.values() for ending in endings]

    assert len(listed) == len(set(listed))
    assert not set(listed) & {*VIDEO_ENDINGS, *VOICE_ENDINGS}
    assert all(ending == ending.lower() for ending in listed)
