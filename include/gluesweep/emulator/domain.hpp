#pragma once

#include <ATen/ATen.h>

#include "gluesweep/emulator/emulator.hpp"

/// Where an emulator may be asked, and how far its answers may be off.
namespace gluesweep::emulator {

/// A z of this size is still inside: parameters at the end of their range are rounded.
inline constexpr double box_edge = 1.0 + 1.0e-9;

/// Distances from each of z (B, p) to the nearest of places (N, p): (B).
at::Tensor nearest_distance(const at::Tensor& z, const at::Tensor& places);

/// How far from the training places a z may be: twice the largest distance of the held-out ones, which lie
/// where the scan has points.
double reach_of(const at::Tensor& training_z, const at::Tensor& held_out_z);

/// The error to expect of the solution at z (B, p), (B): above the true one for about nine of ten places.
at::Tensor expected_error(const Emulator& emulator, const at::Tensor& z);

/// The same of the scalars, (B, S), relative.
at::Tensor expected_scalar_errors(const Emulator& emulator, const at::Tensor& z);

/// From errors (H, q) at places (H, p): the largest of the nearest few. NaN errors do not count.
at::Tensor nearby_errors(const at::Tensor& places, const at::Tensor& errors, const at::Tensor& z);

/// What is within the ranges of all axes, and no further than `reach` from a training point: not in a hole
/// where the scan's points failed. A table of cells answers for most places.
class Domain {
 public:
  explicit Domain(const Emulator& emulator);

  at::Tensor inside(const at::Tensor& z) const;  ///< (B, p) -> (B) bool

 private:
  std::int64_t cell(const double* place) const;
  bool near_training(const double* place) const;

  at::Tensor training_z_;
  double reach_;
  std::int64_t cells_;  ///< along an axis; 0: no table
  at::Tensor certain_;  ///< (cells ** p) bool: all of the cell is inside
};

}  // namespace gluesweep::emulator
