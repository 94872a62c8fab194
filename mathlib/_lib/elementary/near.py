"""Elementary functions without their special cases, and where they may be used.

``NEAR[name] = (kernel, inside)``: where ``inside(*arguments)`` is 1.0 the kernel has the bits of the full function; it
is 0.0 outside the range and for NaN, and nothing is promised there. Functions of one range share the text of the test.
Listed are those that save a tenth of the time or more.
"""

from mathlib._lib.bind import Kernel
from mathlib._lib.elementary.angles import angle_is_near, cos_near, sin_near, tan_near
from mathlib._lib.elementary.error_functions import erfc_is_near, erfc_near
from mathlib._lib.elementary.exponentials import (
    exp2_is_near,
    exp2_near,
    exp_is_near,
    exp_near,
    expm1_is_near,
    expm1_near,
)
from mathlib._lib.elementary.hyperbolic import cosh_near, sinh_near
from mathlib._lib.elementary.inverse_angles import atan2_is_near, atan2_near
from mathlib._lib.elementary.logarithms import log1p_is_near, log1p_near, log2_near, log10_near, log_is_near, log_near
from mathlib._lib.elementary.powers import hypot_is_near, hypot_near, pow_is_near, pow_near

NEAR: dict[str, tuple[Kernel, Kernel]] = {
    "atan2": (atan2_near, atan2_is_near),
    "cos": (cos_near, angle_is_near),
    "cosh": (cosh_near, exp_is_near),
    "erfc": (erfc_near, erfc_is_near),
    "exp": (exp_near, exp_is_near),
    "exp2": (exp2_near, exp2_is_near),
    "expm1": (expm1_near, expm1_is_near),
    "hypot": (hypot_near, hypot_is_near),
    "log": (log_near, log_is_near),
    "log10": (log10_near, log_is_near),
    "log1p": (log1p_near, log1p_is_near),
    "log2": (log2_near, log_is_near),
    "pow": (pow_near, pow_is_near),
    "sin": (sin_near, angle_is_near),
    "sinh": (sinh_near, exp_is_near),
    "tan": (tan_near, angle_is_near),
}
