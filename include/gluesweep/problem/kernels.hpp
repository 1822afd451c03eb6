#pragma once

#include <ATen/ATen.h>

namespace gluesweep::problem {

/// Whether the kernels for the CPU work on these values: float64 in its memory. Everywhere else the tensor
/// library's operations do the same, one by one, on any device.
bool on_kernels(const at::Tensor& values);

/// While one lives, its thread goes the way of the other devices: for tests and benchmarks of it on any
/// machine.
class WithoutKernels {
 public:
  WithoutKernels();
  ~WithoutKernels();
  WithoutKernels(const WithoutKernels&) = delete;
  WithoutKernels& operator=(const WithoutKernels&) = delete;
};

}  // namespace gluesweep::problem
