"""A photo that is no panorama becomes a full sphere of light."""
