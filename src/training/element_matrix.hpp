#pragma once

#include <ATen/ATen.h>

#include "gluesweep/network/elements.hpp"
#include "gluesweep/training/grid.hpp"

namespace gluesweep::training {

/// The element systems I - h A (dt/dxi) dG/dC of any number of elements: jacobian n*n tensors (..., s),
/// already times dt/dxi, to (..., n s, n s).
at::Tensor element_matrix(const network::Elements& elements, const Tensors& jacobian, int n);

}  // namespace gluesweep::training
