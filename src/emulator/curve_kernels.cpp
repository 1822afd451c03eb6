// Compiled once for each instruction set, into the namespace GLUESWEEP_KERNELS; see problem/lane_kernels.cpp.
#include "curve_kernels.hpp"

namespace gluesweep::emulator::GLUESWEEP_KERNELS {
namespace {

constexpr int terms = 16;  // Tables::terms: four vectors of four

void piecewise(const double* table, int elements, int n, const double* xi, std::int64_t count,
               std::int64_t stride, double* values) {
  for (std::int64_t i = 0; i < count; ++i) {
    const double place = 0.5 * (xi[i] + 1.0) * elements;
    const int last = elements - 1, element = place < last ? static_cast<int>(place) : last;
    const double u = 2.0 * (place - element) - 1.0, u2 = u * u, u4 = u2 * u2;
    double power[terms] = {1.0, u, u2, u * u2};
    for (int j = 4; j < terms; ++j) power[j] = power[j - 4] * u4;
    const double* own = table + static_cast<std::int64_t>(element) * n * terms;
    for (int k = 0; k < n; ++k, own += terms) {
      double sum[4];
      for (int j = 0; j < 4; ++j) {
        sum[j] = (own[j] * power[j] + own[j + 4] * power[j + 4]) +
                 (own[j + 8] * power[j + 8] + own[j + 12] * power[j + 12]);
      }
      values[k * stride + i] *= (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
  }
}

}  // namespace

extern const CurveKernels curve_kernels;
const CurveKernels curve_kernels{piecewise};

}  // namespace gluesweep::emulator::GLUESWEEP_KERNELS
