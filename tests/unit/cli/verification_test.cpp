#include "../../../src/cli/verification.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../../support/jobs.hpp"
#include "gluesweep/job/error.hpp"

namespace gluesweep::cli {
namespace {

job::Job job_with(double fraction) {
  auto job = test::job_of(
      "name: decay\nvariable: {symbol: t, range: [0, 2], scale: linear}\nparameters: {k: {default: 1}}\n"
      "unknowns: {u: {order: 1}}\nequations: {u: \"-k*u\"}\nconditions: [{at: start, u: \"1\"}]\n"
      "patches: [{name: p, constants: {c: \"1\"}, solution: {u: \"c*exp(-k*t)\"}}]\n");
  job.verification.reference_fraction = fraction;
  job.output.values = {0.0, 2.0};
  return job;
}

/// u = exp(-t) at t = 0 and, wrong by a thousandth, at 2.
training::BlockResult trained() {
  training::BlockResult result;
  result.solution = at::tensor({1.0, std::exp(-2.0) * 1.001}, at::kDouble).view({1, 1, 2});
  result.reference_error = at::full({1}, NAN, at::kDouble);
  return result;
}

TEST(Verify, LeavesTheBlockAloneWhenNothingIsAskedFor) {
  const auto result = make_verify(job_with(0.0))(trained(), test::column({1.0}), 0);
  EXPECT_TRUE(std::isnan(result.reference_error.item<double>()));
}

#ifdef GLUESWEEP_WITH_REFERENCE
TEST(Verify, FillsInTheReferenceError) {
  const auto result = make_verify(job_with(1.0))(trained(), test::column({1.0}), 0);
  EXPECT_NEAR(result.reference_error.item<double>(), 1e-3, 1e-9);
}
#else
TEST(Verify, SaysThatThisProgramHasNoIntegrator) {
  try {
    make_verify(job_with(0.02));
    FAIL() << "accepted";
  } catch (const job::InputError& error) {
    EXPECT_STREQ(
        error.what(),
        "verification.reference_fraction: 0.02 asks for independent reference values, but this program was "
        "built without the integrator that gives them (SUNDIALS CVODE).\n"
        "Build it with -DGLUESWEEP_WITH_REFERENCE=ON (Debian: libsundials-dev), or run with --set "
        "verification.reference_fraction=0.");
  }
}
#endif

}  // namespace
}  // namespace gluesweep::cli
