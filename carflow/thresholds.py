"""Every threshold of the checks, with its default and where it comes from; no check lives here.

Decision: the limits are one frozen value and not constants beside the checks, because they
belong to the laboratory (guidelines give few of them): it writes its own into the table
``[qc]`` of its gate file, and all of them are written into ``run.json``. They stand on a low
floor so that a gate file with a wrong limit is refused where it is read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class QcLimits:
    """When a check warns and when it fails. ``dataclasses.asdict`` gives plain numbers.

    Counts and the viability warn and fail *below* their limit, all other numbers *above* it; a
    pair of ``_low`` and ``_high`` warns outside. ``_least`` is the smallest basis of a judgement:
    below it a check was not done.

    Parameters
    ----------
    events_warn, events_fail : int
        All events of a tube. Source: own choice.
    cd3_events_warn, cd3_events_fail : int
        CD3+ events, the denominator of ``car_pct_cd3``. Counting statistics: 25 CAR+ events
        (CV 20 %) are 1 % of 2,500 and 5 % of 500.
    bead_events_warn, bead_events_fail : int
        Bead events, where the sheet gives a bead number. Counting statistics: 1,000 events
        have a CV of 3.2 %, 400 of 5 %; 1,000 is also the customary minimum for counting beads.
    saturation_warn_pct, saturation_fail_pct : float
        Events at the upper end of a channel's range [% of events]. Source: own choice.
    target_saturation_warn_pct, target_saturation_fail_pct : float
        The same for the channels the CD3 and CAR gates lie on. Source: own choice.
    nonfinite_warn_pct, nonfinite_fail_pct : float
        Events with a value that is not a number [% of events]. A sound file has none.
    condition_number_warn, condition_number_fail : float
        Condition number of the spillover matrix: how much compensation enlarges errors.
        Source: own choice; at 10⁸ single-precision values have no digit left.
    spillover_warn : float
        Largest spillover coefficient off the diagonal. Above 1 a dye is brighter in a
        foreign detector than in its own. Source: own choice.
    matrix_difference_warn, matrix_difference_fail, target_matrix_difference_fail : float
        Largest difference of a spillover coefficient to the usual matrix of the panel; the last
        for coefficients from or into the channels of the CD3 and CAR gates.
        Source: own choice; 0.01 moves a negative by 1 % of the brightness of the other dye.
    voltage_warn_v, voltage_fail_v : float
        Difference of a detector voltage to the usual one [V]. Any difference is worth a
        look; a drift of 32 V inside a tolerance of 50 V has moved CD4 and CD8 by 18 %
        (reported by Cytomaton on cytometer set-up and tracking).
    range_ratio_warn, range_ratio_fail : float
        Ratio of a channel's range or gain to the usual one, the larger over the smaller.
        Software that writes 262,143 for 262,144 warns; another scale fails.
    unstable_warn_pct, unstable_fail_pct : float
        Events in stretches whose signals are not those of the rest of the tube [%].
    suspect_warn_pct : float
        Bins that depart too little or too slowly to be named [% of bins]. Source: own choice.
    drift_warn_points : float
        Movement of a channel's mean rank from one end of a tube to the other [percentage
        points]; simulated steady tubes of 25,000 events stay below 3.1.
    unusual_rate_warn_pct : float
        Time with an unusual flow rate [% of the acquisition]. Source: own choice.
    reversed_fail_days : float
        A later day acquired this much before an earlier one [d]. Half a day, so that frozen
        samples run together in one session warn and do not fail.
    gap_warn_days : float
        Days between two tubes against days between their acquisitions [d]. A day of shipping
        and a visit that lasted from morning to evening pass.
    viability_warn_pct, viability_fail_pct : float
        Viable events [% of cells, or of CD45+]. 80 % is a customary release specification of
        CAR T products (customary release limit); blood is usually above 90 %.
    denominator_events_least : int
        Events a percentage needs to be judged. Counting statistics: 500 events give 50 % an
        interval of ± 4.4 points.
    t_sum_low_pct, t_sum_high_pct : float
        CD4+ and CD8+ together [% of CD3+]. Customary for lymphocyte subsets is 100 ± 5 to 10;
        double-negative T cells allow for less.
    events_per_s_low, events_per_s_high : float
        Events over acquisition time [1/s]. Source: own choice; no cytometer counts 50,000 in
        a second, and fewer than 10 mean a clog or a cut export.
    batch_tubes_least : int
        Tubes of a panel that tell what is usual. Source: own choice.
    batch_z_warn : float
        Robust z of a percentage among the tubes of its panel. Source: own choice; 3.5 is
        customary for the modified z score (Iglewicz and Hoaglin, 1993).
    batch_spread_least_points, blood_spread_least_points : float
        A smaller spread among the tubes counts as this one [percentage points], so that a very
        even batch finds no fault with a difference nobody would see: for singlets and viable
        events, and for percentages that change with the blood. Source: own choice.
    brightness_z_warn : float
        Robust z of a median brightness, of a tube in its batch and of a batch beside another.
        Source: as `batch_z_warn`.
    brightness_spread_least_decades : float
        A smaller spread counts as this one [decades]: with 3.5 spreads, 1.5 times as bright is
        the least that is noticed. Source: own choice.
    gate_shift_warn_decades : float
        How far a gate that was found in a tube lies from the median of its batch [decades].
        Source: own choice; 0.3 is a factor of two.
    control_events_warn, control_events_fail : int
        CD3+ events of all controls of a panel together. At 10,000 ten events lie above a cut
        at the 99.9th percentile; at 2,000 ten above one at the 99.5th.
    nominal_background_pct : float
        CAR+ a control is meant to have [% of CD3+]: a cut at its 99.9th percentile leaves 0.1.
    background_ratio_warn, background_ratio_fail : float
        CAR+ of a control over the nominal background. Source: own choice.
    negative_shift_warn_pct, negative_shift_fail_pct : float
        How far the CAR-negative T cells of a tube lie from those of the controls towards the
        CAR cut [% of the way]. A cut at the 99.9th percentile lies 3.1 SD off, so 15 and 30 %
        are about 0.5 and 1 SD.
    count_ratio_low, count_ratio_high : float
        Ratio of the same count by two methods (beads, WBC, ALC). Source: own choice, 1 / 1.5
        and 1.5.
    cbc_hours_warn, cbc_hours_fail : float
        Hours between the draw of a tube and that of its blood count [h]. Source: own choice.
    tube_age_warn_h : float
        Hours from the draw to the acquisition [h]. Peinelt et al. (Front Immunol 2022,
        13:830773): CAR T values drop already one day after the draw.
    visit_window_days, visit_window_pct : float
        Days within which visits count as the same [d], and [% of the day] where that is more.
    visit_subjects_least : int
        Other subjects that must have a visit before it is missed.
    swap_z_warn : float
        Distance of a tube from its subject's other days, in units of the spread of such
        distances. Source: own choice.
    residual_warn, residual_fail : float
        Slope that compensation leaves between two channels, the error of a spillover
        coefficient. Source: measured, see `carflow.cleaning.residual_spillover`.
    residual_z_least : float
        A slope below this many of its standard errors is not judged.
    far_negative_warn_pct, far_negative_fail_pct : float
        T cells five widths below the negatives of a channel [%]. Source: own choice; noise
        alone leaves none.
    replicate_cv_warn_pct, replicate_cv_fail_pct : float
        CV of a number among the tubes of one visit [%]. Customary is 10 for common and 20 for
        rare populations; a CV that counting gives is none of the laboratory's.
    carry_over_fail_pct : float
        CAR+ that the first events of a tube hold too much, as [% of the CAR+ percentage of the
        tube before]. A customary limit of the carry-over of analysers is 1 %.

    Raises
    ------
    ValueError
        If a limit is negative or not finite, or warns later than it fails.

    Examples
    --------
    >>> QcLimits(events_fail=1_000).events_fail
    1000
    >>> QcLimits(events_warn=10, events_fail=20)
    Traceback (most recent call last):
    ...
    ValueError: events_warn 10 and events_fail 20: a check has to warn before it fails
    """

    events_warn: int = 20_000
    events_fail: int = 5_000
    cd3_events_warn: int = 2_500
    cd3_events_fail: int = 500
    bead_events_warn: int = 1_000
    bead_events_fail: int = 400
    saturation_warn_pct: float = 1.0
    saturation_fail_pct: float = 5.0
    target_saturation_warn_pct: float = 0.5
    target_saturation_fail_pct: float = 2.0
    nonfinite_warn_pct: float = 0.0
    nonfinite_fail_pct: float = 1.0
    condition_number_warn: float = 50.0
    condition_number_fail: float = 1e8
    spillover_warn: float = 1.0
    matrix_difference_warn: float = 0.01
    matrix_difference_fail: float = 0.05
    target_matrix_difference_fail: float = 0.02
    voltage_warn_v: float = 0.0
    voltage_fail_v: float = 10.0
    range_ratio_warn: float = 1.0
    range_ratio_fail: float = 1.01
    unstable_warn_pct: float = 10.0
    unstable_fail_pct: float = 30.0
    suspect_warn_pct: float = 20.0
    drift_warn_points: float = 10.0
    unusual_rate_warn_pct: float = 5.0
    reversed_fail_days: float = 0.5
    gap_warn_days: float = 1.5
    viability_warn_pct: float = 80.0
    viability_fail_pct: float = 50.0
    denominator_events_least: int = 500
    t_sum_low_pct: float = 85.0
    t_sum_high_pct: float = 105.0
    events_per_s_low: float = 10.0
    events_per_s_high: float = 50_000.0
    batch_tubes_least: int = 5
    batch_z_warn: float = 3.5
    batch_spread_least_points: float = 1.0
    blood_spread_least_points: float = 3.0
    brightness_z_warn: float = 3.5
    brightness_spread_least_decades: float = 0.05
    gate_shift_warn_decades: float = 0.3
    control_events_warn: int = 10_000
    control_events_fail: int = 2_000
    nominal_background_pct: float = 0.1
    background_ratio_warn: float = 2.0
    background_ratio_fail: float = 5.0
    negative_shift_warn_pct: float = 15.0
    negative_shift_fail_pct: float = 30.0
    count_ratio_low: float = 0.67
    count_ratio_high: float = 1.5
    cbc_hours_warn: float = 2.0
    cbc_hours_fail: float = 24.0
    tube_age_warn_h: float = 24.0
    visit_window_days: float = 1.0
    visit_window_pct: float = 10.0
    visit_subjects_least: int = 2
    swap_z_warn: float = 3.5
    residual_warn: float = 0.005
    residual_fail: float = 0.02
    residual_z_least: float = 6.0
    far_negative_warn_pct: float = 0.5
    far_negative_fail_pct: float = 2.0
    replicate_cv_warn_pct: float = 10.0
    replicate_cv_fail_pct: float = 20.0
    carry_over_fail_pct: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            number = getattr(self, field.name)
            if not math.isfinite(number) or number < 0:
                raise ValueError(f"{field.name} has to be a number from 0 upwards, got {number!r}")
        for field in fields(self):
            if "_warn" in field.name:
                self._check_pair(field.name)
            if "_low" in field.name:
                self._check_range(field.name)

    def _check_range(self, low_name: str) -> None:
        high_name = low_name.replace("_low", "_high")
        low, high = getattr(self, low_name), getattr(self, high_name)
        if not low < high:
            raise ValueError(f"{low_name} {low} is not below {high_name} {high}")

    def _check_pair(self, warn_name: str) -> None:
        fail_name = warn_name.replace("_warn", "_fail")
        warn, fail = getattr(self, warn_name), getattr(self, fail_name, None)
        if fail is None:
            return
        below = "events_" in warn_name or warn_name.startswith("viability_")
        if (warn < fail) if below else (warn > fail):
            raise ValueError(
                f"{warn_name} {warn} and {fail_name} {fail}: a check has to warn before it fails"
            )
