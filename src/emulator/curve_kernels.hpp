#pragma once

#include <cstdint>

#include "gluesweep/problem/processor.hpp"

namespace gluesweep::emulator {

struct CurveKernels {
  /// Multiplies `values` (n, stride) at `count` places xi in [-1, 1] by the n piecewise polynomials of
  /// `table` (elements, n, Tables::terms).
  void (*piecewise)(const double* table, int elements, int n, const double* xi, std::int64_t count,
                    std::int64_t stride, double* values);
};

namespace baseline {
extern const CurveKernels curve_kernels;
}
namespace avx2 {
extern const CurveKernels curve_kernels;
}

inline const CurveKernels& curve_kernels() {
#ifdef GLUESWEEP_AVX2
  if (problem::processor() == problem::Processor::avx2) return avx2::curve_kernels;
#endif
  return baseline::curve_kernels;
}

}  // namespace gluesweep::emulator
