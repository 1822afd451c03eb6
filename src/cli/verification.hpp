#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>

#include "gluesweep/job/job.hpp"
#include "gluesweep/training/result.hpp"

namespace gluesweep::cli {

/// A trained block with the `reference_error` of the job's verified subset filled in; parameters (B, p) and
/// the sample id of its first row as for reference::Verifier.
using Verify = std::function<training::BlockResult(training::BlockResult result, const at::Tensor& parameters,
                                                   std::int64_t first_sample)>;

/// Throws job::InputError when the job asks for reference values and the program was built without the
/// integrator.
Verify make_verify(const job::Job& job);

/// Whether the job asks for a reference value of this sample.
bool to_be_verified(const job::Job& job, std::int64_t sample);

/// Whether it takes the integrator to give them: not where the problem has a closed form.
bool verifies_by_integration(const job::Job& job);

}  // namespace gluesweep::cli
