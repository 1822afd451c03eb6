#pragma once

#include <ATen/ATen.h>

#include <optional>
#include <string>

#include "gluesweep/job/job.hpp"
#include "native_cvode.hpp"

namespace gluesweep::benchmark {

/// The fastest way of using CVODE for a problem: at rtol 1e-8, and where it has to be as exact as we are.
/// Chosen by hand from `benchmark_against_cvode --ways`.
struct Contest {
  const char* problem;
  Way usual, exact;
};

inline constexpr Way bdf_linear{Way::Method::bdf, Way::Variable::linear};
inline constexpr Way bdf_log{Way::Method::bdf, Way::Variable::log};
inline constexpr Way newton_linear{Way::Method::adams_newton, Way::Variable::linear};
inline constexpr Way newton_log{Way::Method::adams_newton, Way::Variable::log};
inline constexpr Way fixed_point_log{Way::Method::adams_fixed_point, Way::Variable::log};

/// Initial value problems only: `boundary_layer` has a condition at each end, which CVODE alone cannot do.
inline constexpr Contest contests[] = {
    {"mixed_order_decay", fixed_point_log, fixed_point_log},
    {"michaelis_menten", bdf_log, newton_log},
    {"robertson", bdf_linear, bdf_linear},
    {"friedmann_background", fixed_point_log, fixed_point_log},
    {"meszaros_growth", fixed_point_log, fixed_point_log},
    {"misaligned_scalar", newton_log, newton_log},
    {"tensor_modes", newton_linear, newton_log},
    {"freeze_out", bdf_log, bdf_log},
};

/// Throws std::invalid_argument for another problem.
const Contest& contest_of(const std::string& problem);

/// All states (n, B, M) of points (B, p) at the job's outputs by CVODE; nothing where it gives up.
std::optional<at::Tensor> by_cvode(NativeSolver& solver, const job::Job& job, const at::Tensor& points);

/// `misaligned_scalar` for 1e3 to 1e8 radians: a table on standard output.
void print_long_oscillations(int repetitions);

}  // namespace gluesweep::benchmark
