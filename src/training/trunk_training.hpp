#pragma once

#include <ATen/ATen.h>

#include "gluesweep/job/job.hpp"
#include "gluesweep/network/elements.hpp"
#include "gluesweep/network/trunk.hpp"

namespace gluesweep::training {

/// Optimises a trunk, in place, for functions given at the nodes of `finer` (K, N), at least one. First,
/// network.train.steps steps of variable projection: hidden layers that make the functions' distance from the
/// span of their neurons as small as possible, whatever heads that takes. Then the mixing: of all
/// combinations of the neurons the F from which the functions can be represented best (principal components),
/// orthonormal on the nodes of `elements`. F stays what it is.
void train_trunk(const job::Network& network, const network::Trunk& trunk, const network::Elements& elements,
                 const network::Elements& finer, const at::Tensor& functions);

}  // namespace gluesweep::training
