"""Changes files byte by byte: tags, and wrong numbers in headers. What no encoder writes."""

import struct


def id3(body: bytes = b"", *, size: int = 0) -> bytes:
    """Return an ID3v2.3 tag with `body` in it, filled up to `size` bytes."""
    body = body.ljust(size, b"\0")
    length = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + length + body


def id3_frame(kind: bytes, content: bytes) -> bytes:
    """Return one frame of an ID3v2.3 tag."""
    return kind + struct.pack(">IH", len(content), 0) + content


def cover_tag(size: int) -> bytes:
    """Return an ID3v2 tag with a cover of `size` bytes, which look like MP3 frames here and there."""
    picture = b"\xff\xd8\xff\xe0" + (b"\xff\xfb\x90\x00" + bytes(range(256))) * (size // 260)
    return id3(id3_frame(b"APIC", b"\0image/jpeg\0\3\0" + picture))


ID3V1 = b"TAG" + b"title".ljust(125, b"\0")
APE = b"APETAGEX" + struct.pack("<IIII", 2000, 32, 0, 0x80000000) + bytes(8)


def with_xing(mp3: bytes, *, frames: int | None = None, length: int | None = None) -> bytes:
    """Return an MP3 whose Xing or Info header states other numbers of frames and bytes."""
    at = max(mp3.find(b"Xing"), mp3.find(b"Info"))
    assert at > 0
    assert mp3[at + 7] & 3 == 3
    old_frames, old_length = struct.unpack_from(">II", mp3, at + 8)
    numbers = struct.pack(
        ">II", old_frames if frames is None else frames, old_length if length is None else length
    )
    return mp3[: at + 8] + numbers + mp3[at + 16 :]


def with_flac_samples(flac: bytes, samples: int) -> bytes:
    """Return a FLAC file whose header states another number of samples."""
    number = int.from_bytes(flac[18:26]) >> 36 << 36 | samples
    return flac[:18] + number.to_bytes(8) + flac[26:]


def with_flac_picture(flac: bytes, size: int) -> bytes:
    """Return a FLAC file with a metadata block of `size` bytes."""
    block = bytes([6]) + size.to_bytes(3) + (b"\xff\xf8\xc9\x18\0\x12" * (size // 6 + 1))[:size]
    return flac[:42] + block + flac[42:] if not flac[4] & 0x80 else flac


def with_positions(ogg: bytes, position: int) -> bytes:
    """Return an Ogg file of which all pages with sound state the same position, with right checksums."""
    made, at = bytearray(), 0
    while at < len(ogg):
        segments = ogg[at + 26]
        end = at + 27 + segments + sum(ogg[at + 27 : at + 27 + segments])
        page = bytearray(ogg[at:end])
        if int.from_bytes(page[6:14], "little") not in (0, 2**64 - 1):
            page[6:14] = position.to_bytes(8, "little")
        page[22:26] = bytes(4)
        page[22:26] = _ogg_checksum(page).to_bytes(4, "little")
        made += page
        at = end
    return bytes(made)


def _ogg_checksum(page: bytes | bytearray) -> int:
    """CRC-32 without reflection (RFC 3533, 6)."""
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


def last_page(ogg: bytes) -> int:
    """Return where the last page of an Ogg file begins."""
    return ogg.rindex(b"OggS")


def with_wav_number(wav: bytes, at: int, number: int) -> bytes:
    """Return a WAV file with another number `at` bytes in: 4 the file's size, 28 the bytes a second."""
    return wav[:at] + struct.pack("<I", number) + wav[at + 4 :]


def with_data_size(wav: bytes, size: int) -> bytes:
    """Return a WAV file whose data chunk states another size."""
    return with_wav_number(wav, wav.index(b"data") + 4, size)


def with_mp4_durations(mp4: bytes, ticks: int) -> bytes:
    """Return an MP4 whose `mvhd`, `tkhd` and `mdhd` (version 0) all state another length."""
    made = bytearray(mp4)
    for kind, offset in ((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)):
        at = made.find(kind)
        while at >= 0:
            struct.pack_into(">I", made, at + 4 + offset, ticks)
            at = made.find(kind, at + 4)
    return bytes(made)


def with_sample_steps(mp4: bytes, step: int) -> bytes:
    """Return an MP4 whose samples all state that they last `step` ticks (in `stts`)."""
    made = bytearray(mp4)
    at = made.find(b"stts")
    while at >= 0:
        for entry in range(struct.unpack_from(">I", made, at + 8)[0]):
            struct.pack_into(">I", made, at + 16 + 8 * entry, step)
        at = made.find(b"stts", at + 4)
    return bytes(made)


def with_edit(mp4: bytes, ticks: int) -> bytes:
    """Return an MP4 whose edit lists play only `ticks` of the movie's clock."""
    made = bytearray(mp4)
    at = made.find(b"elst")
    assert at > 0
    while at >= 0:
        struct.pack_into(">I", made, at + 12, ticks)
        at = made.find(b"elst", at + 4)
    return bytes(made)


def with_mp4_cover(mp4: bytes, size: int) -> bytes:
    """Return an MP4, its index behind the media, with `size` bytes more at the end of the index."""
    at = mp4.rindex(b"moov") - 4
    extra = struct.pack(">I4s", 8 + size, b"udta") + bytes(size)
    length = int.from_bytes(mp4[at : at + 4]) + len(extra)
    return mp4[:at] + length.to_bytes(4) + mp4[at + 4 :] + extra


def with_webm_duration(webm: bytes, milliseconds: float) -> bytes:
    """Return a WebM whose header states another length."""
    at = webm.index(b"\x44\x89\x88") + 3
    return webm[:at] + struct.pack(">d", milliseconds) + webm[at + 8 :]


def with_avi_frames(avi: bytes, frames: int) -> bytes:
    """Return an AVI whose headers state another number of frames."""
    made = bytearray(avi)
    struct.pack_into("<I", made, made.index(b"avih") + 24, frames)
    struct.pack_into("<I", made, made.index(b"strh") + 40, frames)
    return bytes(made)


def with_asf_duration(wma: bytes, seconds: float) -> bytes:
    """Return a WMA whose header states another length."""
    at = wma.index(bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")) + 64
    return wma[:at] + struct.pack("<Q", int(seconds * 10_000_000)) + wma[at + 8 :]


def with_thumbnail(mp4: bytes) -> bytes:
    """Return an MP4, its index behind the media, whose first track is a JPEG of one frame."""
    moov = mp4.rindex(b"moov") - 4
    start = mp4.index(b"trak", moov) - 4
    track = bytearray(mp4[start : start + int.from_bytes(mp4[start : start + 4])])
    track[track.index(b"avc1") : track.index(b"avc1") + 4] = b"jpeg"
    for kind, offset, value in ((b"tkhd", 12, 99), (b"stsz", 8, 1), (b"stsc", 12, 1)):
        struct.pack_into(">I", track, track.index(kind) + 4 + offset, value)
    stts = track.index(b"stts") + 4
    struct.pack_into(">II", track, stts + 4, 1, 1)
    length = int.from_bytes(mp4[moov : moov + 4]) + len(track)
    return mp4[:moov] + length.to_bytes(4) + mp4[moov + 4 : start] + bytes(track) + mp4[start:]
