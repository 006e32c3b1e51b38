"""Downloads, unpacks, finds and decodes photos, and makes drawings in their place.

Nothing here imports TensorFlow.
"""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "cats_dogs": "download_cats_dogs",
        "data_sets": "NoPhotosError find_data_set",
        "decoding": "PhotoError decode_photo",
        "drawings": "draw make_drawings",
        "picture_files": "labelled_files picture_bytes",
        "photos": "batches drawn_examples examples_in load_photos",
    },
)
