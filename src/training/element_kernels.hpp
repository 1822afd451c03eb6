#pragma once

#include "gluesweep/problem/processor.hpp"

namespace gluesweep::training {

/// The collocation equations of one element for `lanes` sweep points at once. Arrays are (..., lanes); n
/// constants, s nodes; the n s equations and unknowns are numbered constant by constant.
struct ElementShape {
  int constants;          // n
  int nodes;              // s
  const double* weights;  // (s, s): h A
};

struct ElementKernels {
  /// From rates G (s, n), their Jacobian (s, n, n) and dt/dxi (s) at the nodes: the Newton matrix
  /// 1 - h A dG/dC dt/dxi, (n s, n s), and what the equations miss, left + h A G dt/dxi - values, (n s).
  void (*assemble)(const ElementShape& shape, const double* rates, const double* jacobian,
                   const double* speed, const double* left, const double* values, double* matrix,
                   double* missing);

  /// Solves matrix x = right in place, (size, size) and (size, columns), by elimination with row exchanges.
  void (*solve)(double* matrix, double* right, int size, int columns);

  /// values += change where active (lanes) is not 0 and the change is finite; returns in `size` (lanes) the
  /// largest |change| / (units + |value|), NaN where it is undefined. values, change (n, s); units (n).
  void (*advance)(const ElementShape& shape, const double* change, const double* units, const double* active,
                  double* values, double* size);
};

namespace baseline {
extern const ElementKernels element_kernels;
}
namespace avx2 {
extern const ElementKernels element_kernels;
}

inline const ElementKernels& element_kernels() {
#ifdef GLUESWEEP_AVX2
  if (problem::processor() == problem::Processor::avx2) return avx2::element_kernels;
#endif
  return baseline::element_kernels;
}

}  // namespace gluesweep::training
