"""The choices that several operators, node groups and the preferences offer, as arguments of EnumProperty."""

from __future__ import annotations

import math
from typing import Any

import bpy

HIDDEN = {"HIDDEN", "SKIP_SAVE"}
BLEND_RELATIVE = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
PATH = {"SKIP_SAVE"} | BLEND_RELATIVE
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".heic", ".heif", ".hif", ".avif", ".exr", ".hdr")
PICTURE_FILTER = ";".join(f"*{suffix}" for suffix in PICTURES)

PROJECTION: dict[str, Any] = {
    "name": "Projection",
    "description": "Which part of the world the photo shows",
    "items": (
        ("AUTO", "Automatic", "Find out what the photo is, and complete the sphere around it"),
        ("EQUIRECTANGULAR", "Panorama", "Equirectangular: all around and 2:1, or the field of view that is given"),
        ("PERSPECTIVE", "Photo", "An ordinary photo; the rest of the sphere is filled in"),
        ("CYLINDRICAL", "Cylindrical", "A sweep panorama of a phone, or another cylindrical one"),
        ("FISHEYE", "Fisheye", "A fisheye, whole or cropped"),
        ("DUAL_FISHEYE", "Dual Fisheye", "Two fisheyes side by side, of a 360 degree camera"),
        ("MIRROR_BALL", "Mirror Ball", "A mirroring ball that fills the picture, or stands on black"),
        ("CUBE", "Cube Map", "Six faces: a cross, a strip, or six files"),
        ("FLAT", "Picture", "A picture of any shape, as it is: no sphere"),
        ("BY_SHAPE", "By Shape", "A photo that is exactly 2:1 is a panorama, others are pictures"),
    ),
}
ANGLES: dict[str, dict[str, Any]] = {
    name: {
        "name": label,
        "description": description,
        "min": math.radians(least),
        "max": math.radians(most),
        "subtype": "ANGLE",  # radians in Python, and what the user has chosen in the interface
    }
    for name, label, description, least, most in (
        ("fov", "Field of View", "Across the photo; of a fisheye, what its circle holds. 0: as the photo tells", 0, 360),
        ("pitch", "Pitch", "Upwards, beside what the photo's data say", -90, 90),
        ("roll", "Roll", "Clockwise, beside what the photo's data say", -180, 180),
        ("yaw", "Yaw", "To the left of the environment's middle", -360, 360),
    )
}
SCALE: dict[str, Any] = {
    "name": "Scale",
    "description": "What 1.0 in the environment is",
    "items": (
        ("WHITE", "Photo White", "1.0 is the photo's white"),
        ("GREY", "Grey Card", "The photo's middle brightness becomes 0.18"),
        ("ABSOLUTE", "cd/m²", "Luminance, from the exposure that the photo's EXIF data tell"),
        ("WATTS", "W/(m² sr)", "Radiance in the unit of Blender's lamps, from the exposure that the photo's EXIF data tell"),
    ),
}
INPUT_CURVE: dict[str, Any] = {
    "name": "Input Curve",
    "description": "How the photo's values came from light",
    "items": (
        ("AUTO", "Automatic", "The network tells whether the photo is plain sRGB or has a camera's curve"),
        ("SRGB", "sRGB", "Plain sRGB, undone exactly: renders, scans, most edited panoramas"),
        ("CAMERA", "Camera", "A camera's own curve, estimated from the photo"),
    ),
}
COMPRESSION: dict[str, Any] = {
    "name": "Compression",
    "description": "How the EXR is compressed",
    "items": (
        ("ZIP", "ZIP", "Lossless"),
        ("DWAA", "DWAA", "Smaller; changes highlights by a little less than one percent"),
    ),
}
DESTINATION: dict[str, Any] = {
    "name": "Destination",
    "description": "Where the EXR goes",
    "items": (
        ("SOURCE", "Beside the Photo", "Into the photo's folder; for an image without a file, the .blend's folder"),
        ("FOLDER", "Folder", "Into a folder of your choice"),
        ("PACKED", "Packed", "Into the .blend itself, with no file beside it"),
    ),
}
FOLDER: dict[str, Any] = {
    "name": "Folder",
    "description": "Folder for the EXR, where Destination is Folder",
    "subtype": "DIR_PATH",
}
WORLD: dict[str, Any] = {
    "name": "World",
    "description": "What becomes of the scene's world",
    "items": (
        ("NEW", "New", "A new world, lit by the photo. The one before stays in the file"),
        ("REPLACE", "Replace Environment", "The photo becomes the active world's environment; its other nodes stay"),
        ("NONE", "Image Only", "Load the image, and leave the world alone"),
    ),
}
DEVICE: dict[str, Any] = {
    "name": "Device",
    "description": "Where the network runs",
    "items": (
        ("AUTO", "Automatic", "The GPU where there is one, else the CPU"),
        ("CUDA", "CUDA", "A GPU of NVIDIA, or of AMD with a ROCm build of PyTorch"),
        ("MPS", "MPS", "The GPU of a Mac with Apple silicon"),
        ("CPU", "CPU", "The processor: slower, but everywhere"),
    ),
}
