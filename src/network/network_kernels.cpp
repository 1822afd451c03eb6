// Compiled once for each instruction set, into the namespace GLUESWEEP_KERNELS; see problem/lane_kernels.cpp.
#include "gluesweep/network/network_kernels.hpp"

#ifdef GLUESWEEP_VECTOR_MATH
extern "C" {
__attribute__((simd("notinbranch"))) double log(double) noexcept;
__attribute__((simd("notinbranch"))) double exp(double) noexcept;
}
#else
extern "C" {
double log(double) noexcept;
double exp(double) noexcept;
}
#endif

namespace gluesweep::network::GLUESWEEP_KERNELS {
namespace {

using problem::lanes;

constexpr int most_steps = 120;
// A step of Halley's method that is this small against the length over which the density changes leaves its
// cube.
constexpr double small_step = 1.0e-5;
constexpr double rounding = 1.0e-14;  // of a place, or of the whole integral
constexpr int most_nodes = 32;        // of an element

inline double root(double value) { return __builtin_sqrt(value); }

/// arsinh(z), exact to rounding in absolute terms, which is what a position needs.
inline double arsinh(double z) {
  const double size = __builtin_fabs(z);
  return __builtin_copysign(log(size + root(size * size + 1.0)), z);
}

void positions(const MapLanes& map, int lane, const double* x, std::int64_t count, double* xi) {
  double place[lanes], sum[lanes];
  const double a = map.start[lane], per_length = 1.0 / (map.end[lane] - a), scale = 2.0 / map.total[lane];
  for (std::int64_t begin = 0; begin < count; begin += lanes) {
    // All lanes are computed in the same way, so that a result does not depend on where it stands.
    for (int i = 0; i < lanes; ++i) place[i] = x[begin + i < count ? begin + i : count - 1];
    for (int i = 0; i < lanes; ++i) sum[i] = (place[i] - a) * per_length;
    for (int j = 0; j < map.terms; ++j) {
      const int own = j * lanes + lane;
      const double c = map.centre[own], per_width = 1.0 / map.width[own];
      const double share = map.share[own], first = map.first[own];
      if (share == 0.0) continue;
      for (int i = 0; i < lanes; ++i) sum[i] += share * (arsinh((place[i] - c) * per_width) - first);
    }
    for (int i = 0; i < lanes && begin + i < count; ++i) xi[begin + i] = scale * sum[i] - 1.0;
  }
}

void scales(const double* coefficients, int terms, const double* xi, std::int64_t count, double* result) {
  double place[lanes], before[lanes], sum[lanes];
  for (std::int64_t begin = 0; begin < count; begin += lanes) {
    for (int i = 0; i < lanes; ++i) place[i] = xi[begin + i < count ? begin + i : count - 1];
    for (int i = 0; i < lanes; ++i) before[i] = sum[i] = 0.0;
    for (int j = terms - 1; j > 0; --j) {  // Clenshaw
      for (int i = 0; i < lanes; ++i) {
        const double next = coefficients[j] + 2.0 * place[i] * sum[i] - before[i];
        before[i] = sum[i];
        sum[i] = next;
      }
    }
    for (int i = 0; i < lanes; ++i) sum[i] = exp(coefficients[0] + place[i] * sum[i] - before[i]);
    for (int i = 0; i < lanes && begin + i < count; ++i) result[begin + i] = sum[i];
  }
}

/// The density, its derivative and an upper bound for the logarithmic one, per lane.
struct Density {
  double value[lanes], slope[lanes], sharpness[lanes];
};

void density(const MapLanes& map, const double* x, Density& result) {
  for (int i = 0; i < lanes; ++i) {
    result.value[i] = 1.0 / (map.end[i] - map.start[i]);
    result.slope[i] = 0.0;
    result.sharpness[i] = 0.0;
  }
  for (int j = 0; j < map.terms; ++j) {
    const double *c = map.centre + j * lanes, *w = map.width + j * lanes, *share = map.share + j * lanes;
    for (int i = 0; i < lanes; ++i) {
      const double inverse = 1.0 / w[i], z = (x[i] - c[i]) * inverse;
      const double reach = inverse / root(z * z + 1.0);  // 1 / sqrt((x - c)^2 + w^2)
      const double own = share[i] * reach;
      result.value[i] += own;
      result.slope[i] -= own * z * w[i] * reach * reach;
      result.sharpness[i] = share[i] > 0.0 && reach > result.sharpness[i] ? reach : result.sharpness[i];
    }
  }
}

void integral(const MapLanes& map, const double* x, double* value) {
  for (int i = 0; i < lanes; ++i) value[i] = (x[i] - map.start[i]) / (map.end[i] - map.start[i]);
  for (int j = 0; j < map.terms; ++j) {
    const double *c = map.centre + j * lanes, *w = map.width + j * lanes;
    const double *share = map.share + j * lanes, *first = map.first + j * lanes;
    for (int i = 0; i < lanes; ++i) value[i] += share[i] * (arsinh((x[i] - c[i]) / w[i]) - first[i]);
  }
}

/// Solves integral(x) = target from x by Halley's method inside the bracket [low, high], which shrinks.
void solve(const MapLanes& map, const double* target, double* low, double* high, double* x, Density& at_x) {
  double value[lanes], last_miss[lanes];
  bool moving[lanes];
  for (int i = 0; i < lanes; ++i) {
    moving[i] = true;
    last_miss[i] = __builtin_inf();
  }
  for (int step = 0; step < most_steps; ++step) {
    integral(map, x, value);
    density(map, x, at_x);
    bool any = false;
    for (int i = 0; i < lanes; ++i) {
      if (!moving[i]) continue;
      const double miss = value[i] - target[i];
      (miss < 0.0 ? low[i] : high[i]) = x[i];
      const double newton = miss / at_x.value[i];
      const double change = newton / (1.0 - 0.5 * newton * at_x.slope[i] / at_x.value[i]);
      const double next = x[i] - change;
      // A step that did not halve what is missed may go to and fro between the tails of a density peak:
      // bisect.
      const double size = __builtin_fabs(miss);
      const bool halved = size <= 0.5 * last_miss[i] ||
                          size <= rounding * __builtin_fabs(x[i]) * at_x.value[i] ||
                          size <= rounding * map.total[i];
      const bool inside = halved && next >= low[i] && next <= high[i];
      last_miss[i] = size;
      moving[i] = !(inside && __builtin_fabs(change) * at_x.sharpness[i] <= small_step) && low[i] < high[i];
      x[i] = inside ? next : 0.5 * (low[i] + high[i]);
      any = any || moving[i];
    }
    if (!any) break;
  }
  density(map, x, at_x);
}

void nodes(const MapLanes& map, const double* xi, int size, double* x, double* slope) {
  double target[lanes], low[lanes], high[lanes];
  Density at_x;
  for (int i = 0; i < lanes; ++i) x[i] = map.start[i];
  density(map, x, at_x);
  for (int i = 0; i < lanes; ++i) slope[i] = 1.0 / at_x.value[i];
  for (int k = 1; k < size; ++k) {
    double* here = x + k * lanes;
    double* pace = slope + k * lanes;
    const double *last = here - lanes, *last_pace = pace - lanes;
    const double ahead = 0.5 * (xi[k] - xi[k - 1]), behind = k > 1 ? 0.5 * (xi[k - 1] - xi[k - 2]) : 0.0;
    for (int i = 0; i < lanes; ++i) {
      target[i] = 0.5 * (xi[k] + 1.0) * map.total[i];
      const double h = ahead * map.total[i];
      double guess = last[i] + h * last_pace[i];
      if (k > 1) {  // the cubic through the last two places and slopes
        const double g = behind * map.total[i], r = h / g;
        const double chord = (last[i] - last[i - lanes]) / g;
        const double bend = last_pace[i] - chord, twist = last_pace[i - lanes] + last_pace[i] - 2.0 * chord;
        guess += h * r * (bend + (1.0 + r) * twist);
      }
      low[i] = last[i];
      high[i] = map.end[i];
      here[i] = guess > low[i] && guess < high[i] ? guess : (guess < high[i] ? low[i] : high[i]);
    }
    if (k + 1 == size) {
      for (int i = 0; i < lanes; ++i) here[i] = map.end[i];
      density(map, here, at_x);
    } else {
      solve(map, target, low, high, here, at_x);
    }
    for (int i = 0; i < lanes; ++i) pace[i] = 1.0 / at_x.value[i];
  }
  for (int k = 0; k < size; ++k) {
    for (int i = 0; i < lanes; ++i) slope[k * lanes + i] *= 0.5 * map.total[i];
  }
}

void interpolate(int elements, int nodes_count, const double* abscissae, const double* inverse_products,
                 const double* values, int rows, const double* xi, std::int64_t count, std::int64_t stride,
                 double* result) {
  const int places = nodes_count + 1;
  const std::int64_t size = static_cast<std::int64_t>(elements) * nodes_count + 1;
  double local[lanes], basis[most_nodes + 1][lanes], product[lanes];
  std::int64_t first[lanes];
  for (std::int64_t begin = 0; begin < count; begin += lanes) {
    for (int i = 0; i < lanes; ++i) {
      const double place = 0.5 * (xi[begin + i < count ? begin + i : count - 1] + 1.0) * elements;
      const double element = place >= 0.0 ? (place < elements ? __builtin_floor(place) : elements - 1) : 0.0;
      local[i] = place - element;
      first[i] = static_cast<std::int64_t>(element) * nodes_count;
    }
    for (int i = 0; i < lanes; ++i) product[i] = 1.0;
    for (int j = 0; j < places; ++j) {  // products of the factors before j, then of those behind
      for (int i = 0; i < lanes; ++i) {
        basis[j][i] = product[i] * inverse_products[j];
        product[i] *= local[i] - abscissae[j];
      }
    }
    for (int i = 0; i < lanes; ++i) product[i] = 1.0;
    for (int j = places - 1; j >= 0; --j) {
      for (int i = 0; i < lanes; ++i) {
        basis[j][i] *= product[i];
        product[i] *= local[i] - abscissae[j];
      }
    }
    for (int r = 0; r < rows; ++r) {
      const double* row = values + r * size;
      for (int i = 0; i < lanes && begin + i < count; ++i) {
        double sum = 0.0;
        for (int j = 0; j < places; ++j) sum += basis[j][i] * row[first[i] + j];
        result[r * stride + begin + i] = sum;
      }
    }
  }
}

}  // namespace

extern const NetworkKernels network_kernels;
const NetworkKernels network_kernels{positions, scales, nodes, interpolate};

}  // namespace gluesweep::network::GLUESWEEP_KERNELS
