#pragma once

#include <ATen/ATen.h>

#include <string>

namespace gluesweep::parallel {

/// The device a rank trains on, from `run.device`: auto | cpu | cuda | cuda:N. Ranks of one node are dealt
/// out over its GPUs by their node-local rank (several may share one); `auto` falls back to the CPU; cuda:N
/// is the same GPU on every rank. Throws job::InputError for another text, or for a GPU that is not there.
at::Device choose_device(const std::string& specification, int node_local_rank);

/// The same with the number of visible GPUs given.
at::Device choose_device(const std::string& specification, int node_local_rank, int visible_gpus);

}  // namespace gluesweep::parallel
