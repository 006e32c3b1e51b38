"""The error for models that cannot be frozen."""


class FreezeError(ValueError):
    """Bad input; the message has the cause, and on its last line the fix."""

    def __init__(self, cause: str, fix: str):
        super().__init__(f"{cause}\n{fix}")
        self.cause, self.fix = cause, fix
