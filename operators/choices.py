"""The choices that several operators, node groups and the preferences offer, as arguments of EnumProperty."""

from __future__ import annotations

from typing import Any

import bpy

HIDDEN = {"HIDDEN", "SKIP_SAVE"}
BLEND_RELATIVE = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
PATH = {"SKIP_SAVE"} | BLEND_RELATIVE
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
PICTURE_FILTER = ";".join(f"*{suffix}" for suffix in PICTURES)

PROJECTION: dict[str, Any] = {
    "name": "Projection",
    "description": "Which part of the world the photo shows",
    "items": (
        ("AUTO", "Automatic", "A photo twice as wide as high is a panorama; others are refused"),
        ("EQUIRECTANGULAR", "Panorama", "All around: equirectangular, twice as wide as high"),
        ("FLAT", "Picture", "A picture of any shape, whose edges do not join"),
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
