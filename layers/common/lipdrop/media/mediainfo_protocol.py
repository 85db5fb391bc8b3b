"""What `lipdrop.media.probe` and its child process `lipdrop.media.mediainfo_worker` say to each other.

parent    size of the next file (SIZE)
child     offset, length (ASK): "give me this range"
parent    length (LENGTH), bytes
child     END, length (ASK), text: "this is what I saw", laid out by TEMPLATE
"""

import struct

ASK = struct.Struct(">QI")
LENGTH = struct.Struct(">I")
SIZE = struct.Struct(">Q")
END = 2**64 - 1

FIELDS = {
    "General": ("Format", "Duration", "IsTruncated", "Encryption"),
    "Video": (
        *("Format", "Duration", "Width", "Height", "FrameRate", "FrameRate_Minimum", "FrameRate_Maximum"),
        *(
            "FrameCount",
            "ScanType",
            "Format_Profile",
            "HDR_Format",
            "transfer_characteristics",
            "ColorSpace",
            "Encryption",
        ),
    ),
    "Audio": ("Format", "Duration", "Encryption"),
}
"""What MediaInfo is asked for, by kind of track. Titles and tags, which strangers write, stay out."""
TEMPLATE = "\n".join(
    f"{kind};{'|'.join((kind, *(f'%{field}%' for field in fields)))}\\n" for kind, fields in FIELDS.items()
)
