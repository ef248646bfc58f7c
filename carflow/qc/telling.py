"""How a check puts what it found about one tube; no limit and no check lives here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity

if TYPE_CHECKING:
    from carflow.qc.summary import TubeSummary


def finding_of(
    tube: TubeSummary,
    code: str,
    severity: Severity,
    message: str,
    *,
    value: float | None = None,
    limit: object = "",
) -> Finding:
    """Return a finding about a tube; `limit` is printed as text.

    Parameters
    ----------
    value : float, optional
        The number that was judged.
    limit : object
        What it was judged by, such as an `carflow.qc.limits.Above`.
    """
    return Finding(
        code=code,
        severity=severity,
        message=message,
        sample_id=tube.sample_id,
        value=value,
        limit=str(limit),
    )
