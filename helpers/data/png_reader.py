"""A PNG reader that skips the chunks that no pixel depends on.

Pillow refuses a whole file if one of its compressed texts or its colour profile is
larger than 1 MiB, as image tools write them; here only the chunk is skipped.
"""

from typing import Any

from PIL import ImageFile, PngImagePlugin


class _Chunks(PngImagePlugin.PngStream):
    """Pillow's chunks, without texts and without profiles that cannot be used."""

    def _skip(self, pos: int, length: int) -> bytes:
        assert self.fp is not None
        self.fp.seek(pos)
        return ImageFile._safe_read(self.fp, length)

    chunk_tEXt = chunk_zTXt = chunk_iTXt = _skip  # noqa: N815  Pillow calls them so

    def chunk_iCCP(self, pos: int, length: int) -> bytes:  # noqa: N802
        """The profile, unless it is over Pillow's limit or damaged."""
        try:
            return super().chunk_iCCP(pos, length)
        except (ValueError, SyntaxError, IndexError):
            return self._skip(pos, length)


class PngReader(PngImagePlugin.PngImageFile):
    """Pillow's reader, with the chunks above."""

    def __setattr__(self, name: str, value: Any) -> None:
        # Pillow's `_open` makes its stream itself, before it reads the first chunk.
        if name == "png" and isinstance(value, PngImagePlugin.PngStream):
            assert value.fp is not None
            value = _Chunks(value.fp)
        super().__setattr__(name, value)
