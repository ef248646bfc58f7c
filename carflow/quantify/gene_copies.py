"""Gene copies (qPCR, ddPCR): copies per genome, per CAR+ cell, and cells per µL from them.

Copies per µg of DNA count against *all* nucleated cells of the extract. After lymphodepletion
their number changes manyfold, so the highest copies/µg need not be the highest cell count.

Decisions
---------
- A diploid human genome weighs 6.6 pg; some laboratories take 6.0 to 6.5 (`pg_per_genome`).
- A droplet holds 0.85 nL, that of the most common instrument (`droplet_nl`).
- Intervals cover droplets only, through the exact limits of the positive share.

References
----------
Copies/µg misrepresenting kinetics: Sci Rep 2020, doi 10.1038/s41598-020-74927-8. The masses and
the droplet volume are customary numbers, hence settings.
"""

from __future__ import annotations

import math

from carflow.measure import IntervalKind, Measure, State
from carflow.quantify.intervals import clopper_pearson, lognormal
from carflow.reasons import Reason
from carflow.units import Unit

PG_PER_GENOME = 6.6
DROPLET_NL = 0.85
_PG_PER_UG = 1e6


def copies_per_genome(copies_per_ug: float, *, pg_per_genome: float = PG_PER_GENOME) -> float:
    """Return copies per diploid genome, that is, per nucleated cell of the extract.

    Examples
    --------
    >>> [float(f"{copies_per_genome(copies):.3g}") for copies in (50, 24_000, 48_692)]
    [0.00033, 0.158, 0.321]
    """
    return _not_negative(copies_per_ug) * _positive(pg_per_genome) / _PG_PER_UG


def copies_per_car_cell(copies_per_cell: float, car_share: float) -> float:
    """Return the vector copies of one CAR+ cell of a product from the average of all cells.

    Parameters
    ----------
    copies_per_cell : float
        Average vector copy number of all cells of the product.
    car_share : float
        The CAR+ share of these cells, above 0 and up to 1.

    Examples
    --------
    >>> round(copies_per_car_cell(1.2, 0.40), 6)
    3.0
    """
    if not 0 < car_share <= 1:
        raise ValueError(f"a share lies above 0 and up to 1, got {car_share}")
    return _not_negative(copies_per_cell) / car_share


def transduced_share(copies_per_cell: float) -> float:
    """Return the share of cells with a copy if copies fell on cells at random (Poisson).

    Examples
    --------
    >>> round(transduced_share(0.51), 2)
    0.4
    """
    return -math.expm1(-_not_negative(copies_per_cell))


def car_share_of_nucleated(
    copies_per_ug: float, copies_per_car_cell: float, *, pg_per_genome: float = PG_PER_GENOME
) -> float:
    """Return the expected CAR T share of the nucleated cells in the extract.

    Examples
    --------
    >>> round(car_share_of_nucleated(24_000, 3.0), 4)
    0.0528
    """
    genomes = copies_per_genome(copies_per_ug, pg_per_genome=pg_per_genome)
    return genomes / _positive(copies_per_car_cell)


def cells_per_ul_from_copies(
    copies_per_ug: float,
    nucleated_per_ul: float,
    copies_per_car_cell: float,
    *,
    pg_per_genome: float = PG_PER_GENOME,
    cv: float | None = None,
) -> Measure:
    """Return CAR T cells/µL from copies/µg and the blood count of the cells in the extract.

    Parameters
    ----------
    nucleated_per_ul : float
        Leukocytes for whole-blood DNA, lymphocytes plus monocytes for PBMC DNA [1/µL].
    copies_per_car_cell : float
        Vector copies of one CAR+ cell, from the product.
    cv : float, optional
        Coefficient of variation of all three together; without it there is no interval.

    Examples
    --------
    >>> print(cells_per_ul_from_copies(24_000, 2100.0, 3.0))
    110.88 cells/µL
    """
    share = car_share_of_nucleated(copies_per_ug, copies_per_car_cell, pg_per_genome=pg_per_genome)
    value = share * _not_negative(nucleated_per_ul)
    if value == 0:
        return Measure(
            unit=Unit.CELLS_PER_UL, value=0.0, state=State.ND, reason=Reason.NOT_DETECTED
        )
    if cv is None:
        return Measure(unit=Unit.CELLS_PER_UL, value=value, reason=Reason.NO_COUNTS)
    low, high = lognormal(value, _not_negative(cv) ** 2)
    return Measure(
        unit=Unit.CELLS_PER_UL, value=value, low=low, high=high, ci_kind=IntervalKind.TOTAL
    )


def copies_per_droplet(positive: int, droplets: int) -> float:
    """Return the mean copies per droplet, ``−ln(1 − positive / droplets)``.

    Raises
    ------
    ValueError
        If the numbers are no share, or every droplet is positive: then there is no upper end.

    Examples
    --------
    >>> round(copies_per_droplet(3000, 15_000), 4)
    0.2231
    """
    _check_droplets(positive, droplets)
    return -math.log1p(-positive / droplets)


def droplet_concentration(
    positive: int, droplets: int, *, droplet_nl: float = DROPLET_NL
) -> Measure:
    """Return copies per µL of the reaction, with the interval of the droplets.

    Examples
    --------
    >>> print(droplet_concentration(3000, 15_000))
    262.522 copies/µL [253.183, 272.109]
    """
    _check_droplets(positive, droplets)
    low, high = clopper_pearson(positive, droplets)
    per_ul = 1000.0 / _positive(droplet_nl)
    return Measure(
        unit=Unit.COPIES_PER_UL,
        value=copies_per_droplet(positive, droplets) * per_ul,
        low=-math.log1p(-low) * per_ul,
        high=-math.log1p(-high) * per_ul,
        state=State.QUANT if positive else State.ND,
        reason=Reason.NONE if positive else Reason.NOT_DETECTED,
        ci_kind=IntervalKind.COUNTING,
    )


def copies_per_cell(
    target: tuple[int, int], reference: tuple[int, int], *, reference_copies: int = 2
) -> Measure:
    """Return target copies per cell from two droplet counts of one reaction volume.

    Parameters
    ----------
    target, reference : tuple of int
        Positive and all droplets of the CAR assay, and of a gene with `reference_copies` in
        every cell.

    Examples
    --------
    >>> print(copies_per_cell((3000, 15_000), (6000, 15_000)))
    0.873658 copies/cell [0.836012, 0.913]
    """
    _check_droplets(*target)
    _check_droplets(*reference)
    if not reference[0]:
        return Measure.missing(Unit.COPIES_PER_CELL, Reason.ZERO_PARENT)
    if not target[0]:
        high = reference_copies * -math.log1p(-clopper_pearson(*target).high)
        high /= copies_per_droplet(*reference)
        return Measure(
            unit=Unit.COPIES_PER_CELL, value=0.0, low=0.0, high=high, state=State.ND,
            reason=Reason.NOT_DETECTED, ci_kind=IntervalKind.COUNTING,
        )  # fmt: skip
    ratio = reference_copies * copies_per_droplet(*target) / copies_per_droplet(*reference)
    low, high = lognormal(ratio, _relative_variance(*target) + _relative_variance(*reference))
    return Measure(
        unit=Unit.COPIES_PER_CELL, value=ratio, low=low, high=high, ci_kind=IntervalKind.COUNTING
    )


def _relative_variance(positive: int, droplets: int) -> float:
    """Return the squared CV of the mean copies per droplet (delta method)."""
    share = positive / droplets
    return share / ((1 - share) * droplets) / copies_per_droplet(positive, droplets) ** 2


def _check_droplets(positive: int, droplets: int) -> None:
    if not 0 <= positive < droplets:
        raise ValueError(
            f"droplets need 0 <= positive < all, got {positive} of {droplets}: dilute if all are"
        )


def _positive(number: float) -> float:
    if not 0 < number < math.inf:
        raise ValueError(f"a number above 0 is needed, got {number}")
    return number


def _not_negative(number: float) -> float:
    if not 0 <= number < math.inf:
        raise ValueError(f"a number of 0 or more is needed, got {number}")
    return number
