#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "element_kernels.hpp"
#include "gluesweep/training/grid.hpp"

namespace gluesweep::training {

/// The elements of one patch for up to `lanes` sweep points of a batch, one after the other: the CPU's way to
/// march and to solve linearised equations, without an allocation or a call into the tensor library per
/// element. Arrays are (..., lanes); lanes beyond the last point repeat it.
class LaneElements {
 public:
  LaneElements(const problem::Frame& frame, const Tensors& theta, const network::Elements& elements,
               const PatchGrid& patch, std::int64_t first, std::int64_t count);

  void enter(int element);  ///< what depends on the places of its nodes only

  /// Newton matrix and what the equations miss, from the left end (n) and node values (n, s).
  void assemble(const double* left, const double* values);

  double* matrix() { return matrix_.data(); }    ///< (n s, n s)
  double* missing() { return missing_.data(); }  ///< (n s)
  const ElementShape& shape() const { return shape_; }
  int size() const { return shape_.constants * shape_.nodes; }

 private:
  const problem::LaneTape& drift_;
  std::vector<double> weights_;
  ElementShape shape_;
  std::vector<double> t_, speed_;                  // (N)
  std::vector<problem::LaneRegisters> registers_;  // per node of an element
  std::vector<double> rates_, jacobian_, matrix_, missing_;
  int element_ = 0;
};

/// Rows `first` to first + count of (B, m) as (m, lanes), the last one repeated; and back.
std::vector<double> to_lanes(const at::Tensor& values, std::int64_t first, std::int64_t count);
void from_lanes(const double* lane_values, std::int64_t places, std::int64_t first, std::int64_t count,
                at::Tensor& values);

}  // namespace gluesweep::training
