#include "gluesweep/sweep/parameter_space.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "gluesweep/job/error.hpp"

namespace gluesweep::sweep {
namespace {

using job::Sampler;
using job::Scale;
using job::SweptParameter;
using testing::HasSubstr;

SweptParameter range(const std::string& name, double low, double high, Scale scale = Scale::linear,
                     std::int64_t points = 0) {
  SweptParameter parameter;
  parameter.name = name;
  parameter.kind = SweptParameter::Kind::range;
  parameter.low = low;
  parameter.high = high;
  parameter.scale = scale;
  parameter.points = points;
  return parameter;
}

SweptParameter list(const std::string& name, std::vector<double> values) {
  SweptParameter parameter;
  parameter.name = name;
  parameter.kind = SweptParameter::Kind::values;
  parameter.values = std::move(values);
  return parameter;
}

SweptParameter fixed(const std::string& name, double value) {
  SweptParameter parameter;
  parameter.name = name;
  parameter.fixed = value;
  return parameter;
}

/// Problem parameters a, b, c, d; d has the default 4.
job::Job make_job(Sampler sampler, std::int64_t samples, std::vector<SweptParameter> parameters,
                  std::uint64_t seed = 7) {
  job::Job job;
  job.problem.name = "example";
  for (const char* name : {"a", "b", "c", "d"}) {
    job::Parameter parameter;
    parameter.name = name;
    job.problem.parameters.push_back(parameter);
  }
  job.problem.parameters[3].default_value = 4.0;
  job.problem.parameters[3].has_default = true;
  job.sweep.sampler = sampler;
  job.sweep.samples = samples;
  job.sweep.seed = seed;
  job.sweep.parameters = std::move(parameters);
  return job;
}

job::Job make_random_job(Sampler sampler, std::int64_t samples, std::uint64_t seed = 7) {
  // In another order than the problem's; b is fixed.
  return make_job(sampler, samples,
                  {range("c", -1.0, 3.0), fixed("b", 2.5), range("a", 1e-3, 1e5, Scale::log)}, seed);
}

TEST(ParameterSpace, ColumnsAreTheProblemsParameters) {
  const ParameterSpace space(make_random_job(Sampler::sobol, 100));
  EXPECT_EQ(space.size(), 100);
  EXPECT_EQ(space.swept_names(), (std::vector<std::string>{"c", "a"}));
  EXPECT_EQ(space.swept_columns(), (std::vector<std::int64_t>{2, 0}));
  const at::Tensor block = space.block(10, 5);
  EXPECT_EQ(block.sizes(), at::IntArrayRef({5, 4}));
  EXPECT_EQ(block.scalar_type(), at::kDouble);
  EXPECT_TRUE(block.select(1, 1).eq(2.5).all().item<bool>());
  EXPECT_TRUE(block.select(1, 3).eq(4.0).all().item<bool>());
  const at::Tensor swept = space.swept(block);
  EXPECT_TRUE(at::equal(swept.select(1, 0), block.select(1, 2)));
  EXPECT_TRUE(at::equal(swept.select(1, 1), block.select(1, 0)));
}

TEST(ParameterSpace, AParameterWithoutValueIsAnError) {
  try {
    ParameterSpace(make_job(Sampler::sobol, 8, {range("a", 0, 1), range("b", 0, 1)}));
    FAIL();
  } catch (const job::InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the parameter 'c' of problem 'example' has no default"));
    EXPECT_THAT(error.what(), HasSubstr("add sweep.parameters.c"));
  }
}

TEST(ParameterSpace, BlocksOutsideAreRefused) {
  const ParameterSpace space(make_random_job(Sampler::random, 10));
  EXPECT_THROW(space.block(8, 3), std::out_of_range);
  EXPECT_THROW(space.block(-1, 3), std::out_of_range);
  EXPECT_EQ(space.block(8, 2).size(0), 2);
}

class EverySampler : public testing::TestWithParam<Sampler> {};

TEST_P(EverySampler, IsIndependentOfTheBlocks) {
  const ParameterSpace space(make_random_job(GetParam(), 1000));
  const at::Tensor whole = space.block(0, 1000);
  for (const std::int64_t size : {1, 7, 128, 999}) {
    for (std::int64_t first = 0; first < 1000; first += size) {
      const std::int64_t count = std::min<std::int64_t>(size, 1000 - first);
      ASSERT_TRUE(at::equal(space.block(first, count), whole.narrow(0, first, count)));
    }
  }
}

TEST_P(EverySampler, IsReproducibleAndSeedsDiffer) {
  const at::Tensor one = ParameterSpace(make_random_job(GetParam(), 64, 1)).block(0, 64);
  EXPECT_TRUE(at::equal(one, ParameterSpace(make_random_job(GetParam(), 64, 1)).block(0, 64)));
  const at::Tensor two = ParameterSpace(make_random_job(GetParam(), 64, 2)).block(0, 64);
  EXPECT_EQ(one.select(1, 0).eq(two.select(1, 0)).sum().item<std::int64_t>(), 0);
}

TEST_P(EverySampler, StaysStrictlyInside) {
  // Ranges so narrow that rounding reaches their ends.
  const double low = 1.0e10;
  const double high = low + 8 * (std::nextafter(low, 2 * low) - low);
  auto job =
      make_job(GetParam(), 2000, {range("a", low, high), range("b", low, high, Scale::log), fixed("c", 0)});
  const at::Tensor points = ParameterSpace(job).block(0, 2000).narrow(1, 0, 2);
  EXPECT_GT(points.min().item<double>(), low);
  EXPECT_LT(points.max().item<double>(), high);
}

TEST_P(EverySampler, HasTheMomentsOfAUniformDistribution) {
  constexpr std::int64_t samples = 20000;
  const at::Tensor block = ParameterSpace(make_random_job(GetParam(), samples)).block(0, samples);
  const at::Tensor u = (block.select(1, 2) + 1.0) / 4.0;
  const at::Tensor v = (block.select(1, 0).log() - std::log(1e-3)) / std::log(1e8);
  for (const at::Tensor& t : {u, v}) {
    EXPECT_NEAR(t.mean().item<double>(), 0.5, 5 * 0.289 / std::sqrt(samples));
    EXPECT_NEAR((t - 0.5).square().mean().item<double>(), 1.0 / 12.0, 5 * 0.0745 / std::sqrt(samples));
  }
  EXPECT_NEAR(((u - 0.5) * (v - 0.5)).mean().item<double>(), 0.0, 5 * 0.0834 / std::sqrt(samples));
}

INSTANTIATE_TEST_SUITE_P(Random, EverySampler,
                         testing::Values(Sampler::sobol, Sampler::latin_hypercube, Sampler::random));

TEST(LatinHypercube, HasOnePointPerStratum) {
  for (const std::int64_t samples : {1, 2, 10, 1000, 4096}) {
    const at::Tensor block =
        ParameterSpace(make_random_job(Sampler::latin_hypercube, samples)).block(0, samples);
    const at::Tensor u = (block.select(1, 2).contiguous() + 1.0) / 4.0;
    const at::Tensor v = (block.select(1, 0).contiguous().log() - std::log(1e-3)) / std::log(1e8);
    for (const at::Tensor& t : {u, v}) {
      std::set<std::int64_t> strata;
      for (std::int64_t i = 0; i < samples; ++i) {
        strata.insert(static_cast<std::int64_t>(t[i].item<double>() * static_cast<double>(samples)));
      }
      EXPECT_EQ(strata.size(), static_cast<std::size_t>(samples));
    }
  }
}

TEST(Sobol, MoreSamplesContinueTheSweep) {
  const at::Tensor few = ParameterSpace(make_random_job(Sampler::sobol, 100)).block(0, 100);
  const at::Tensor many = ParameterSpace(make_random_job(Sampler::sobol, 5000)).block(0, 100);
  EXPECT_TRUE(at::equal(few, many));
}

TEST(Grid, TheFirstParameterIsSlowest) {
  const ParameterSpace space(make_job(
      Sampler::grid, 0,
      {range("a", 1.0, 100.0, Scale::log, 3), list("b", {5, 6}), range("c", 0.0, 1.0, Scale::linear, 2)}));
  ASSERT_EQ(space.size(), 12);
  const at::Tensor block = space.block(0, 12);
  const double middle = block[4][0].item<double>();
  EXPECT_NEAR(middle, 10.0, 1e-14);
  for (std::int64_t i = 0; i < 12; ++i) {
    EXPECT_EQ(block[i][0].item<double>(),
              (std::vector<double>{1.0, middle, 100.0})[static_cast<std::size_t>(i / 4)]);
    EXPECT_EQ(block[i][1].item<double>(), (i / 2) % 2 == 0 ? 5.0 : 6.0);
    EXPECT_EQ(block[i][2].item<double>(), i % 2 == 0 ? 0.0 : 1.0);
  }
}

TEST(Grid, OnePointIsTheLowerEnd) {
  const ParameterSpace space(
      make_job(Sampler::grid, 0, {range("a", 3.0, 5.0, Scale::linear, 1), fixed("b", 1), fixed("c", 1)}));
  EXPECT_EQ(space.block(0, 1)[0][0].item<double>(), 3.0);
}

TEST(Spread, IsTheBeginningOfASequence) {
  const ParameterSpace space(
      make_job(Sampler::sobol, 100, {range("a", 0, 1), range("b", 0, 1), fixed("c", 3)}));
  EXPECT_TRUE(at::equal(space.spread(8), space.block(0, 8)));
  EXPECT_TRUE(at::equal(space.spread(1000), space.block(0, 100)));
}

TEST(Spread, LeavesNoLargeGapInAGrid) {
  for (const std::int64_t points : {30, 34, 64, 89}) {  // some with a step that has common divisors at first
    const ParameterSpace space(
        make_job(Sampler::grid, 0, {range("a", 0, 1, Scale::linear, points), fixed("b", 2), fixed("c", 3)}));
    const auto some = std::get<0>(space.spread(8).select(1, 0).sort());
    ASSERT_EQ(some.size(0), 8);
    EXPECT_GT(some.diff().min().item<double>(), 0.0) << "a sample twice of " << points;
    EXPECT_LT(some.diff().max().item<double>(), 0.3) << points;
  }
}

TEST(List, GivesItsRows) {
  const ParameterSpace space(
      make_job(Sampler::list, 0, {list("b", {1, 2, 3}), list("a", {7, 8, 9}), fixed("c", -1)}));
  ASSERT_EQ(space.size(), 3);
  EXPECT_TRUE(at::equal(space.block(1, 2),
                        at::tensor({8.0, 2.0, -1.0, 4.0, 9.0, 3.0, -1.0, 4.0}, at::kDouble).view({2, 4})));
}

TEST(List, SpreadPointsAreDifferentOnes) {
  const ParameterSpace space(
      make_job(Sampler::list, 0, {list("b", {1, 2, 3, 4, 5, 6, 7, 8}), fixed("a", 0), fixed("c", -1)}));
  EXPECT_EQ(space.spread(0).size(0), 0) << "a scan whose trunk is not trained asks for none";
  const auto some = space.spread(5);
  ASSERT_EQ(some.size(0), 5);
  EXPECT_EQ(std::get<0>(at::_unique(space.swept(some))).size(0), 5);
}

}  // namespace
}  // namespace gluesweep::sweep
