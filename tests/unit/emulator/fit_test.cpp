#include "gluesweep/emulator/fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "gluesweep/emulator/domain.hpp"
#include "gluesweep/emulator/emulator_file.hpp"
#include "gluesweep/emulator/pod.hpp"
#include "gluesweep/job/error.hpp"
#include "scan.hpp"

/// From a sweep file to an emulator and its file, on a small scan of a shipped problem.
namespace gluesweep::emulator {
namespace {

using at::Tensor;
using testing::AllOf;
using testing::HasSubstr;

constexpr double no_limit = 1.0;

class FitTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new test::TemporaryDirectory("fit-test-" + std::to_string(::getpid()));
    test::write_scan(scan(), test::small_job("mixed_order_decay", 512));
    fitted_ = new Fitted(fit(read_dataset(scan(), 1e-6), {}));
  }
  static void TearDownTestSuite() {
    delete fitted_;
    delete directory_;
  }
  static std::string scan() { return directory_->file("decay.h5"); }

  template <class Action>
  static std::string input_error(const Action& action) {
    try {
      action();
    } catch (const job::InputError& error) {
      return error.what();
    }
    return "no error";
  }

  static test::TemporaryDirectory* directory_;
  static Fitted* fitted_;
};
test::TemporaryDirectory* FitTest::directory_ = nullptr;
Fitted* FitTest::fitted_ = nullptr;

TEST_F(FitTest, TheDatasetHoldsTheConvergedPoints) {
  const auto data = read_dataset(scan(), no_limit);
  EXPECT_EQ(data.size(), 512);
  EXPECT_EQ(data.in_file, 512);
  ASSERT_EQ(data.axes.size(), 2u);
  EXPECT_EQ(data.axes[1].name, "k2");
  EXPECT_EQ(data.axes[1].low, 10.0);
  EXPECT_EQ(data.axes[1].scale, job::Scale::log);
  EXPECT_LE(data.z.abs().max().item<double>(), 1.0);
  EXPECT_LT(
      (physical(data.axes, data.z).select(1, 0) / data.parameters.select(1, data.axes[0].parameter) - 1.0)
          .abs()
          .max()
          .item<double>(),
      1e-13);
  EXPECT_EQ(data.state.sizes(), at::IntArrayRef({1, 512, 256}));
}

TEST_F(FitTest, PointsAboveTheLargestErrorAreLeftOut) {
  const auto all = read_dataset(scan(), no_limit);
  const auto some = read_dataset(scan(), 4e-9);
  EXPECT_GT(some.above_max_error, 20);
  EXPECT_EQ(some.size() + some.above_max_error, all.size());
  EXPECT_THAT(input_error([] { read_dataset(scan(), 1e-300); }), HasSubstr("--max-error"));
}

TEST_F(FitTest, HeldOutErrorsOfTheSolutionAreSmall) {
  const auto& report = fitted_->report;
  EXPECT_EQ(report.held_out, 51);
  EXPECT_EQ(report.training + report.validation + report.held_out, 512);
  EXPECT_LT(report.solution.median, 1e-5);
  EXPECT_LT(report.solution.largest, 1e-3);
  ASSERT_EQ(report.scalars.size(), fitted_->emulator->scalars.size());
  for (std::size_t s = 0; s < report.scalars.size(); ++s) {
    EXPECT_LT(report.scalars[s].median, 1e-4) << fitted_->emulator->scalars[s].name;
  }
}

TEST_F(FitTest, HeldOutPointsAreNotAmongTheTrainingPoints) {
  const auto& emulator = *fitted_->emulator;
  EXPECT_EQ(emulator.training_z.size(0), 512 - 51);
  EXPECT_GT(nearest_distance(emulator.held_out.z, emulator.training_z).min().item<double>(), 0.0);
}

TEST_F(FitTest, TheErrorModelHolds) {
  EXPECT_GT(fitted_->report.calibration, 0.75);
  const auto& held_out = fitted_->emulator->held_out;
  const auto expected = expected_error(*fitted_->emulator, held_out.z);
  EXPECT_TRUE((expected >= held_out.solution).all().item<bool>()) << "its own error is among the nearest";
  const Domain domain(*fitted_->emulator);
  EXPECT_TRUE(domain.inside(held_out.z).all().item<bool>());
  const auto corners = at::tensor({-1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0}, at::kDouble).view({4, 2});
  EXPECT_TRUE(domain.inside(corners).all().item<bool>());
}

TEST_F(FitTest, NetworksInAnotherLayoutAreTheSameFunctions) {
  const auto data = read_dataset(scan(), no_limit);
  const auto projection = reproject(data, *fitted_->emulator->layout);
  EXPECT_LT(projection.missed.max().item<double>(), 2e-5);
  EXPECT_LT(projection.missed.median().item<double>(), 1e-7);
}

TEST_F(FitTest, TheSeedDecides) {
  const auto data = read_dataset(scan(), no_limit);
  const auto again = fit(data, {}), other = fit(data, {0.1, RegressionChoice::automatic, 1e-7, 5});
  EXPECT_TRUE(again.emulator->held_out.solution.equal(fitted_->emulator->held_out.solution));
  EXPECT_FALSE(other.emulator->held_out.z.equal(fitted_->emulator->held_out.z));
}

TEST_F(FitTest, TheFileHoldsAllOfIt) {
  const auto path = directory_->file("emulator.h5");
  const auto& written = *fitted_->emulator;
  write_emulator(path, written);
  const auto read = read_emulator(path);
  const auto z = written.held_out.z;
  EXPECT_TRUE((*read->amplitudes)(z).equal((*written.amplitudes)(z)));
  EXPECT_TRUE((*read->layout)(z).equal((*written.layout)(z)));
  EXPECT_TRUE((*read->quantities)(z).equal((*written.quantities)(z)));
  EXPECT_TRUE(read->modes.equal(written.modes));
  EXPECT_TRUE(read->mean.equal(written.mean));
  EXPECT_TRUE(read->held_out.scalars.equal(written.held_out.scalars));
  EXPECT_TRUE(read->training_z.equal(written.training_z));
  EXPECT_EQ(read->reach, written.reach);
  EXPECT_EQ(read->job_text, written.job_text);
  ASSERT_EQ(read->scalars.size(), written.scalars.size());
  EXPECT_EQ(read->scalars[3].long_name, written.scalars[3].long_name);
  EXPECT_EQ(read->scalars[3].logarithm, written.scalars[3].logarithm);
  ASSERT_EQ(read->axes.size(), 2u);
  EXPECT_EQ(read->axes[1].high, written.axes[1].high);
  EXPECT_EQ(read->axes[1].parameter, written.axes[1].parameter);
  ASSERT_EQ(read->trunk.size(), written.trunk.size());
  EXPECT_TRUE(read->trunk.back().second.equal(written.trunk.back().second));
  EXPECT_THAT(input_error([&] { write_emulator(path, written); }), HasSubstr("exists"));
}

TEST_F(FitTest, OtherFilesAreNoEmulators) {
  EXPECT_THAT(input_error([] { read_emulator(scan()); }), HasSubstr("it is a sweep file"));
  EXPECT_THAT(input_error([] { read_emulator(directory_->file("none.h5")); }), HasSubstr("no such file"));
}

TEST_F(FitTest, GaussianProcessesAndPerceptronsLearnItToo) {
  const auto data = read_dataset(scan(), no_limit);
  const auto process = fit(data, {0.1, RegressionChoice::gaussian_process});
  EXPECT_EQ(process.emulator->amplitudes->kind(), "gaussian_process");
  EXPECT_LT(process.report.solution.median, 1e-5);
  const auto path = directory_->file("process.h5");
  write_emulator(path, *process.emulator);
  const auto z = data.z.narrow(0, 0, 9);
  EXPECT_TRUE((*read_emulator(path)->amplitudes)(z).equal((*process.emulator->amplitudes)(z)));
}

TEST_F(FitTest, TooFewPointsAreRefused) {
  const auto path = directory_->file("few.h5");
  test::write_scan(path, test::small_job("mixed_order_decay", 12));
  EXPECT_THAT(input_error([&] { fit(read_dataset(path, no_limit), {}); }),
              AllOf(HasSubstr("too few points"), HasSubstr("more samples")));
}

TEST_F(FitTest, WhatAFileLacksIsNamed) {
  const auto refusal = [](const std::string& name, const std::vector<std::string>& overrides) {
    const auto path = directory_->file(name);
    test::write_scan(path, test::small_job("mixed_order_decay", 4, overrides));
    return input_error([&] { read_dataset(path, no_limit); });
  };
  EXPECT_THAT(refusal("no_heads.h5", {"output.store=[solution]"}), HasSubstr("'heads' in output.store"));
  EXPECT_THAT(refusal("no_solution.h5", {"output.store=[heads]"}), HasSubstr("'solution' in output.store"));
  EXPECT_THAT(refusal("sum.h5", {"training.ansatz=sum"}), HasSubstr("ansatz frames"));
  EXPECT_THAT(refusal("plain.h5", {"training.method=plain", "training.adam.steps=1"}),
              HasSubstr("gauss_newton"));
}

TEST_F(FitTest, AScanOfOneValueIsRefused) {
  const auto path = directory_->file("grid.h5");
  test::write_scan(
      path, gluesweep::test::shipped_job(
                "mixed_order_decay",
                {"sweep={sampler: grid, parameters: {k1: {values: [0.1]}, k2: {range: [10, 100], scale: "
                 "log, points: 4}}}"}));
  EXPECT_THAT(input_error([&] { read_dataset(path, no_limit); }),
              AllOf(HasSubstr("k1"), HasSubstr("one value only")));
}

}  // namespace
}  // namespace gluesweep::emulator
