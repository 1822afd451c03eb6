#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gluesweep/parallel/communicator.hpp"

namespace gluesweep::cli {

/// Runs `action` on every rank; when it throws on some, every rank throws the same error: the one of the
/// first such rank, job::InputError if it was one and parallel::CommonError naming the rank otherwise.
/// Collective.
void on_every_rank(const parallel::Communicator& communicator, const std::function<void()>& action);

/// Rank 0's values in everybody's arrays (contiguous, float64, on the CPU), in place. Throws
/// parallel::CommonError on every rank, before anything is sent, when a rank's arrays have other shapes: the
/// shapes of a trunk depend on a rank decided in floating point, which other processors may round otherwise.
/// Collective.
void broadcast_arrays(const parallel::Communicator& communicator,
                      const std::vector<std::pair<std::string, at::Tensor>>& arrays);

/// Waits for all ranks and calls `meanwhile` now and then, without keeping a core busy. Collective.
void wait_for_all(const parallel::Communicator& communicator, const std::function<void()>& meanwhile);

}  // namespace gluesweep::cli
