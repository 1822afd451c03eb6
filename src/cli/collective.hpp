#pragma once

#include <functional>

#include "gluesweep/parallel/communicator.hpp"

namespace gluesweep::cli {

/// Runs `action` on every rank; when it throws on some, every rank throws the same error: the one of the
/// first such rank, job::InputError if it was one and std::runtime_error naming the rank otherwise.
/// Collective.
void on_every_rank(const parallel::Communicator& communicator, const std::function<void()>& action);

/// Waits for all ranks and calls `meanwhile` now and then, without keeping a core busy. Collective.
void wait_for_all(const parallel::Communicator& communicator, const std::function<void()>& meanwhile);

}  // namespace gluesweep::cli
