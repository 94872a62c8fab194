"""Inside r < 25: seeds of order |mu| <= 1/2 and the recurrences that carry them to order v = n + mu.

The scaled sequence k_j = (x/2)^j K_(mu+j) obeys k_(j+1) = (mu + j) k_j + y k_(j-1), y = x^2/4: its multipliers are
exact. The usual form K_(j+1) = 2(mu + j)/x K_j + K_(j-1) would bring the rounding of 1/x in once per step. I follows
from K by the Wronskian: I_v = 1 / (x (rho K_v + K_(v+1))) with rho = I_(v+1)/I_v from a backward recurrence. Source of
the small-x sums: Temme, J. Comput. Phys. 19 (1975) 324.
"""

from math import factorial

from mathlib._lib.double_double import log_pair
from mathlib._lib.words_python import Horner, Horner2, exp2i, floor, madd, sqrt, where
from mathlib.special.kernels import tables_seeds
from mathlib.special.kernels.regions import LIFT, LIFT_EXPONENT, order

SEED_K_NEAR, SEED_DK_NEAR = Horner2(tables_seeds.SEED_K_NEAR), Horner2(tables_seeds.SEED_DK_NEAR)
SEED_K_FAR, SEED_DK_FAR = Horner2(tables_seeds.SEED_K_FAR), Horner2(tables_seeds.SEED_DK_FAR)
X_MIDDLE_NEAR, X_SCALE_NEAR = tables_seeds.X_MIDDLE_NEAR, tables_seeds.X_SCALE_NEAR
X_MIDDLE_FAR, X_SCALE_FAR = tables_seeds.X_MIDDLE_FAR, tables_seeds.X_SCALE_FAR
LOG_X_A, LOG_X_B, LOG_X_C = Horner2(tables_seeds.LOG_X_A), Horner2(tables_seeds.LOG_X_B), Horner2(tables_seeds.LOG_X_C)
LOG_X_D, LOG_X_E = Horner2(tables_seeds.LOG_X_D), Horner2(tables_seeds.LOG_X_E)
SQRT_HALF_PI = 1.2533141373155003
SINHC = Horner((1.0, 1 / 6, 1 / 120, 1 / 5040, 1 / 362880, 1 / 39916800, 1 / 6227020800))  # sinh(s)/s in s^2 <= 1/4
EXP = Horner(tuple(1 / factorial(n) for n in range(14)))  # |a| <= ln(2)/2
LOG2_E, EXP_HIGH, EXP_LOW = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10  # ln 2 in two parts


def exp_near(a):
    """exp(a) for |a| <= 708."""
    k = floor(madd(a, LOG2_E, 0.5))
    return EXP(madd(k, -EXP_LOW, madd(k, -EXP_HIGH, a))) * exp2i(k)


def far_variable(x):
    """Variable of the fits for 4 <= x < 25. The shift 1 in 1/(x + 1) needs the fewest coefficients."""
    return (1.0 / (x + 1.0) - X_MIDDLE_FAR) * X_SCALE_FAR


def near_variable(x):
    """Variable of the fits for 1 <= x < 4."""
    return (1.0 / (x + 0.5) - X_MIDDLE_NEAR) * X_SCALE_NEAR


def first_far(v, x):
    """(n, mu, k_0, k_1) times e^x, 4 <= x < 25."""
    n, mu, w = order(v)
    t = far_variable(x)
    c = SQRT_HALF_PI * sqrt(1.0 / x)
    k0 = c * SEED_K_FAR(w, t)
    return n, mu, k0, 0.5 * madd(mu, k0, x * (c * SEED_DK_FAR(w, t)))


def first_near(v, x):
    """(n, mu, k_0, k_1) times e^x, 1 <= x < 4."""
    n, mu, w = order(v)
    t = near_variable(x)
    c = SQRT_HALF_PI * sqrt(1.0 / x)
    k0 = c * SEED_K_NEAR(w, t)
    return n, mu, k0, 0.5 * madd(mu, k0, x * (c * SEED_DK_NEAR(w, t)))


def log_small(x):
    """log x as a pair, subnormal x included."""
    tiny = x < 1e-290
    return log_pair(x * where(tiny, LIFT, 1.0), 0.0, where(tiny, LIFT_EXPONENT, 0.0))


def first_small(v, x, g):
    """(n, mu, c, k_0 / c, k_1 / c), c = 1/(1 - mu^2), for x < 1 with g = log x.

    The factor 1 - mu^2 takes the nearest pole (mu = 1) out of the fitted sums. They are expanded about log x: about
    log(x/2) the two terms of k_0 have opposite signs and digits are lost; here every term is positive. k_1 has its own
    sum (C), because (mu K_mu - x K_mu')/2 cancels for mu < 0 and small x.
    """
    n, mu, w = order(v)
    y = 0.25 * (x * x)
    t = madd(8.0, y, -1.0)
    s = -mu * g
    up = exp_near(s)
    down = 1.0 / up
    s2 = s * s
    near = s2 <= 0.25
    sinh = -g * where(near, SINHC(where(near, s2, 0.0)), 0.5 * (up - down) / where(near, 1.0, s))  # sinh(s)/mu
    cosh = 0.5 * (up + down)
    b = LOG_X_B(w, t)
    k0 = madd(LOG_X_A(w, t), sinh, b * cosh)
    k1 = 0.5 * up * madd(mu, b, LOG_X_C(w, t)) - y * sinh * madd(-mu, LOG_X_E(w, t), LOG_X_D(w, t))
    return n, mu, 1.0 / madd(-mu, mu, 1.0), k0, k1


def forward(n, mu, y, k0, k1):
    """From k_0, k_1 to k_n, k_(n+1); n <= 25 inside r < 25."""
    for i in range(25):
        k2 = madd(mu + (i + 1.0), k1, y * k0)
        more = i < n
        k0 = where(more, k1, k0)
        k1 = where(more, k2, k1)
    return k0, k1


def backward(v, y, steps, stop):
    """(p_stop, p_(stop+1)), proportional to I_(v+j) (x/2)^-j, from order v + steps down.

    Free of divisions: p_(k-1) = (v + k) p_k + y p_(k+1), started with the Amos-type bound of the ratio at order v +
    steps.
    """
    b = v + (steps + 1.0)
    p1 = 2.0 / ((b - 0.5) + sqrt(madd(b + 0.5, b + 0.5, 4.0 * y)))
    p0 = 1.0
    for i in range(steps - stop):
        p2 = madd(v + (steps - i), p0, y * p1)
        p1 = p0
        p0 = p2
    return p0, p1


def ratio(v, y, steps):
    """I_(v+1)/I_v / (x/2)."""
    p0, p1 = backward(v, y, steps, 0)
    return p1 / p0
