"""What was noticed about an input: a stable code, a severity and a sentence.

A finding never changes or drops a result. Its sentence may be passed on: it carries codes,
numbers, channel and marker names, never a file name or free text out of a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters. A check that could not be done is INFO, never PASS."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    INFO = "info"
    WARN = "warn"
    FAIL = "fail"

    @property
    def rank(self) -> int:
        """0 for the gravest; tables are sorted by it."""
        return ("fail", "warn", "info", "pass").index(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing noticed, about one tube or (without `sample_id`) about the whole batch.

    Examples
    --------
    >>> print(Finding(code="BEADS-FEW", severity=Severity.WARN, message="412 bead events"))
    warn BEADS-FEW: 412 bead events
    """

    code: str
    severity: Severity
    message: str
    sample_id: str = ""
    value: float | None = None
    limit: str = ""

    def __str__(self) -> str:
        about = f" {self.sample_id}" if self.sample_id else ""
        return f"{self.severity} {self.code}{about}: {self.message}"


def verdict(findings: tuple[Finding, ...]) -> Severity:
    """Return PASS, WARN or FAIL for a set of findings; INFO does not lower a verdict.

    Examples
    --------
    >>> str(verdict(()))
    'pass'
    """
    severities = {finding.severity for finding in findings}
    if Severity.FAIL in severities:
        return Severity.FAIL
    return Severity.WARN if Severity.WARN in severities else Severity.PASS
