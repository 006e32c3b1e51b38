"""Photos: where they come from, and how their bytes become pixels.

Files are downloaded, unpacked, checked by their headers and decoded; drawings stand in
where there are no photos. Nothing here imports TensorFlow.
"""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "decoding": "PhotoError decode_photo",
        "downloads": "download_cats_dogs",
        "drawings": "draw make_drawings",
        "photos": "NoPhotosError batches drawn_examples examples_in find_data_set "
        "load_photos",
    },
)
