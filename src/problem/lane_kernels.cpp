// Compiled once for each instruction set, into the namespace GLUESWEEP_KERNELS. Nothing from the standard
// library with inline code is included: the linker could take its copy for a processor that has fewer
// instructions.
#include "lane_kernels.hpp"

// The C library's functions, which it also has for vectors (libmvec) where the build found them.
#ifdef GLUESWEEP_VECTOR_MATH
#define GLUESWEEP_SIMD __attribute__((simd("notinbranch")))
#else
#define GLUESWEEP_SIMD
#endif
extern "C" {
GLUESWEEP_SIMD double exp(double) noexcept;
GLUESWEEP_SIMD double expm1(double) noexcept;
GLUESWEEP_SIMD double log(double) noexcept;
GLUESWEEP_SIMD double log10(double) noexcept;
GLUESWEEP_SIMD double log1p(double) noexcept;
GLUESWEEP_SIMD double sin(double) noexcept;
GLUESWEEP_SIMD double cos(double) noexcept;
GLUESWEEP_SIMD double tan(double) noexcept;
GLUESWEEP_SIMD double asin(double) noexcept;
GLUESWEEP_SIMD double acos(double) noexcept;
GLUESWEEP_SIMD double atan(double) noexcept;
GLUESWEEP_SIMD double sinh(double) noexcept;
GLUESWEEP_SIMD double cosh(double) noexcept;
GLUESWEEP_SIMD double tanh(double) noexcept;
GLUESWEEP_SIMD double erf(double) noexcept;
GLUESWEEP_SIMD double pow(double, double) noexcept;
}

namespace gluesweep::problem::GLUESWEEP_KERNELS {
namespace {

template <class F>
inline void unary(const double* a, double* result, F f) {
  for (int i = 0; i < lanes; ++i) result[i] = f(a[i]);
}

template <class F>
inline void binary(const double* a, const double* b, double* result, F f) {
  for (int i = 0; i < lanes; ++i) result[i] = f(a[i], b[i]);
}

// An undefined operand makes a minimum or maximum undefined: the sum of both is.
inline double smaller(double a, double b) { return a < b ? a : (b <= a ? b : a + b); }
inline double larger(double a, double b) { return a > b ? a : (b >= a ? b : a + b); }

}  // namespace

void run_steps(const LaneStep* steps, std::size_t count, double* registers) {
  for (std::size_t k = 0; k < count; ++k) {
    const LaneStep& step = steps[k];
    const double* a = registers + step.a;
    const double* b = registers + step.b;
    double* __restrict result = registers + step.target;
    switch (step.op) {
      case Op::add: binary(a, b, result, [](double x, double y) { return x + y; }); break;
      case Op::subtract: binary(a, b, result, [](double x, double y) { return x - y; }); break;
      case Op::multiply: binary(a, b, result, [](double x, double y) { return x * y; }); break;
      case Op::divide: binary(a, b, result, [](double x, double y) { return x / y; }); break;
      case Op::power: binary(a, b, result, [](double x, double y) { return pow(x, y); }); break;
      case Op::minimum: binary(a, b, result, smaller); break;
      case Op::maximum: binary(a, b, result, larger); break;
      case Op::less: binary(a, b, result, [](double x, double y) { return x < y ? 1.0 : 0.0; }); break;
      case Op::negate: unary(a, result, [](double x) { return -x; }); break;
      case Op::exp: unary(a, result, [](double x) { return exp(x); }); break;
      case Op::expm1: unary(a, result, [](double x) { return expm1(x); }); break;
      case Op::log: unary(a, result, [](double x) { return log(x); }); break;
      case Op::log10: unary(a, result, [](double x) { return log10(x); }); break;
      case Op::log1p: unary(a, result, [](double x) { return log1p(x); }); break;
      case Op::sqrt: unary(a, result, [](double x) { return __builtin_sqrt(x); }); break;
      case Op::sin: unary(a, result, [](double x) { return sin(x); }); break;
      case Op::cos: unary(a, result, [](double x) { return cos(x); }); break;
      case Op::tan: unary(a, result, [](double x) { return tan(x); }); break;
      case Op::asin: unary(a, result, [](double x) { return asin(x); }); break;
      case Op::acos: unary(a, result, [](double x) { return acos(x); }); break;
      case Op::atan: unary(a, result, [](double x) { return atan(x); }); break;
      case Op::sinh: unary(a, result, [](double x) { return sinh(x); }); break;
      case Op::cosh: unary(a, result, [](double x) { return cosh(x); }); break;
      case Op::tanh: unary(a, result, [](double x) { return tanh(x); }); break;
      case Op::erf: unary(a, result, [](double x) { return erf(x); }); break;
      case Op::abs: unary(a, result, [](double x) { return __builtin_fabs(x); }); break;
      case Op::sign:
        unary(a, result, [](double x) { return (x > 0.0 ? 1.0 : 0.0) - (x < 0.0 ? 1.0 : 0.0); });
        break;
      case Op::number:
      case Op::symbol: break;
    }
  }
}

}  // namespace gluesweep::problem::GLUESWEEP_KERNELS
