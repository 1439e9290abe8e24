"""A picture as an image of grey levels or colours, for the formats that hold nothing else.

It must not know files and marks.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from app.imaging.picture import Picture, to_levels


def raster(picture: Picture) -> Image.Image:
    """Black and white are the ends of the window: 16 bits where the sources had more than 8, else 8.

    Colour is 8 bits a channel: no common reader takes more from PNG or TIFF without loss.
    """
    if picture.bits > 8 and not picture.colour:
        return Image.fromarray(to_levels(picture, 65535))
    return Image.fromarray(to_levels(picture, 255).astype(np.uint8))
