"""Sidecars: what programs leave beside media (metadata, previews, subtitles, half-written downloads).

Nobody uploads them on purpose, whole folders bring them along: they are passed over silently. What is in
none of these tables is reported under its own name, since it may be a voice in a format of its own.
"""

ENDINGS_BY_ORIGIN: dict[str, tuple[str, ...]] = {
    # YouTube Help, "Supported subtitle and closed caption files"; VLC's list of subtitle endings
    "subtitles": (
        *(
            "srt",
            "vtt",
            "ass",
            "ssa",
            "sub",
            "idx",
            "sup",
            "smi",
            "sami",
            "ttml",
            "dfxp",
            "itt",
            "sbv",
            "stl",
        ),
        *("scc", "cap", "mpsub", "mpl2", "aqt", "jss", "pjs", "psb", "usf", "lrc", "rt", "ytt"),
    ),
    # docs.photoprism.app, "Supported Media and Sidecar File Formats"
    "photo libraries": ("xmp", "aae", "thm", "nfo", "xml", "yml", "yaml"),
    # GoPro: THM, LRV; DJI: LRF; Insta360: LRV; Sony XAVC: BIM, PPN, and XML above; AVCHD: CPI, MPL, BDM
    "cameras": ("lrv", "lrf", "bim", "ppn", "cpi", "mpl", "mpls", "bdm", "modd", "moff", "gpx"),
    # Premiere: pek, cfa, ims, mpgindex; Vegas and Sound Forge: sfk, sfap0, sfl; Ableton: asd;
    # REAPER: reapeaks; Cubase and WaveLab: peak, gpk; Praat: textgrid; ELAN: eaf, pfsx
    "editors": (
        *("pek", "cfa", "ims", "mpgindex", "sfk", "sfap0", "sfl", "asd", "reapeaks", "peak", "gpk"),
        *("pkf", "textgrid", "eaf", "pfsx", "edl", "otio", "cue", "m3u", "m3u8", "pls"),
    ),
    # github.com/github/gitignore, Global/Backup, Vim, MicrosoftOffice
    "backups": ("bak", "orig", "swp", "swo", "wbk", "old"),
    # Firefox: part; Chrome: crdownload; Safari: download; Opera: opdownload; WinSCP: filepart;
    # rclone: partial; aria2, yt-dlp, uTorrent and qBittorrent: their own
    "half-written": (
        *(
            "part",
            "partial",
            "crdownload",
            "download",
            "opdownload",
            "filepart",
            "aria2",
            "ytdl",
            "!ut",
            "!qb",
        ),
        *("tmp", "temp"),
    ),
    # links to files or pages of one machine: Windows, macOS, Linux; checksums of release tools
    "shortcuts": ("lnk", "url", "webloc", "desktop", "md5", "sha1", "sha256", "sfv"),
}
"""Endings, in lower case."""
_ENDINGS = tuple(f".{ending}" for endings in ENDINGS_BY_ORIGIN.values() for ending in endings)

SYSTEM_NAMES = frozenset(
    (
        # github.com/github/gitignore, Global/Windows and macOS: "Icon must end with two \r"; Synology: @eaDir
        *(
            "thumbs.db",
            "ehthumbs.db",
            "ehthumbs_vista.db",
            "desktop.ini",
            "$recycle.bin",
            "icon\r",
            "icon\r\r",
        ),
        *(
            "system volume information",
            "__macosx",
            "@eadir",
            "#recycle",
            "lost+found",
            "network trash folder",
        ),
        *("temporary items", "picasa.ini"),
    )
)
"""What systems call their own files and folders, in lower case, besides names that begin with a dot."""


def is_sidecar(key: str) -> bool:
    """Tell whether `key` is a folder, hidden, or something that a program left beside the media."""
    segments = key.lower().split("/")
    name = segments[-1]
    return (
        not name
        or name.endswith(("_$folder$", "~"))
        or name.startswith("~$")
        or (name.startswith("#") and name.endswith("#"))
        or name.endswith(_ENDINGS)
        or any(segment.startswith(".") or segment in SYSTEM_NAMES for segment in segments)
    )
