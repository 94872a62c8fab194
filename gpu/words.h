/* The words of kernels in CUDA C++20. Compile with -fmad=false (nvcc, NVRTC) or -ffp-contract=off (g++, clang++). */
#ifndef MATHLIB_WORDS
#define MATHLIB_WORDS

#ifdef __CUDACC__
#define MATHLIB_FUNCTION __device__ inline
#define MATHLIB_TABLE __device__ const double
#else
#include <cmath>
#define MATHLIB_FUNCTION inline
#define MATHLIB_TABLE static const double
#endif

namespace mathlib {

struct Pair { double _0, _1; };
struct Split { double _0; int _1; double _2; };

inline constexpr double infinity = __builtin_bit_cast(double, 0x7ff0000000000000LL);  // NVRTC has no INFINITY and no NAN
inline constexpr double nan = __builtin_bit_cast(double, 0x7ff8000000000000LL);

MATHLIB_FUNCTION double madd(double a, double b, double c) { return fma(a, b, c); }

MATHLIB_FUNCTION Pair two_prod(double a, double b) {
  double p = a * b;
  return {p, fma(a, b, -p)};
}

MATHLIB_FUNCTION auto where(bool condition, auto a, auto b) { return condition ? a : b; }

MATHLIB_FUNCTION Split split(double x) {
  long long b = __builtin_bit_cast(long long, x);
  int h = int(unsigned(b >> 32) - 0x3fe60000u), k = h >> 20;
  return {double(k), (h >> 13) & 127, __builtin_bit_cast(double, b - ((long long)k << 52))};
}

MATHLIB_FUNCTION double exp2i(double k) { return __builtin_bit_cast(double, (long long)(int(k) + 1023) << 52); }

#ifdef __CUDACC__
/* Arrays of float or double, computing in double. Not a plain cast: -ftz=true, which CuPy always adds, would turn
   subnormal floats into zeros on the way in and out. */
MATHLIB_FUNCTION double load(double x) { return x; }
MATHLIB_FUNCTION double load(float x) {
  double wide;
  asm("cvt.f64.f32 %0, %1;" : "=d"(wide) : "f"(x));
  return wide;
}
MATHLIB_FUNCTION void store(double &to, double x) { to = x; }
MATHLIB_FUNCTION void store(float &to, double x) { asm("cvt.rn.f32.f64 %0, %1;" : "=f"(to) : "d"(x)); }
#endif

}  // namespace mathlib
#endif  // MATHLIB_WORDS
