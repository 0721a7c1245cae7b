"""Changes to objects on their way from one place to another. No I/O here: the caller reads."""

from airconn.override.overlay import Overlay, read_overlay
from airconn.override.overrides import Overrides, TargetOverrides
from airconn.override.places import refuse_shapeless
from airconn.override.values import Surroundings

__all__ = ["Overlay", "Overrides", "Surroundings", "TargetOverrides", "read_overlay", "refuse_shapeless"]
