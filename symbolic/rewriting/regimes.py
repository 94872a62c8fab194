"""Which form where: the best split of the sample by a variable or sub-expression, and cuts with few digits."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

PENALTY = 0.1  # bits that a branch must gain
MOST = 5  # segments
FEWEST = 4  # points in a segment
SLACK = 0.1  # bits that a cut with few digits may lose on the sample
BELOW_ZERO = -5e-324  # x <= this is x < 0
FORBIDDEN = 1e6  # error of a form where it does not hold


@dataclass(frozen=True)
class Segment:
    """A form (its index), used up to ``upper``."""

    form: int
    upper: float


@dataclass(frozen=True)
class Split:
    """Segments in order along one branch variable (its index; -1: a single segment) and their mean error."""

    variable: int
    segments: tuple[Segment, ...]
    cost: float


def best_split(errors: np.ndarray, variables: Sequence[np.ndarray], penalty: float = PENALTY) -> Split:
    """
    Return the split with the least mean error.

    Parameters
    ----------
    errors : array, shape (forms, points)
        Bits of every form at every point.
    variables : sequence of array
        Values of what may decide; NaN values are in no segment but the last.
    penalty : float
        Bits that each further segment costs.

    Notes
    -----
    Dynamic programming over the points sorted by a variable, with prefix sums of the errors of each form: for every
    number of segments, the last segment of form f ends at point j and begins where the cost before it less f's prefix
    sum is smallest.
    """
    means = errors.mean(axis=1)
    best = Split(-1, (Segment(int(means.argmin()), np.inf),), float(means.min()))
    size = errors.shape[1]
    for index, x in enumerate(variables):
        order = np.argsort(x, kind="stable")
        sorted_x = x[order]
        may_cut = np.concatenate([[False], sorted_x[1:] > sorted_x[:-1], [False]])
        prefix = np.concatenate([np.zeros((len(errors), 1)), np.cumsum(errors[:, order], axis=1)], axis=1)
        cost = prefix.min(axis=0)
        cost[:FEWEST] = np.inf
        came = [(np.zeros(size + 1, int), prefix.argmin(axis=0))]
        for extra in range(1, MOST):
            start = np.where(may_cut, cost, np.inf) - prefix  # of a segment of each form that begins at each point
            running = np.minimum.accumulate(start, axis=1)
            place = np.where(start <= running, np.arange(size + 1), 0)
            place = np.maximum.accumulate(place, axis=1)
            shifted = np.full_like(running, np.inf)
            shifted[:, FEWEST:] = running[:, :-FEWEST]
            origin = np.zeros_like(place)
            origin[:, FEWEST:] = place[:, :-FEWEST]
            total = prefix + shifted
            form = total.argmin(axis=0)
            cost = total[form, np.arange(size + 1)]
            came.append((origin[form, np.arange(size + 1)], form))
            mean = cost[size] / size + penalty * extra
            if mean < best.cost - 1e-9:
                best = Split(index, _traced(came, sorted_x, extra), float(mean))
    return best


def _traced(came: list[tuple[np.ndarray, np.ndarray]], sorted_x: np.ndarray, extra: int) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    end = len(sorted_x)
    for k in range(extra, -1, -1):
        begin, form = int(came[k][0][end]), int(came[k][1][end])
        upper = np.inf if end == len(sorted_x) else float(sorted_x[end - 1])
        segments.append(Segment(form, upper))
        end = begin
    return tuple(reversed(segments))


def mean_error(segments: Sequence[Segment], errors: np.ndarray, x: np.ndarray) -> float:
    """Return the mean error of a split."""
    return float(errors[chosen(segments, x), np.arange(len(x))].mean())


def chosen(segments: Sequence[Segment], x: np.ndarray) -> np.ndarray:
    """Return the form that is used for each value of the branch variable: the first with x <= upper, else the last."""
    last = len(segments) - 1
    place = np.searchsorted([s.upper for s in segments[:-1]], x)  # NaN sorts last
    return np.array([s.form for s in segments])[np.minimum(place, last)]


def snapped(
    segments: Sequence[Segment], errors: np.ndarray, x: np.ndarray, limits: Sequence[tuple[float, float]]
) -> tuple[Segment, ...]:
    """
    Return the segments with each cut moved to zero or the shortest decimal that costs no more than `SLACK`.

    ``limits`` gives for each form the values of x between which it may serve.
    """
    done = list(segments)
    allowed = mean_error(done, errors, x) + SLACK
    values = np.sort(x[~np.isnan(x)])
    for i, segment in enumerate(segments[:-1]):
        least, most = limits[segments[i + 1].form][0], limits[segment.form][1]
        above = values[values > segment.upper]
        low, high = max(segment.upper, least), min(float(above[0]) if len(above) else segment.upper, most)
        done[i] = Segment(segment.form, low)
        for upper in (0.0, BELOW_ZERO, *_decimals(low, high)):
            trial = [*done[:i], Segment(segment.form, upper), *done[i + 1 :]]
            uppers = [s.upper for s in trial]
            ordered = least <= upper <= most and all(a < b for a, b in pairwise(uppers))
            if ordered and mean_error(trial, errors, x) <= allowed:
                done = trial
                break
    return tuple(done)


def _decimals(low: float, high: float) -> list[float]:
    """Numbers between two with few digits."""
    found = []
    if high > low:
        for digits in range(1, 17):
            for part in (0.5, 0.1, 0.9):
                middle = low + (high - low) * part
                if low > 0 and high / low > 4:
                    middle = low * (high / low) ** part
                elif high < 0 and low / high > 4:
                    middle = high * (low / high) ** (1 - part)
                q = float(f"{middle:.{digits}g}")
                if low <= q < high:
                    found.append(q)
    return found
