"""What a channel's name says: time, scatter, which pulse it measures, compensated or not.

Only names are looked at. Nothing here decides over a value except which channel is Time; the
rest serves to notice settings and labels that do not go together.
"""

from __future__ import annotations

import re
from functools import lru_cache

TIME_NAMES = ("time", "hdr-t", "hdr-tm", "timelsw")  # HDR-… are MACSQuant's, LSW Bio-Rad's
_TIME_HIGH = ("timemsw", "timemsb", "timehigh")
_COMPENSATED = ("comp-", "fjcomp-")
_SCATTER = re.compile(
    r"([fs]sc?|fals|rals|forward|side|(pulse ?)?width)\b|[fs]sc[a-z]{0,3}$|[fs]s\d\d?-"
)
_KIND = re.compile(r"(?:^|[-_ .])(a|h|w|area|height|width|lin|log|peak|int|tof)$|(lin|log)[ahw]?$")


@lru_cache(maxsize=256)  # asked again and again of the few names of a panel
def is_time(name: str) -> bool:
    """Return whether a channel holds the time of an event (its low word where there are two).

    Examples
    --------
    >>> [is_time(name) for name in ("Time", "HDR-T", "TIME_LSW", "Time MSW", "Timer")]
    [True, True, True, False, False]
    """
    folded = name.strip().casefold()
    return folded in TIME_NAMES or _bare(folded) == "timelsw"


@lru_cache(maxsize=256)
def is_time_high(name: str) -> bool:
    """Return whether a channel holds the high word of a time that is stored in two words.

    Examples
    --------
    >>> is_time_high("Time MSW"), is_time_high("TIME_MSW"), is_time_high("Time")
    (True, True, False)
    """
    return _bare(name.casefold()) in _TIME_HIGH


def is_compensated(name: str) -> bool:
    """Return whether a channel says by its name that it was compensated by an export.

    Examples
    --------
    >>> is_compensated("Comp-FITC-A"), is_compensated("FJComp-PE-A"), is_compensated("FITC-A")
    (True, True, False)
    """
    return name.strip().casefold().startswith(_COMPENSATED)


def without_prefix(name: str) -> str:
    """Return the name of the channel that a compensated one was made from.

    Examples
    --------
    >>> without_prefix("FJComp-PE-A"), without_prefix("PE-A")
    ('PE-A', 'PE-A')
    """
    return name.strip().partition("-")[2] if is_compensated(name) else name


@lru_cache(maxsize=256)
def is_scatter(name: str) -> bool:
    """Return whether a channel measures scattered light, judged by its name.

    Examples
    --------
    >>> [is_scatter(name) for name in ("FSC-A", "SS INT LIN", "SSC.W", "FL1-H", "FITC-A")]
    [True, True, True, False, False]
    """
    return _SCATTER.match(name.strip().casefold()) is not None


@lru_cache(maxsize=256)
def kind_of_pulse(name: str) -> str:
    """Return the part of a name that tells what is measured of a pulse, "" where there is none.

    Examples
    --------
    >>> [kind_of_pulse(name) for name in ("FITC-A", "FL1 LOG", "FL2-H", "PE LinA", "FL4")]
    ['a', 'log', 'h', 'lina', '']
    """
    found = _KIND.search(name.strip().casefold())
    return found[0].strip("-_ .") if found else ""


def _bare(name: str) -> str:
    return name.replace(" ", "").replace("_", "").replace("-", "")
