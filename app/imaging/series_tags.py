"""Names under which a series keeps facts of its stack that its slices' positions along the normal do not tell."""

TILT = "GantryDetectorTilt"
"""Lean of the stack in degrees, measured from its positions."""
SHIFT = "SliceShift"
"""Way of slices sideways in mm."""
UPTAKE = "UptakeRemark"
"""Why the values of a PET are no SUV."""
