"""Which part of the world a picture shows, and the picture as an equirectangular map of it."""

from __future__ import annotations
