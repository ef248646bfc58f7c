import numpy as np

from carflow.cleaning.events import finite_events, saturated_counts


def test_an_event_is_finite_only_if_every_value_is() -> None:
    columns = np.array([[1.0, np.nan, 3.0, 4.0], [1.0, 2.0, -np.inf, 4.0]])
    assert finite_events(columns).tolist() == [True, False, False, True]


def test_no_events_are_no_problem() -> None:
    assert finite_events(np.empty((2, 0))).shape == (0,)
    assert saturated_counts(np.empty((2, 0)), [1024.0, 1024.0]).tolist() == [0, 0]


def test_the_upper_margin_begins_one_below_the_range() -> None:
    below = np.nextafter(1023.0, 0.0)
    assert saturated_counts(np.array([[below, 1023.0, 2000.0]]), [1024.0]).tolist() == [2]


def test_each_channel_has_its_own_range_and_infinities_are_not_saturation() -> None:
    columns = np.array([[1023.0, np.inf], [1023.0, np.nan]])
    assert saturated_counts(columns, [1024.0, 262144.0]).tolist() == [1, 0]


def test_a_channel_without_a_range_has_no_margin() -> None:
    columns = np.array([[1e9], [1e9]])
    assert saturated_counts(columns, [0.0, np.inf]).tolist() == [0, 0]
