#include "gluesweep/emulator/refine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <functional>

#include "gluesweep/emulator/domain.hpp"
#include "gluesweep/emulator/layout.hpp"
#include "gluesweep/emulator/pod.hpp"
#include "gluesweep/job/error.hpp"
#include "scan.hpp"
#include "small_emulator.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;
using testing::AllOf;
using testing::HasSubstr;

constexpr double any_error = 1.0;

Tensor square_grid(std::int64_t along) {
  const auto line = at::linspace(-1.0, 1.0, along, at::kDouble);
  const auto grid = at::meshgrid({line, line}, "ij");
  return at::stack({grid[0].flatten(), grid[1].flatten()}, 1);
}

Candidates even(const Tensor& z) {
  const auto ones = at::ones({z.size(0)}, at::kDouble);
  return {z, ones, ones.clone()};
}

double least_distance(const Tensor& z) {
  double least = INFINITY;
  for (std::int64_t i = 1; i < z.size(0); ++i) {
    least = std::min(least, nearest_distance(z.narrow(0, i, 1), z.narrow(0, 0, i)).item<double>());
  }
  return least;
}

std::string input_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const job::InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ChoosePlacesTest, FillingPutsPointsFarFromEachOther) {
  const auto z = square_grid(41);
  const auto choice = choose_places(even(z), at::zeros({1, 2}, at::kDouble), 24, 1.0);
  EXPECT_TRUE(choice.fills.all().item<bool>());
  const auto chosen = at::cat({at::zeros({1, 2}, at::kDouble), z.index_select(0, choice.rows)}, 0);
  EXPECT_GE(least_distance(chosen), 0.39);
  EXPECT_LE(nearest_distance(z, chosen).max().item<double>(), 0.5);
}

TEST(ChoosePlacesTest, PointsAreCloserWhereErrorsAreLarger) {
  auto candidates = even(square_grid(101));
  const auto left = candidates.z.select(1, 0) < 0.0;
  candidates.worth = at::where(left, at::full_like(candidates.worth, 256.0), candidates.worth);
  const auto share = [&](double filling) {
    const auto choice = choose_places(candidates, at::zeros({1, 2}, at::kDouble), 100, filling);
    return left.index_select(0, choice.rows).sum().item<double>() / 100.0;
  };
  EXPECT_GT(share(0.0), 0.7) << "twice as close is four times as many";
  EXPECT_LT(share(0.0), 0.9);
  EXPECT_NEAR(share(1.0), 0.5, 0.1);
  EXPECT_GT(share(0.25), share(1.0) + 0.1);
}

TEST(ChoosePlacesTest, AShareFillsGaps) {
  const auto choice = choose_places(even(square_grid(21)), at::zeros({1, 2}, at::kDouble), 20, 0.25);
  EXPECT_EQ(choice.fills.sum().item<std::int64_t>(), 5);
}

TEST(ChoosePlacesTest, NoPointIsPutWhereNoneIsOfUse) {
  auto candidates = even(square_grid(41));
  const auto corner = (candidates.z > 0.5).all(1);
  candidates.chance = at::where(corner, at::zeros_like(candidates.chance), candidates.chance);
  candidates.worth = at::where(corner, at::full_like(candidates.worth, 1e12), candidates.worth);
  const auto choice = choose_places(candidates, at::zeros({1, 2}, at::kDouble), 50, 0.25);
  EXPECT_FALSE(corner.index_select(0, choice.rows).any().item<bool>());
}

TEST(ChoosePlacesTest, NoPlaceIsChosenTwice) {
  auto candidates = even(square_grid(6));
  candidates.chance.narrow(0, 0, 20).zero_();
  const auto rows = choose_places(candidates, candidates.z.narrow(0, 0, 1), 35, 0.25).rows;
  EXPECT_EQ(std::get<0>(at::_unique(rows)).size(0), 35);
  EXPECT_GT(rows.min().item<std::int64_t>(), 0) << "that one is taken";
}

TEST(ChoosePlacesTest, AnglesAreDenseAtTheEnds) {
  const auto angles = as_angles(at::tensor({-1.0, 0.0, std::sqrt(0.5), 1.0}, at::kDouble));
  EXPECT_LT((angles - at::tensor({-1.0, 0.0, 0.5, 1.0}, at::kDouble)).abs().max().item<double>(), 1e-14);
}

class RefineTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new test::TemporaryDirectory("refine-test-" + std::to_string(::getpid()));
    test::write_scan(scan(), job());
    data_ = new Dataset(read_dataset(scan(), any_error));
  }
  static void TearDownTestSuite() {
    delete data_;
    delete directory_;
  }
  static std::string scan() { return directory_->file("decay.h5"); }
  static job::Job job(const std::vector<std::string>& overrides = {}, int samples = 60) {
    return test::small_job("mixed_order_decay", samples, overrides);
  }
  static RefineOptions few(std::int64_t count) {
    RefineOptions options;
    options.count = count;
    options.fits = 2;
    options.fit.regression = RegressionChoice::chebyshev;
    return options;
  }
  static std::string refusal(const job::Job& other) {
    return input_error([&] { refine(*data_, other, few(4)); });
  }
  static std::string list(const std::string& name, const std::string& text) {
    const auto path = directory_->file(name);
    std::ofstream(path) << text;
    return "sweep={sampler: list, file: " + path + "}";
  }

  static test::TemporaryDirectory* directory_;
  static Dataset* data_;
};
test::TemporaryDirectory* RefineTest::directory_ = nullptr;
Dataset* RefineTest::data_ = nullptr;

TEST_F(RefineTest, PointsLieInTheRangesAndApart) {
  const auto refinement = refine(*data_, job(), few(40));
  EXPECT_EQ(refinement.names, (std::vector<std::string>{"k1", "k2"}));
  ASSERT_EQ(refinement.values.sizes(), at::IntArrayRef({40, 2}));
  EXPECT_EQ(refinement.fills.sum().item<std::int64_t>(), 10);
  const auto z = normalised(data_->axes, refinement.values);
  EXPECT_LE(z.abs().max().item<double>(), 1.0);
  const auto angles = as_angles(at::cat({data_->z, z}, 0));
  EXPECT_GT(nearest_distance(angles.narrow(0, 60, 40), angles.narrow(0, 0, 60)).min().item<double>(), 0.05);
  EXPECT_GT(least_distance(angles.narrow(0, 60, 40)), 0.05);
}

TEST_F(RefineTest, TheSeedDecides) {
  const auto once = refine(*data_, job(), few(8));
  EXPECT_TRUE(refine(*data_, job(), few(8)).values.equal(once.values));
  auto other = few(8);
  other.fit.seed = 9;
  EXPECT_FALSE(refine(*data_, job(), other).values.equal(once.values));
}

TEST_F(RefineTest, WiderRangesAreFilledFirst) {
  const auto wider = job({"sweep.parameters.k2.range=[10, 10000]"});
  const auto values = refine(*data_, wider, few(20)).values;
  EXPECT_LE(values.select(1, 1).max().item<double>(), 1e4);
  EXPECT_GE((values.select(1, 1) > 1e3).sum().item<std::int64_t>(), 12);
}

TEST_F(RefineTest, FewPointsGoWherePointsFailed) {
  auto data = *data_;
  const auto corner = (data.z > 0.0).all(1);
  data.left_out = physical(data.axes, data.z.index_select(0, corner.nonzero().squeeze(1)));
  data = points_of(data, (~corner).nonzero().squeeze(1));
  const auto z = normalised(data.axes, refine(data, job(), few(40)).values);
  EXPECT_LE((z > 0.25).all(1).sum().item<std::int64_t>(), 1);
}

TEST_F(RefineTest, OtherJobsAreRefused) {
  auto other = job();
  other.problem.unknowns.front().equation.text = "-k1*A - 2*k2*A**2";
  EXPECT_THAT(refusal(other),
              AllOf(HasSubstr("problem.equations.A"), HasSubstr("give the job that the scan")));
  EXPECT_THAT(
      refusal(job({"sweep={sampler: sobol, samples: 4, parameters: {k1: {range: [0.1, 1], scale: log}}}"})),
      AllOf(HasSubstr("parameters that vary"), HasSubstr("k1, k2 and k1")));
  EXPECT_THAT(refusal(job({list("points.csv", "k1,k2\n0.1,100\n0.2,200\n")}, 2)),
              AllOf(HasSubstr("k1 has values there, no range"), HasSubstr("sweep.parameters.k1")));
  EXPECT_THAT(refusal(gluesweep::test::shipped_job("freeze_out", {})), HasSubstr("another problem"));
}

TEST_F(RefineTest, TooFewPointsAreRefused) {
  const auto path = directory_->file("few.h5");
  test::write_scan(path, job({}, 12));
  EXPECT_THAT(input_error([&] { refine(read_dataset(path, any_error), job(), few(4)); }),
              HasSubstr("too few points"));
}

TEST_F(RefineTest, SeveralFilesAreOneDataSet) {
  const auto more = directory_->file("more.h5");
  test::write_scan(more, job({list("more.csv", "k2,k1\n50,0.2\n100,0.3\n2000,0.04\n")}, 3));
  const auto joint = read_datasets({scan(), more}, any_error);
  EXPECT_EQ(joint.size(), 63);
  EXPECT_EQ(joint.in_file, 63);
  EXPECT_EQ(joint.state.size(1), 63);
  ASSERT_EQ(joint.axes.size(), 2u);
  EXPECT_EQ(joint.axes[1].name, "k2");
  EXPECT_EQ(joint.axes[1].low, 10.0);
  EXPECT_EQ(joint.axes[1].high, 2000.0) << "holds the points of both";
  EXPECT_EQ(joint.axes[1].scale, job::Scale::log);
  const auto values = physical(joint.axes, joint.z.narrow(0, 60, 3));
  const auto expected = at::tensor({0.2, 50.0, 0.3, 100.0, 0.04, 2000.0}, at::kDouble).view({3, 2});
  EXPECT_LT((values / expected - 1.0).abs().max().item<double>(), 1e-13);
}

// A trunk is drawn or trained anew by every scan, so that equal functions have other heads.
TEST_F(RefineTest, FilesWithOtherTrunksAreOneDataSet) {
  const auto more = directory_->file("other_trunk.h5");
  test::write_scan(more, job({"network.features=112", "network.seed=5", "sweep.seed=3"}, 20));
  const auto joint = read_datasets({scan(), more}, any_error);
  ASSERT_EQ(joint.trunks.size(), 4u);
  EXPECT_EQ(joint.head.size(1), joint.trunks.back().size()) << "padded to the largest";
  EXPECT_TRUE(joint.trunk.narrow(0, 60, 20).eq(2).all().item<bool>());
  const auto alone = read_dataset(more, any_error);
  const auto layout = [](const Dataset& data) {
    return test::nearest(data.z, packed_layout(data.map, data.scale, layout_logarithms(layout_shape(data))));
  };
  const auto own = reproject(alone, *layout(alone)), carried = reproject(joint, *layout(joint));
  EXPECT_LT(own.missed.max().item<double>(), 1e-9);
  EXPECT_LT(carried.missed.max().item<double>(), 1e-6);
  const auto curves = [](const Dataset& data, const at::Tensor& heads) {
    const auto xi = at::linspace(-1.0, 1.0, 33, at::kDouble);
    const auto& trunk = data.trunks.front();
    return at::matmul(trunk.features(xi), heads.view({heads.size(0), trunk.size(), -1}));
  };
  const auto expected = curves(alone, own.heads), found = curves(joint, carried.heads.narrow(0, 60, 20));
  EXPECT_LT(gluesweep::test::distance(found, expected), 1e-6);
}

TEST_F(RefineTest, FilesThatDoNotFitTogetherAreRefused) {
  const auto refused = [&](const std::string& name, const std::vector<std::string>& overrides) {
    const auto path = directory_->file(name);
    test::write_scan(path, job(overrides, 4));
    return input_error([&] { read_datasets({scan(), path}, any_error); });
  };
  EXPECT_THAT(refused("places.h5", {"output.points=32"}), HasSubstr("output points differ"));
  EXPECT_THAT(refused("variable.h5", {"problem.variable.range=[1.0e-4, 50]"}),
              AllOf(HasSubstr("different problems"), HasSubstr("problem.variable.range")));
}

}  // namespace
}  // namespace gluesweep::emulator
