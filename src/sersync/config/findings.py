"""What is wrong with a configuration, collected while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from sersync.config.mistakes import PlaceOf
from sersync.config.positions import Path
from sersync.errors import Mistake


@dataclass(slots=True)
class Findings:
    """Collects what is wrong and what looks wrong. For one load, on one thread."""

    place_of: PlaceOf
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)
    mistaken: set[Path] = field(default_factory=set)
    """Which settings the mistakes are about."""

    def mistake(
        self, path: Path, message: str, suggestion: str = "", *, is_absence: bool = False
    ) -> None:
        """Note that the setting at *path* cannot be used."""
        place = self.place_of(path)
        self.mistaken.add(path)
        self.mistakes.append(
            Mistake(place=place, message=message, suggestion=suggestion, is_absence=is_absence)
        )

    def warning(self, path: Path, message: str, suggestion: str = "") -> None:
        """Note that the setting at *path* is probably not what is meant."""
        place = self.place_of(path)
        self.warnings.append(Mistake(place=place, message=message, suggestion=suggestion))
