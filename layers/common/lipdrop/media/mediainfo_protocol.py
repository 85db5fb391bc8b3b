"""The protocol between `mediainfo_pool` and its child process `mediainfo_worker`, over its input and output.

parent    size of the next file (SIZE)
child     offset, length (ASK): "give me this range"
parent    length (LENGTH), bytes
child     END, length (ASK), text: "this is my report", formatted by TEMPLATE
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
"""What MediaInfo is asked for, by kind of track. Titles and tags, free text from outside, are left out."""
TEMPLATE = "\n".join(
    f"{kind};{'|'.join((kind, *(f'%{field}%' for field in fields)))}\\n" for kind, fields in FIELDS.items()
)
