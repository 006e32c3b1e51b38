"""What is raised when a model cannot be frozen."""


class FreezeError(ValueError):
    """Bad input: one line says the cause, the next one what to do."""

    def __init__(self, cause: str, fix: str):
        super().__init__(f"{cause}\n{fix}")
        self.cause, self.fix = cause, fix
