"""carflow: from flow cytometry tubes of CAR T patients to the day of the peak.

The names, in the order of the data::

    read_study, read_gates, read_fcs, read_fcs_all   doors in
    fit_gates                                        many tubes: gates found and frozen
    gate                                             one tube: counts per population
    nca, estimate_peak                               one curve: parameters, and the day of the peak
    nca_by_curve, cohort, concordance                many curves; a cohort; two methods
    population_peak                                  a cohort's peaks that borrow strength
    run, check                                       the whole job; the batch checks alone
    with_population                                  the same model on the curves of a run
    write_outputs, write_report                      doors out
    plot_expansion, plot_cut_band                    pictures of one subject, Axes in, Axes out
    plot_cohort, plot_posterior                      and of many
    CarflowError                                     what an unusable input raises

and for questions beside the course of a patient::

    copies_per_genome, copies_per_car_cell, copies_per_cell, droplet_concentration,
    cells_per_ul_from_copies                         gene copies by qPCR and ddPCR
    peak_lag, persistence                            two peaks; how long cells are found
    culture, theoretical_start_per_ul                growth in vitro; the dose as a count
    dilution_line, lost_share, plot_dilution         is a count proportional to the sample?
    against_limit, calibrate_mesf                    a specification; brightness in molecules
    to_infinity                                      areas and moments of other programs

Everything else is reached by its module. Importing carflow loads neither FlowKit, pandas nor
matplotlib; each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carflow.errors import CarflowError as CarflowError
    from carflow.fcs.reader import read_fcs as read_fcs
    from carflow.fcs.reader import read_fcs_all as read_fcs_all
    from carflow.gate_fit import fit_gates as fit_gates
    from carflow.gating.engine import gate as gate
    from carflow.gating.reading import read_gates as read_gates
    from carflow.kinetics.batch import nca_by_curve as nca_by_curve
    from carflow.kinetics.cohort import cohort as cohort
    from carflow.kinetics.concordance import concordance as concordance
    from carflow.kinetics.culture import culture as culture
    from carflow.kinetics.expansion import theoretical_start_per_ul as theoretical_start_per_ul
    from carflow.kinetics.infinity import to_infinity as to_infinity
    from carflow.kinetics.lag import peak_lag as peak_lag
    from carflow.kinetics.nca import nca as nca
    from carflow.kinetics.peak import estimate_peak as estimate_peak
    from carflow.kinetics.persistence import persistence as persistence
    from carflow.kinetics.population_fit import population_peak as population_peak
    from carflow.pipeline import check as check
    from carflow.pipeline import run as run
    from carflow.population import with_population as with_population
    from carflow.quantify.decision import against_limit as against_limit
    from carflow.quantify.dilution import dilution_line as dilution_line
    from carflow.quantify.dilution import lost_share as lost_share
    from carflow.quantify.gene_copies import cells_per_ul_from_copies as cells_per_ul_from_copies
    from carflow.quantify.gene_copies import copies_per_car_cell as copies_per_car_cell
    from carflow.quantify.gene_copies import copies_per_cell as copies_per_cell
    from carflow.quantify.gene_copies import copies_per_genome as copies_per_genome
    from carflow.quantify.gene_copies import droplet_concentration as droplet_concentration
    from carflow.quantify.staining import calibrate_mesf as calibrate_mesf
    from carflow.report.cohort_band import plot_cohort as plot_cohort
    from carflow.report.cut_band import plot_cut_band as plot_cut_band
    from carflow.report.dilution import plot_dilution as plot_dilution
    from carflow.report.expansion import plot_expansion as plot_expansion
    from carflow.report.outputs import write_outputs as write_outputs
    from carflow.report.outputs import write_report as write_report
    from carflow.report.posterior import plot_posterior as plot_posterior
    from carflow.study.sheet import read_study as read_study

__version__ = "0.1.0"

_HOMES = {
    "read_study": "carflow.study.sheet",
    "read_gates": "carflow.gating.reading",
    "read_fcs": "carflow.fcs.reader",
    "read_fcs_all": "carflow.fcs.reader",
    "fit_gates": "carflow.gate_fit",
    "gate": "carflow.gating.engine",
    "nca": "carflow.kinetics.nca",
    "nca_by_curve": "carflow.kinetics.batch",
    "estimate_peak": "carflow.kinetics.peak",
    "cohort": "carflow.kinetics.cohort",
    "concordance": "carflow.kinetics.concordance",
    "population_peak": "carflow.kinetics.population_fit",
    "run": "carflow.pipeline",
    "check": "carflow.pipeline",
    "with_population": "carflow.population",
    "write_outputs": "carflow.report.outputs",
    "write_report": "carflow.report.outputs",
    "plot_expansion": "carflow.report.expansion",
    "dilution_line": "carflow.quantify.dilution",
    "plot_dilution": "carflow.report.dilution",
    "lost_share": "carflow.quantify.dilution",
    "peak_lag": "carflow.kinetics.lag",
    "to_infinity": "carflow.kinetics.infinity",
    "against_limit": "carflow.quantify.decision",
    "copies_per_genome": "carflow.quantify.gene_copies",
    "copies_per_car_cell": "carflow.quantify.gene_copies",
    "copies_per_cell": "carflow.quantify.gene_copies",
    "cells_per_ul_from_copies": "carflow.quantify.gene_copies",
    "droplet_concentration": "carflow.quantify.gene_copies",
    "calibrate_mesf": "carflow.quantify.staining",
    "theoretical_start_per_ul": "carflow.kinetics.expansion",
    "plot_cohort": "carflow.report.cohort_band",
    "plot_cut_band": "carflow.report.cut_band",
    "plot_posterior": "carflow.report.posterior",
    "culture": "carflow.kinetics.culture",
    "persistence": "carflow.kinetics.persistence",
    "CarflowError": "carflow.errors",
}

__all__ = [
    "CarflowError",
    "__version__",
    "against_limit",
    "calibrate_mesf",
    "cells_per_ul_from_copies",
    "check",
    "cohort",
    "concordance",
    "copies_per_car_cell",
    "copies_per_cell",
    "copies_per_genome",
    "culture",
    "dilution_line",
    "droplet_concentration",
    "estimate_peak",
    "fit_gates",
    "gate",
    "lost_share",
    "nca",
    "nca_by_curve",
    "peak_lag",
    "persistence",
    "plot_cohort",
    "plot_cut_band",
    "plot_dilution",
    "plot_expansion",
    "plot_posterior",
    "population_peak",
    "read_fcs",
    "read_fcs_all",
    "read_gates",
    "read_study",
    "run",
    "theoretical_start_per_ul",
    "to_infinity",
    "with_population",
    "write_outputs",
    "write_report",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
