"""The choices of how a photo is converted, as Blender's enums show them: in the operator and on the groups."""

from __future__ import annotations

PROJECTIONS = (
    ("AUTO", "Automatic", "Find out what the photo is, and complete the sphere around it"),
    (
        "EQUIRECTANGULAR",
        "Panorama",
        "Equirectangular: all around and 2:1, or the field of view that is given",
    ),
    ("PERSPECTIVE", "Photo", "An ordinary photo; the rest of the sphere is filled in"),
    ("CYLINDRICAL", "Cylindrical", "A sweep panorama of a phone, or another cylindrical one"),
    ("FISHEYE", "Fisheye", "A fisheye, whole or cropped"),
    ("DUAL_FISHEYE", "Dual Fisheye", "Two fisheyes side by side, of a 360 degree camera"),
    ("MIRROR_BALL", "Mirror Ball", "A mirroring ball that fills the picture, or stands on black"),
    ("CUBE", "Cube Map", "Six faces: a cross, a strip, or six files"),
    ("FLAT", "Picture", "A picture of any shape, as it is: no sphere"),
    ("BY_SHAPE", "By Shape", "A photo that is exactly 2:1 is a panorama, others are pictures"),
)
INPUT_CURVES = (
    ("AUTO", "Automatic", "The network tells whether the photo is plain sRGB or has a camera's curve"),
    ("SRGB", "sRGB", "Plain sRGB, undone exactly: renders, scans, most edited panoramas"),
    ("CAMERA", "Camera", "A camera's own curve, estimated from the photo"),
)
COMPRESSIONS = (
    ("ZIP", "ZIP", "Lossless"),
    ("DWAA", "DWAA", "Smaller; changes highlights by a little less than one percent"),
)
SCALES = (
    ("WHITE", "Photo White", "1.0 is the photo's white"),
    ("GREY", "Grey Card", "The photo's middle brightness becomes 0.18"),
    ("ABSOLUTE", "cd/m²", "Luminance, from the exposure that the photo's EXIF data tell"),
    ("WATTS", "W/(m² sr)", "Radiance in the unit of Blender's lamps, from the exposure that the photo's EXIF data tell"),
)
ANGLES = (  # name, label, description, least and most in degrees
    (
        "fov",
        "Field of View",
        "Across the photo; of a fisheye, what its circle holds. 0: as the photo tells",
        0.0,
        360.0,
    ),
    ("pitch", "Pitch", "Tilts the photo up, beside what its data say", -90.0, 90.0),
    ("roll", "Roll", "Turns the photo clockwise, beside what its data say", -180.0, 180.0),
    ("yaw", "Yaw", "Turns the photo to the left of the environment's middle", -360.0, 360.0),
)
