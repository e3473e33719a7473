"""The table that a run prints: each figure with its goal beside it, and whether it was reached."""

from __future__ import annotations

import time


class Report:
    """Figures as they come; they are printed at once."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str]] = []
        self._begun = time.monotonic()

    def begin(self, title: str) -> None:
        """Begin a section."""
        print(f"\n{title}  ({time.monotonic() - self._begun:.0f} s)", flush=True)

    def note(self, text: str) -> None:
        """Print something that has no goal."""
        print(f"  {text}", flush=True)

    def most(self, label: str, value: float, goal: float, unit: str = "") -> None:
        """Report a figure that shall be at most so large."""
        self._row(label, value, f"<= {goal:g}", value <= goal, unit)

    def least(self, label: str, value: float, goal: float, unit: str = "") -> None:
        """Report a figure that shall be at least so large."""
        self._row(label, value, f">= {goal:g}", value >= goal, unit)

    def failed(self, label: str, error: Exception) -> None:
        """Report what could not be measured."""
        self.rows.append((label, "-", "", "not measured"))
        print(f"  {label}: {type(error).__name__}: {error}", flush=True)

    def _row(self, label: str, value: float, goal: str, reached: bool, unit: str) -> None:
        shown = f"{value:.2f}" if value < 100 else f"{value:.0f}"
        row = (label, f"{shown}{unit}", f"{goal}{unit}", "ok" if reached else "missed")
        self.rows.append(row)
        print("  {:58}{:>12}{:>12}  {}".format(*row), flush=True)

    def table(self) -> bool:
        """Print all figures together, and return whether every goal was reached."""
        print(f"\n{'':60}{'measured':>12}{'goal':>12}", flush=True)
        for row in self.rows:
            print("  {:58}{:>12}{:>12}  {}".format(*row))
        missed = sum(row[3] != "ok" for row in self.rows)
        print(f"\n{len(self.rows) - missed} of {len(self.rows)} goals reached, {time.monotonic() - self._begun:.0f} s.")
        return not missed
