#pragma once

#include <ATen/ATen.h>

#include "gluesweep/problem/matching.hpp"

namespace gluesweep::training {

/// Glue rows per overlap and state component.
constexpr int glue_points = 8;

/// Places of the glue between patches p and p + 1 in x, (B, glue_points).
at::Tensor glue_places(const problem::Regions& regions, int patch);

/// What a unit of each constant matters around some places of a frame, the largest of its weights there: n
/// tensors like the weights (B, m), 1 where nothing is known.
problem::Tensors local_weights(const problem::Frame::Response& response);

/// What a relative change of one in the solution, made through each constant, does to a state component: the
/// scale of glue and condition rows. `rho` are local weights.
at::Tensor row_scale(const problem::Frame::Response& response, const problem::Tensors& rho, int component);

}  // namespace gluesweep::training
