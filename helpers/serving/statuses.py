"""The status of each version of each model: of those that are not loaded, too."""

from collections.abc import Container

from helpers.serving.versions import Status


class Statuses:
    """Statuses by model name and version.

    A change replaces a model's dict: other threads may iterate over the one before.
    """

    def __init__(self) -> None:
        self._statuses: dict[str, dict[int, Status]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Of all models with a status."""
        return tuple(self._statuses)

    def of(self, name: str) -> dict[int, Status]:
        """The status of each version of a model, newest first."""
        return dict(sorted(self._statuses.get(name, {}).items(), reverse=True))

    def failures(self) -> list[tuple[str, int, str]]:
        """Name, version and error of every file that could not be loaded."""
        return [
            (name, version, status.error)
            for name in self.names
            for version, status in self.of(name).items()
            if status.error
        ]

    def put(self, name: str, version: int, status: Status) -> None:
        self._statuses[name] = {**self._statuses.get(name, {}), version: status}

    def forget_others(self, name: str, versions: Container[int]) -> None:
        """Remove the statuses of other versions, unless they are still in memory."""
        kept = {
            version: status
            for version, status in self._statuses.get(name, {}).items()
            if version in versions or status.state != "END"
        }
        others = {n: found for n, found in self._statuses.items() if n != name}
        self._statuses = {**others, name: kept} if kept else others
