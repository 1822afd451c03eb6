#include "verification.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "gluesweep/job/error.hpp"
#include "text.hpp"

#ifdef GLUESWEEP_WITH_REFERENCE
#include "gluesweep/reference/verifier.hpp"
#endif

namespace gluesweep::cli {

Verify make_verify(const job::Job& job) {
  if (job.verification.reference_fraction == 0.0) {
    return [](training::BlockResult result, const at::Tensor&, std::int64_t) { return result; };
  }
#ifdef GLUESWEEP_WITH_REFERENCE
  return [verifier = std::make_shared<const reference::Verifier>(job)](
             training::BlockResult result, const at::Tensor& parameters, std::int64_t first_sample) {
    result.reference_error = verifier->reference_error(result, parameters, first_sample);
    return result;
  };
#else
  throw job::InputError("verification.reference_fraction: " + exact(job.verification.reference_fraction) +
                        " asks for independent reference values, but this program was built without the "
                        "integrator that gives them (SUNDIALS CVODE).\n"
                        "Build it with -DGLUESWEEP_WITH_REFERENCE=ON (Debian: libsundials-dev), or run with "
                        "--set verification.reference_fraction=0.");
#endif
}

bool to_be_verified([[maybe_unused]] const job::Job& job, [[maybe_unused]] std::int64_t sample) {
#ifdef GLUESWEEP_WITH_REFERENCE
  return reference::is_verified(job.sweep.seed, sample, job.verification.reference_fraction);
#else
  return false;  // the choice is the integrator's
#endif
}

bool verifies_by_integration(const job::Job& job) {
  const auto& unknowns = job.problem.unknowns;
  return job.verification.reference_fraction > 0.0 &&
         std::any_of(unknowns.begin(), unknowns.end(), [](const auto& unknown) { return !unknown.exact; });
}

}  // namespace gluesweep::cli
