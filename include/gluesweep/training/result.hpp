#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace gluesweep::training {

/// How a sweep point ended. Stored as uint8 in the sweep file; the values are part of its format.
enum class Status : std::uint8_t {
  pending = 0,
  converged = 1,
  not_converged = 2,
  failed_nonfinite = 3,
  degenerate_patch = 4,
  matching_only = 5,
};

struct StatusInfo {
  Status status;
  std::string_view name;     ///< CF flag_meanings word
  std::string_view message;  ///< what it means and what to do
};

inline constexpr std::array<StatusInfo, 6> status_table{{
    {Status::pending, "pending", "not computed yet"},
    {Status::converged, "converged",
     "the estimated error (without verification.estimate: the defect) is within training.tolerance"},
    {Status::not_converged, "not_converged",
     "the estimated error exceeds training.tolerance: try more network.elements, and network.features up to "
     "half of their nodes (methods adam and plain: training.adam), or move the hand-over (until) to where "
     "both patches hold"},
    {Status::failed_nonfinite, "failed_nonfinite",
     "an infinite or undefined number arose, or the solution ends in a pole inside the domain: look for an "
     "overflow or a logarithm of a negative number in the patch solutions and hand-overs at these "
     "parameters, and for a `magnitude` that vanishes"},
    {Status::degenerate_patch, "degenerate_patch",
     "a patch's solution does not determine its constants there (det dPhi/dC = 0): move its hand-over or "
     "write its constants differently"},
    {Status::matching_only, "matching_only", "conventional matching was asked for: no network was trained"},
}};

/// Neither pending nor of any use: for statuses of any shape, uint8, a mask.
at::Tensor is_failed(const at::Tensor& status);

/// What training hands over for a block of B sweep points: plain float64 CPU tensors (contiguous) unless
/// noted. n = state components, u = unknowns, P = patches, M = output points, D = derived scalars. Constants
/// are numbered patch by patch: k = patch * n + constant.
struct BlockResult {
  at::Tensor solution;         ///< (n, B, M) state components at the output points
  at::Tensor matching;         ///< (u, B, M) conventional matching
  at::Tensor coefficients;     ///< (P*n, B, M) coefficient functions, NaN where the frame is degenerate
  at::Tensor limits;           ///< (P*n, B) asymptotic constants
  at::Tensor crossovers;       ///< (P-1, B) in the variable itself, NaN where drift rates do not cross
  at::Tensor derived;          ///< (D, B)
  at::Tensor status;           ///< (B) uint8, see Status
  at::Tensor defect;           ///< (B) largest weighted residual of equation, glue and conditions, relative
  at::Tensor error_estimate;   ///< (B) NaN = not computed
  at::Tensor reference_error;  ///< (B) NaN = not computed
  at::Tensor matching_error;   ///< (B) of conventional matching
  at::Tensor iterations;       ///< (B) int32 iterations or steps, of all rungs that were kept
  at::Tensor seconds;          ///< (B) wall time of its block over the points it held
  at::Tensor rescue;           ///< (B) uint8 rung of the ladder: 0 first attempt, 1 finer network, 2 by
                               ///< Gauss-Newton as well
  at::Tensor head;             ///< (B, F, K): K networks of F stored numbers each
  at::Tensor map;              ///< (B, P, m) parameters of the maps xi_p, see network/map.hpp
  at::Tensor scale;            ///< (B, P*n, d) parameters of the constants' scales, see network/scale.hpp
  // Derivatives by the q varied parameters where output.sensitivities asks for them, else q = 0. Row r by
  // parameter j is r * q + j; NaN where the point failed.
  at::Tensor solution_by;    ///< (u*q, B, M) of the unknowns, at fixed places
  at::Tensor limits_by;      ///< (P*n*q, B)
  at::Tensor crossovers_by;  ///< ((P-1)*q, B)
  at::Tensor derived_by;     ///< (D*q, B)
};

}  // namespace gluesweep::training
