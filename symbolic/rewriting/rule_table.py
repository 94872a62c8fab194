"""The identities of the rewriter by subject: (what they are good for, the rules).

``<=>`` is used both ways. Letters stand for any expression; ``+``, ``*`` and other commutative operations match in both
orders. An identity may hold on a part of the numbers only: `stabilize` compares the exact values of both sides at its
points before it believes one. Subjects are in the order of use: when the graph of forms is full, the last go without.
"""

TABLE: dict[str, tuple[str, str]] = {
    "error functions": (
        "tails: the small one of erf and erfc, logarithms and quotients that underflow otherwise",
        """
        (- 1 (erf a)) <=> (erfc a)
        (- 1 (erfc a)) => (erf a)
        (+ 1 (erf a)) => (erfc (neg a))
        (- 2 (erfc a)) => (erfc (neg a))
        (erf (neg a)) <=> (neg (erf a))
        (- (erf a) (erf b)) => (- (erfc b) (erfc a))
        (- (erfc a) (erfc b)) => (- (erf b) (erf a))
        (log (erfc a)) => (log_erfc a)
        (* (exp (* a a)) (erfc a)) => (erfcx a)
        (erfc a) => (* (exp (neg (* a a))) (erfcx a))
        (* b (* (exp (neg (* a a))) (erfcx a))) => (* (exp (neg (* a a))) (* b (erfcx a)))
        (log_erfc a) => (- (log (erfcx a)) (* a a))
        (erfc a) => (exp (log_erfc a))
        (/ (erfc a) (erfc b)) => (* (/ (erfcx a) (erfcx b)) (exp (* (- b a) (+ b a))))
        (- (log_erfc a) (log_erfc b)) => (+ (log (/ (erfcx a) (erfcx b))) (* (- b a) (+ b a)))
        (+ (log_erfc a) (* a a)) => (log (erfcx a))
        """,
    ),
    "gamma functions": (
        "quotients and differences whose parts overflow or cancel",
        """
        (log (tgamma a)) => (lgamma a)
        (- (lgamma (+ x a)) (lgamma x)) => (log_poch x a)
        (- (lgamma x) (lgamma (+ x a))) => (neg (log_poch x a))
        (- (lgamma a) (lgamma b)) => (log_poch b (- a b))
        (- (- (lgamma a) c) (lgamma b)) => (- (log_poch b (- a b)) c)
        (- (+ c (lgamma a)) (lgamma b)) => (+ (log_poch b (- a b)) c)
        (- c (+ (lgamma a) d)) => (- (- c (lgamma a)) d)
        (/ (tgamma (+ x a)) (tgamma x)) => (exp (log_poch x a))
        (/ (tgamma a) (tgamma b)) => (exp (log_poch b (- a b)))
        (/ (* (tgamma a) c) (tgamma b)) => (* (exp (log_poch b (- a b))) c)
        (/ (tgamma a) (* (tgamma b) c)) => (/ (exp (log_poch b (- a b))) c)
        (/ (/ (tgamma a) c) (tgamma b)) => (/ (exp (log_poch b (- a b))) c)
        (lgamma (+ 1 a)) => (log_poch 1 a)
        (lgamma (+ 2 a)) => (log_poch 2 a)
        (log_poch a 1) => (log a)
        (tgamma (+ 1 a)) => (* a (tgamma a))
        (tgamma a) => (exp (lgamma a))
        """,
    ),
    "Bessel functions": (
        "I and K leave the range of float64 while their logarithms and ratios do not",
        """
        (log (besseli v x)) => (log_iv v x)
        (log (besselk v x)) => (log_kv v x)
        (/ (besseli (+ v 1) x) (besseli v x)) => (iv_ratio v x)
        (/ (besselk (+ v 1) x) (besselk v x)) => (kv_ratio v x)
        (/ (besseli v x) (besseli (- v 1) x)) => (iv_ratio (- v 1) x)
        (/ (besselk v x) (besselk (- v 1) x)) => (kv_ratio (- v 1) x)
        (/ (besseli 1 x) (besseli 0 x)) => (iv_ratio 0 x)
        (/ (besseli 2 x) (besseli 1 x)) => (iv_ratio 1 x)
        (/ (besseli 3/2 x) (besseli 1/2 x)) => (iv_ratio 1/2 x)
        (/ (besselk 1 x) (besselk 0 x)) => (kv_ratio 0 x)
        (/ (besselk 2 x) (besselk 1 x)) => (kv_ratio 1 x)
        (- (log_iv (+ v 1) x) (log_iv v x)) => (log (iv_ratio v x))
        (- (log_kv (+ v 1) x) (log_kv v x)) => (log (kv_ratio v x))
        (besseli v x) => (exp (log_iv v x))
        (besselk v x) => (exp (log_kv v x))
        """,
    ),
    "sums of exponentials": (
        "log-sum-exp, softplus, logistic function: no exponential overflows",
        """
        (log1p (exp a)) => (softplus a)
        (log (+ 1 (exp a))) => (softplus a)
        (log (+ (exp a) (exp b))) => (logaddexp a b)
        (+ (exp a) (exp b)) => (exp (logaddexp a b))
        (+ 1 (exp a)) <=> (exp (softplus a))
        (softplus a) => (+ a (softplus (neg a)))
        (- (softplus a) a) => (softplus (neg a))
        (- a (softplus a)) => (neg (softplus (neg a)))
        (logaddexp a b) => (+ a (softplus (- b a)))
        (- (logaddexp a b) a) => (softplus (- b a))
        (- a (logaddexp a b)) => (neg (softplus (- b a)))
        (+ c (logaddexp a b)) <=> (logaddexp (+ a c) (+ b c))
        (/ (exp a) (+ (exp a) (exp b))) => (/ 1 (+ 1 (exp (- b a))))
        (/ (exp a) (+ 1 (exp a))) => (/ 1 (+ 1 (exp (neg a))))
        (/ a (+ 1 (exp b))) => (* a (/ (exp (neg b)) (+ 1 (exp (neg b)))))
        (- 1 (/ 1 (+ 1 (exp a)))) => (/ 1 (+ 1 (exp (neg a))))
        (log (- 1 (exp (neg a)))) => (log1mexp a)
        (log1p (neg (exp a))) => (log1mexp (neg a))
        (log (neg (expm1 a))) => (log1mexp (neg a))
        (log (expm1 a)) => (+ a (log1mexp a))
        (log (- (exp a) (exp b))) => (+ a (log1mexp (- a b)))
        """,
    ),
    "hyperbolic functions": (
        "differences that cancel at zero, quotients and logarithms that overflow far out",
        """
        (/ (cosh a) (sinh a)) => (/ 1 (tanh a))
        (/ (sinh a) (cosh a)) <=> (tanh a)
        (- (/ 1 (tanh a)) (/ 1 a)) => (langevin a)
        (log (cosh a)) => (log_cosh a)
        (cosh a) => (exp (log_cosh a))
        (log (sinh a)) => (- (+ a (log1mexp (* 2 a))) (log 2))
        (log (tanh a)) => (- (log1mexp (* 2 a)) (softplus (* -2 a)))
        (- (cosh a) (sinh a)) => (exp (neg a))
        (+ (cosh a) (sinh a)) => (exp a)
        (- (* (cosh a) (cosh a)) (* (sinh a) (sinh a))) => 1
        (- (* (cosh a) (cosh a)) 1) => (* (sinh a) (sinh a))
        (- (cosh a) 1) => (* 2 (* (sinh (/ a 2)) (sinh (/ a 2))))
        (- (* 2 (cosh a)) 2) => (* 4 (* (sinh (/ a 2)) (sinh (/ a 2))))
        (+ (- (exp a) 2) (exp (neg a))) => (* 4 (* (sinh (/ a 2)) (sinh (/ a 2))))
        (- (cosh a) (cosh b)) => (* 2 (* (sinh (/ (+ a b) 2)) (sinh (/ (- a b) 2))))
        (- (sinh a) (sinh b)) => (* 2 (* (cosh (/ (+ a b) 2)) (sinh (/ (- a b) 2))))
        (- 1 (tanh a)) => (/ 2 (+ 1 (exp (* 2 a))))
        (+ 1 (tanh a)) => (/ 2 (+ 1 (exp (* -2 a))))
        (- 1 (* (tanh a) (tanh a))) => (* (/ 1 (cosh a)) (/ 1 (cosh a)))
        (- (tanh a) (tanh b)) => (/ (sinh (- a b)) (* (cosh a) (cosh b)))
        (/ (- (exp a) (exp b)) (+ (exp a) (exp b))) => (tanh (/ (- a b) 2))
        (/ (expm1 a) (+ (exp a) 1)) => (tanh (/ a 2))
        (- (exp a) (exp (neg a))) <=> (* 2 (sinh a))
        (+ (exp a) (exp (neg a))) <=> (* 2 (cosh a))
        (/ (sinh a) (sinh b)) => (* (exp (- a b)) (/ (expm1 (* -2 a)) (expm1 (* -2 b))))
        (/ (cosh a) (cosh b)) => (exp (- (log_cosh a) (log_cosh b)))
        (tanh (neg a)) <=> (neg (tanh a))
        (sinh (neg a)) <=> (neg (sinh a))
        (cosh (neg a)) => (cosh a)
        """,
    ),
    "inverse functions": (
        "hyperbolic ones from their logarithms, circular ones near the ends of their ranges",
        """
        (log (+ a (sqrt (+ (* a a) 1)))) => (asinh a)
        (log (+ a (hypot a 1))) => (asinh a)
        (log (- (hypot a 1) a)) => (neg (asinh a))
        (log (+ a (hypot a b))) => (+ (log b) (asinh (/ a b)))
        (log (+ a (sqrt (- (* a a) 1)))) => (acosh a)
        (log (- a (sqrt (- (* a a) 1)))) => (neg (acosh a))
        (log (+ a (* (sqrt (- a 1)) (sqrt (+ a 1))))) => (acosh a)
        (acosh (+ 1 a)) => (log1p (+ a (sqrt (* a (+ a 2)))))
        (log (/ (+ 1 a) (- 1 a))) => (* 2 (atanh a))
        (log (/ (- 1 a) (+ 1 a))) => (* -2 (atanh a))
        (- (log (- 1 a)) (log (+ 1 a))) => (* -2 (atanh a))
        (- (log1p (neg a)) (log1p a)) => (* -2 (atanh a))
        (- (log1p a) (log1p (neg a))) => (* 2 (atanh a))
        (- (atan a) (atan b)) => (atan2 (- a b) (+ 1 (* a b)))
        (- (/ PI 2) (atan a)) => (atan2 1 a)
        (- (/ PI 4) (atan a)) => (atan2 (- 1 a) (+ 1 a))
        (- (/ PI 2) (asin a)) => (acos a)
        (- (/ PI 2) (acos a)) => (asin a)
        (acos (- 1 a)) => (* 2 (asin (sqrt (/ a 2))))
        (acos a) => (* 2 (asin (sqrt (/ (- 1 a) 2))))
        (asin a) => (atan2 a (sqrt (* (- 1 a) (+ 1 a))))
        (acos (/ a (hypot a b))) => (atan2 (fabs b) a)
        (asin (/ a (hypot a b))) => (atan2 a (fabs b))
        (acos (/ (+ (* a c) (* b d)) (* (hypot a b) (hypot c d))))
          => (atan2 (fabs (- (* a d) (* b c))) (+ (* a c) (* b d)))
        (acos (+ (* (sin a) (sin b)) (* (* (cos a) (cos b)) (cos c))))
          => (* 2 (asin (hypot (sin (/ (- a b) 2)) (* (sqrt (* (cos a) (cos b))) (sin (/ c 2))))))
        """,
    ),
    "quotients by expm1": (
        "one operation where exponential and argument cancel or overflow together",
        """
        (/ (expm1 (+ a b)) (* (expm1 a) (expm1 b))) => (+ 1 (+ (/ 1 (expm1 a)) (/ 1 (expm1 b))))
        (/ (* e (expm1 (+ a b))) (* (expm1 a) (expm1 b))) => (+ e (+ (/ e (expm1 a)) (/ e (expm1 b))))
        (/ e (expm1 (* a e))) => (over_expm1 e a)
        (/ a (expm1 a)) => (over_expm1 a 1)
        (+ e (over_expm1 e a)) => (neg (over_expm1 e (neg a)))
        (+ e (+ (over_expm1 e a) b)) => (- b (over_expm1 e (neg a)))
        (/ (expm1 a) a) <=> (exprel a)
        (/ (- 1 (exp (neg a))) a) => (exprel (neg a))
        (+ 1 (/ 1 (expm1 a))) => (/ -1 (expm1 (neg a)))
        (/ (exp a) (expm1 a)) => (/ -1 (expm1 (neg a)))
        (/ (expm1 (* 2 a)) (expm1 a)) => (+ (exp a) 1)
        """,
    ),
    "discriminants": (
        "sqrt(b^2 - q) as one operation: no square overflows, the difference of squares is a product",
        """
        (sqrt (- (* b b) q)) => (sqdf b (signed_sqrt q))
        (signed_sqrt (* a b)) => (* (signed_sqrt a) (signed_sqrt b))
        (sqrt (- (* a a) (* b b))) => (sqdf a (fabs b))
        (sqrt (- (* a a) (* b b))) => (* (sqrt (- a b)) (sqrt (+ a b)))
        (sqrt (- (* a a) 1)) => (* (sqrt (- a 1)) (sqrt (+ a 1)))
        (sqrt (- 1 (* a a))) => (* (sqrt (- 1 a)) (sqrt (+ 1 a)))
        (sqrt (+ (* a a) (* b b))) <=> (hypot a b)
        (sqrt (+ (* a a) 1)) => (hypot a 1)
        (sqrt (+ (* a a) b)) => (hypot a (sqrt b))
        (hypot (* a b) (* a c)) => (* (fabs a) (hypot b c))
        (sqrt (- (+ (* a a) (* b b)) (* 2 (* (* a b) (cos c)))))
          => (hypot (- a b) (* 2 (* (sqrt (* a b)) (sin (/ c 2)))))
        (- (hypot a b) a) => (* b (/ b (+ (hypot a b) a)))
        (- a (hypot a b)) => (neg (* b (/ b (+ (hypot a b) a))))
        (+ (hypot a b) a) => (* b (/ b (- (hypot a b) a)))
        """,
    ),
    "halves": (
        "a factor of two moved to where nothing overflows",
        """
        (* 2 (/ a b)) <=> (/ a (/ b 2))
        (/ (* 2 a) b) <=> (/ a (/ b 2))
        (/ (* -2 a) b) <=> (/ (neg a) (/ b 2))
        (/ a (* 2 b)) => (/ (/ a 2) b)
        (/ a (* 2 b)) => (* 1/2 (/ a b))
        (/ (+ a b) 2) => (+ (/ a 2) (/ b 2))
        (/ (- a b) 2) => (- (/ a 2) (/ b 2))
        (/ (neg a) 2) => (neg (/ a 2))
        (/ (* 2 a) 2) => a
        """,
    ),
    "signs": (
        "minus signs in their places",
        """
        (neg (neg a)) => a
        (neg (- a b)) => (- b a)
        (/ a (neg b)) => (neg (/ a b))
        (+ (neg a) b) => (- b a)
        (- (neg a) b) => (neg (+ a b))
        (- a (neg b)) => (+ a b)
        (neg a) <=> (* -1 a)
        (* (neg a) b) <=> (neg (* a b))
        (/ (neg a) b) <=> (neg (/ a b))
        (hypot a b) => (fabs (hypot a b))
        (/ (fabs a) (fabs b)) => (fabs (/ a b))
        (fabs (* a b)) => (* (fabs a) (fabs b))
        (fabs (/ a b)) => (/ (fabs a) (fabs b))
        (fabs (neg a)) => (fabs a)
        (fabs (- a b)) => (fabs (- b a))
        (- (neg a) (sqrt b)) => (neg (+ a (sqrt b)))
        """,
    ),
    "cancelling": (
        "what is taken away again",
        """
        (- a a) => 0
        (+ a 0) => a
        (- a 0) => a
        (- 0 a) => (neg a)
        (* a 1) => a
        (* a 0) => 0
        (/ a 1) => a
        (/ a a) => 1
        (/ 0 a) => 0
        (+ a a) => (* 2 a)
        (- a (- a b)) => b
        (- (- a b) a) => (neg b)
        (- (+ a b) a) => b
        (- a (+ a b)) => (neg b)
        (/ (* a b) a) => b
        (/ a (* a b)) => (/ 1 b)
        (* a (/ 1 a)) => 1
        (* a (/ b a)) => b
        (/ (* a b) (* a c)) => (/ b c)
        (- 1 (/ a (+ a b))) => (/ b (+ a b))
        (- 1 (/ a b)) => (/ (- b a) b)
        (- (/ a b) 1) => (/ (- a b) b)
        """,
    ),
    "powers": (
        "powers near one through expm1 and log1p, small powers as products and roots",
        """
        (pow a (/ 1 n)) => (exp (/ (log a) n))
        (- (pow (+ a 1) b) (pow a b)) => (* (pow a b) (expm1 (* b (log1p (/ 1 a)))))
        (- (pow (+ a 1) b) 1) => (expm1 (* b (log1p a)))
        (- (pow a b) 1) => (expm1 (* b (log a)))
        (- 1 (pow (+ a 1) b)) => (neg (expm1 (* b (log1p a))))
        (- 1 (pow a b)) => (neg (expm1 (* b (log a))))
        (- (pow a b) (pow a c)) => (* (pow a c) (expm1 (* (- b c) (log a))))
        (pow (+ a 1) b) => (exp (* b (log1p a)))
        (pow (- 1 a) b) => (exp (* b (log1p (neg a))))
        (- (pow a b) (pow c b)) => (* (pow c b) (expm1 (* b (log (/ a c)))))
        (pow a 1/3) => (cbrt a)
        (pow a 1/2) <=> (sqrt a)
        (pow a 2) => (* a a)
        (pow a 3) => (* a (* a a))
        (pow a 4) => (* (* a a) (* a a))
        (pow a 3/2) => (* a (sqrt a))
        (pow a 2/3) => (* (cbrt a) (cbrt a))
        (pow a 1) => a
        (pow a 0) => 1
        (pow a -1) => (/ 1 a)
        (pow a (neg b)) <=> (/ 1 (pow a b))
        (* (pow a b) (pow a c)) => (pow a (+ b c))
        (/ (pow a b) (pow a c)) => (pow a (- b c))
        (/ (pow a b) (pow c b)) => (pow (/ a c) b)
        (* (pow a b) (pow c b)) => (pow (* a c) b)
        (pow (exp a) b) => (exp (* a b))
        (pow a b) => (exp (* b (log a)))
        """,
    ),
    "exponentials": (
        "expm1, products as exponentials of sums, halves of exponentials that overflow",
        """
        (- (exp a) (exp b)) => (- (expm1 a) (expm1 b))
        (- (exp a) 1) <=> (expm1 a)
        (- 1 (exp a)) => (neg (expm1 a))
        (* (exp a) (exp b)) <=> (exp (+ a b))
        (/ (exp a) (exp b)) <=> (exp (- a b))
        (/ 1 (exp a)) <=> (exp (neg a))
        (exp (* 2 a)) <=> (* (exp a) (exp a))
        (expm1 (* 2 a)) => (* (expm1 a) (+ (expm1 a) 2))
        (- (exp a) (exp b)) => (* (exp b) (expm1 (- a b)))
        (log (exp a)) => a
        (exp (log a)) => a
        (exp (* a (log b))) => (pow b a)
        """,
    ),
    "logarithms": (
        "log1p, differences as logarithms of quotients, products that overflow as sums",
        """
        (log (+ 1 a)) <=> (log1p a)
        (log (- 1 a)) => (log1p (neg a))
        (- (log (+ a b)) (log a)) => (log1p (/ b a))
        (- (log a) (log b)) => (log1p (/ (- a b) b))
        (- (log1p a) (log1p b)) => (log1p (/ (- a b) (+ 1 b)))
        (- (log1p a) (log a)) => (log1p (/ 1 a))
        (- (log a) (log1p a)) => (neg (log1p (/ 1 a)))
        (log (+ 1 (/ a b))) => (- (log (+ a b)) (log b))
        (- (* (+ a 1) (log (+ a 1))) (* a (log a))) => (+ (log (+ a 1)) (* a (log1p (/ 1 a))))
        (log (/ 1 a)) <=> (neg (log a))
        (log (/ a b)) <=> (- (log a) (log b))
        (log (* a b)) <=> (+ (log a) (log b))
        (log (pow a b)) <=> (* b (log a))
        (log (sqrt a)) <=> (/ (log a) 2)
        (log (* a a)) => (* 2 (log (fabs a)))
        (* 2 (log a)) => (log (* a a))
        (log (hypot a b)) => (+ (log (fabs a)) (/ (log1p (* (/ b a) (/ b a))) 2))
        (log (hypot a b)) => (/ (log1p (+ (* (- a 1) (+ a 1)) (* b b))) 2)
        (log (/ a b)) => (log1p (/ (- a b) b))
        (log a) => (log1p (- a 1))
        """,
    ),
    "circular functions": (
        "differences as products, half angles, turns of pi",
        """
        (- (cos a) 1) <=> (cosm1 a)
        (- 1 (cos a)) => (neg (cosm1 a))
        (cosm1 a) => (* -2 (* (sin (/ a 2)) (sin (/ a 2))))
        (/ (- 1 (cos a)) (sin a)) => (tan (/ a 2))
        (/ (sin a) (+ 1 (cos a))) => (tan (/ a 2))
        (- (/ 1 (sin a)) (/ 1 (tan a))) => (tan (/ a 2))
        (* (- 1 (cos a)) (+ 1 (cos a))) => (* (sin a) (sin a))
        (- 1 (* (cos a) (cos a))) => (* (sin a) (sin a))
        (- 1 (* (sin a) (sin a))) => (* (cos a) (cos a))
        (+ (* (sin a) (sin a)) (* (cos a) (cos a))) => 1
        (- (* (cos a) (cos a)) (* (sin a) (sin a))) => (cos (* 2 a))
        (* 2 (* (sin a) (cos a))) => (sin (* 2 a))
        (- (* (sin a) (sin a)) (* (sin b) (sin b))) => (* (sin (- a b)) (sin (+ a b)))
        (/ (sin a) (cos a)) <=> (tan a)
        (/ (cos a) (sin a)) <=> (/ 1 (tan a))
        (- (tan a) (sin a)) => (neg (* (tan a) (cosm1 a)))
        (- (sin a) (sin b)) => (* 2 (* (sin (/ (- a b) 2)) (cos (/ (+ a b) 2))))
        (- (cos a) (cos b)) => (* -2 (* (sin (/ (- a b) 2)) (sin (/ (+ a b) 2))))
        (- (tan a) (tan b)) => (/ (sin (- a b)) (* (cos a) (cos b)))
        (- (/ 1 (tan a)) (/ 1 (tan b))) => (/ (sin (- b a)) (* (sin a) (sin b)))
        (sin (+ a b)) <=> (+ (* (sin a) (cos b)) (* (cos a) (sin b)))
        (cos (+ a b)) <=> (- (* (cos a) (cos b)) (* (sin a) (sin b)))
        (- (* (sin a) (cos b)) (* (cos a) (sin b))) => (sin (- a b))
        (+ (* (cos a) (cos b)) (* (sin a) (sin b))) => (cos (- a b))
        (sin (* PI a)) => (sinpi a)
        (cos (* PI a)) => (cospi a)
        (sin (neg a)) <=> (neg (sin a))
        (cos (neg a)) => (cos a)
        (tan (neg a)) <=> (neg (tan a))
        """,
    ),
    "conjugates": (
        "differences of roots",
        """
        (- (sqrt a) (sqrt b)) => (/ (- a b) (+ (sqrt a) (sqrt b)))
        (- (sqrt a) b) => (/ (- a (* b b)) (+ (sqrt a) b))
        (- b (sqrt a)) => (/ (- (* b b) a) (+ b (sqrt a)))
        (+ b (sqrt a)) => (/ (- (* b b) a) (- b (sqrt a)))
        (- (sqrt (+ 1 a)) 1) => (/ a (+ 1 (sqrt (+ 1 a))))
        (- 1 (sqrt (- 1 a))) => (/ a (+ 1 (sqrt (- 1 a))))
        (- (cbrt a) (cbrt b)) => (/ (- a b) (+ (+ (* (cbrt a) (cbrt a)) (* (cbrt a) (cbrt b))) (* (cbrt b) (cbrt b))))
        (* (sqrt a) (sqrt a)) => a
        (* (cbrt a) (* (cbrt a) (cbrt a))) => a
        (sqrt (* a a)) => (fabs a)
        (/ a (sqrt a)) => (sqrt a)
        (/ (sqrt a) a) => (/ 1 (sqrt a))
        (/ (sqrt a) (sqrt b)) <=> (sqrt (/ a b))
        (* (sqrt a) (sqrt b)) <=> (sqrt (* a b))
        (cbrt (* a (* a a))) => a
        (/ (cbrt a) (cbrt b)) <=> (cbrt (/ a b))
        (* (cbrt a) (cbrt b)) <=> (cbrt (* a b))
        """,
    ),
    "squares": (
        "differences of squares as products, quotients whose squares overflow",
        """
        (- (* a a) (* b b)) <=> (* (- a b) (+ a b))
        (- (* a a) 1) => (* (- a 1) (+ a 1))
        (- 1 (* a a)) => (* (- 1 a) (+ 1 a))
        (- (* a a) (- (* b b) c)) => (+ (* (- a b) (+ a b)) c)
        (/ a (* b b)) => (/ (/ a b) b)
        (/ (* a a) (* b b)) => (* (/ a b) (/ a b))
        (/ a (+ (* a a) b)) => (/ 1 (+ a (/ b a)))
        (/ (* a b) (+ (* a a) c)) => (/ b (+ a (/ c a)))
        (/ (+ (* a c) b) (+ (* c c) d)) => (/ (+ a (/ b c)) (+ c (/ d c)))
        (/ (- (* a c) b) (+ (* c c) d)) => (/ (- a (/ b c)) (+ c (/ d c)))
        (/ a (+ a b)) => (/ 1 (+ 1 (/ b a)))
        """,
    ),
    "fractions": (
        "common denominators and their opposite",
        """
        (/ (+ a b) c) <=> (+ (/ a c) (/ b c))
        (/ (- a b) c) <=> (- (/ a c) (/ b c))
        (/ a (/ b c)) => (/ (* a c) b)
        (/ (/ a b) c) <=> (/ a (* b c))
        (* a (/ b c)) <=> (/ (* a b) c)
        (/ (* a b) (* c d)) <=> (* (/ a c) (/ b d))
        (+ (/ a b) (/ c d)) => (/ (+ (* a d) (* c b)) (* b d))
        (- (/ a b) (/ c d)) => (/ (- (* a d) (* c b)) (* b d))
        (- (/ a b) c) => (/ (- a (* c b)) b)
        (- a (/ b c)) => (/ (- (* a c) b) c)
        (+ a (/ b c)) => (/ (+ (* a c) b) c)
        """,
    ),
    "range": (
        "products with an exponential in two halves, neither of which overflows",
        """
        (* (exp a) b) => (* (exp (/ a 2)) (* (exp (/ a 2)) b))
        (/ (exp a) b) => (* (exp (/ a 2)) (/ (exp (/ a 2)) b))
        (/ b (exp a)) => (/ (/ b (exp (/ a 2))) (exp (/ a 2)))
        (* (exp a) b) => (exp (+ a (log b)))
        (/ (exp a) b) => (exp (- a (log b)))
        """,
    ),
    "distribution": (
        "products of sums",
        """
        (* a (+ b c)) <=> (+ (* a b) (* a c))
        (* a (- b c)) <=> (- (* a b) (* a c))
        (+ (* b a) a) => (* (+ b 1) a)
        (- (* b a) a) => (* (- b 1) a)
        (- a (* b a)) => (* (- 1 b) a)
        """,
    ),
    "association": (
        "the order of sums and products; last, for they apply everywhere",
        """
        (- a b) => (+ a (neg b))
        (+ a (neg b)) => (- a b)
        (- (+ a b) c) <=> (+ a (- b c))
        (- a (+ b c)) <=> (- (- a b) c)
        (+ (- a b) c) <=> (- a (- b c))
        (exp a) => (+ (expm1 a) 1)
        (+ a (+ b c)) => (+ (+ a b) c)
        (* a (* b c)) => (* (* a b) c)
        """,
    ),
}
