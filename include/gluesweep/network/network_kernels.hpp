#pragma once

#include <cstdint>

#include "gluesweep/problem/processor.hpp"

namespace gluesweep::network {

/// The maps of `lanes` sweep points: arrays (..., lanes), terms j as in network/map.hpp.
struct MapLanes {
  int terms;
  const double* start;   // a
  const double* end;     // b
  const double* centre;  // (terms): c
  const double* width;   // (terms): w
  const double* share;   // (terms): beta / m
  const double* first;   // (terms): arsinh((a - c) / w)
  const double* total;   // the integral of the density over [a, b]
};

struct NetworkKernels {
  /// xi of `count` places of the sweep point in one lane.
  void (*positions)(const MapLanes& map, int lane, const double* x, std::int64_t count, double* xi);

  /// exp of the Chebyshev series with `terms` coefficients at `count` places xi.
  void (*scales)(const double* coefficients, int terms, const double* xi, std::int64_t count, double* result);

  /// Places x and slopes dx/dxi (size, lanes) of the nodes xi (size), ascending from -1 to 1.
  void (*nodes)(const MapLanes& map, const double* xi, int size, double* x, double* slope);

  /// Values at `count` places xi of `rows` functions given on elements, values (rows, E s + 1), to (rows,
  /// stride). abscissae (s + 1) are an element's, inverse_products (s + 1) the inverses of prod_k (c_j -
  /// c_k).
  void (*interpolate)(int elements, int nodes, const double* abscissae, const double* inverse_products,
                      const double* values, int rows, const double* xi, std::int64_t count,
                      std::int64_t stride, double* result);
};

namespace baseline {
extern const NetworkKernels network_kernels;
}
namespace avx2 {
extern const NetworkKernels network_kernels;
}

inline const NetworkKernels& network_kernels() {
#ifdef GLUESWEEP_AVX2
  if (problem::processor() == problem::Processor::avx2) return avx2::network_kernels;
#endif
  return baseline::network_kernels;
}

}  // namespace gluesweep::network
