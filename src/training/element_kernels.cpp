// Compiled once for each instruction set, into the namespace GLUESWEEP_KERNELS; see problem/lane_kernels.cpp.
#include "element_kernels.hpp"

namespace gluesweep::training::GLUESWEEP_KERNELS {
namespace {

using problem::lanes;

#ifdef __AVX2__
constexpr int width = 4;  // sweep points in one vector
#else
constexpr int width = 2;
#endif
using Vector = double __attribute__((vector_size(width * sizeof(double))));
using Stored = double __attribute__((vector_size(width * sizeof(double)), aligned(8), may_alias));
using Mask = decltype(Vector{} < Vector{});

inline Stored& at(double* values, int index) { return *reinterpret_cast<Stored*>(values + index * lanes); }
inline const Stored& at(const double* values, int index) {
  return *reinterpret_cast<const Stored*>(values + index * lanes);
}
inline Vector absolute(Vector value) { return value < 0.0 ? -value : value; }
inline Vector larger(Vector a, Vector b) { return ((b > a) | (b != b)) ? b : a; }  // undefined where b is
inline bool any(Mask mask) {
  bool found = false;
  for (int i = 0; i < width; ++i) found = found || mask[i] != 0;
  return found;
}

void assemble(const ElementShape& shape, const double* rates, const double* jacobian, const double* speed,
              const double* left, const double* values, double* matrix, double* missing) {
  const int n = shape.constants, s = shape.nodes, size = n * s;
  for (int q = 0; q < lanes; q += width) {
    for (int k = 0; k < n; ++k) {
      for (int i = 0; i < s; ++i) {
        const int row = k * s + i;
        Vector sum = at(left + q, k) - at(values + q, row);
        for (int j = 0; j < s; ++j) {
          sum += shape.weights[i * s + j] * at(speed + q, j) * at(rates + q, j * n + k);
        }
        at(missing + q, row) = sum;
      }
    }
    for (int j = 0; j < s; ++j) {
      const Vector pace = at(speed + q, j);
      for (int k = 0; k < n; ++k) {
        for (int l = 0; l < n; ++l) {
          const Vector response = pace * at(jacobian + q, (j * n + k) * n + l);
          for (int i = 0; i < s; ++i) {
            const double diagonal = k == l && i == j ? 1.0 : 0.0;
            at(matrix + q, (k * s + i) * size + l * s + j) = diagonal - shape.weights[i * s + j] * response;
          }
        }
      }
    }
  }
}

/// The row with the largest entry of column c comes to the diagonal, for each sweep point by itself.
inline void exchange(double* matrix, double* right, int size, int columns, int c) {
  for (int r = c + 1; r < size; ++r) {
    const Mask larger_below = absolute(at(matrix, r * size + c)) > absolute(at(matrix, c * size + c));
    if (!any(larger_below)) continue;
    const auto swap = [&larger_below](Stored& upper, Stored& lower) {
      const Vector kept = upper;
      upper = larger_below ? lower : upper;
      lower = larger_below ? kept : lower;
    };
    for (int j = c; j < size; ++j) swap(at(matrix, c * size + j), at(matrix, r * size + j));
    for (int j = 0; j < columns; ++j) swap(at(right, c * columns + j), at(right, r * columns + j));
  }
}

void solve(double* matrix, double* right, int size, int columns) {
  for (int q = 0; q < lanes; q += width) {
    double* m = matrix + q;
    double* x = right + q;
    for (int c = 0; c < size; ++c) {
      exchange(m, x, size, columns, c);
      const Vector inverse = 1.0 / at(m, c * size + c);
      at(m, c * size + c) = inverse;
      for (int r = c + 1; r < size; ++r) {
        const Vector factor = at(m, r * size + c) * inverse;
        for (int j = c + 1; j < size; ++j) at(m, r * size + j) -= factor * at(m, c * size + j);
        for (int j = 0; j < columns; ++j) at(x, r * columns + j) -= factor * at(x, c * columns + j);
      }
    }
    for (int r = size - 1; r >= 0; --r) {
      for (int j = 0; j < columns; ++j) {
        Vector sum = at(x, r * columns + j);
        for (int c = r + 1; c < size; ++c) sum -= at(m, r * size + c) * at(x, c * columns + j);
        at(x, r * columns + j) = sum * at(m, r * size + r);
      }
    }
  }
}

void advance(const ElementShape& shape, const double* change, const double* units, const double* active,
             double* values, double* size) {
  for (int q = 0; q < lanes; q += width) {
    Vector largest = {};
    for (int k = 0; k < shape.constants; ++k) {
      for (int i = 0; i < shape.nodes; ++i) {
        const int row = k * shape.nodes + i;
        const Vector step = at(change + q, row);
        Stored& value = at(values + q, row);
        largest = larger(largest, absolute(step) / (at(units + q, k) + absolute(value)));
        const Mask moves = (step - step == 0.0) & (at(active + q, 0) != 0.0);
        value = moves ? value + step : value;
      }
    }
    at(size + q, 0) = largest;
  }
}

}  // namespace

extern const ElementKernels element_kernels;
const ElementKernels element_kernels{assemble, solve, advance};

}  // namespace gluesweep::training::GLUESWEEP_KERNELS
