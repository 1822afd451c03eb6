#include "gluesweep/problem/kernels.hpp"

namespace gluesweep::problem {
namespace {
thread_local int without = 0;
}  // namespace

bool on_kernels(const at::Tensor& values) {
  return without == 0 && values.is_cpu() && values.scalar_type() == at::kDouble;
}

WithoutKernels::WithoutKernels() { ++without; }
WithoutKernels::~WithoutKernels() { --without; }

}  // namespace gluesweep::problem
