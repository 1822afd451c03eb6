#include "../../../src/training/normal_equations.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "../../support/jobs.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

constexpr std::int64_t points = 3, constants = 2, features = 5, size = constants * features, glue_rows = 4;

struct Example {
  NormalEquations equations;
  Tensor jacobian;  // (B, rows, P K): all rows written out
  Tensor residual;  // (B, rows)
};

/// Random rows: enough own rows in each patch that its block is well conditioned.
Example random_example(std::int64_t patches) {
  auto generator = at::detail::createCPUGenerator(17);
  const auto random = [&generator](at::IntArrayRef shape) {
    return at::randn(shape, generator, at::kDouble);
  };
  Example example;
  std::vector<Tensor> jacobians, residuals;
  const auto embedded = [&](const Tensor& rows, std::int64_t patch) {
    Tensor wide = at::zeros({points, rows.size(1), patches * size}, at::kDouble);
    wide.narrow(2, patch * size, size).copy_(rows);
    return wide;
  };
  for (std::int64_t p = 0; p < patches; ++p) {
    const auto rows = random({points, 2 * size, size}) * (p == 1 ? 30.0 : 1.0);  // patches differ in scale
    const auto residual = random({points, 2 * size});
    example.equations.matrix.push_back(at::bmm(rows.transpose(1, 2), rows));
    example.equations.gradient.push_back(at::bmm(rows.transpose(1, 2), residual.unsqueeze(2)).squeeze(2));
    jacobians.push_back(embedded(rows, p));
    residuals.push_back(residual);
  }
  for (std::int64_t p = 0; p + 1 < patches; ++p) {
    const GlueRows glue{random({points, glue_rows}), 10.0 * random({points, glue_rows, size}),
                        10.0 * random({points, glue_rows, size})};
    jacobians.push_back(embedded(glue.left, p) - embedded(glue.right, p + 1));
    residuals.push_back(glue.residual);
    example.equations.glue.push_back(glue);
  }
  example.jacobian = at::cat(jacobians, 1);
  example.residual = at::cat(residuals, 1);
  return example;
}

Tensor dense_step(const Example& example, const Tensor& diagonal) {
  const auto transposed = example.jacobian.transpose(1, 2);
  const auto matrix = at::bmm(transposed, example.jacobian) + diagonal.diag_embed();
  const auto gradient = at::bmm(transposed, example.residual.unsqueeze(2));
  return -at::linalg_solve(matrix, gradient).squeeze(2);
}

class Patches : public testing::TestWithParam<int> {};

TEST_P(Patches, UndampedStepIsTheDenseLeastSquaresSolution) {
  const auto example = random_example(GetParam());
  const auto step = example.equations.solve(at::zeros({points}, at::kDouble), constants);
  EXPECT_TRUE(step.solved.all().item<bool>());
  ASSERT_EQ(step.change.size(), static_cast<std::size_t>(GetParam()));
  const auto expected = dense_step(example, at::zeros({points, GetParam() * size}, at::kDouble));
  EXPECT_LT(test::distance(at::cat(step.change, 1), expected), 1e-10 * test::largest(expected));
}

/// The damping that block elimination adds: a share of the mean diagonal, per constant, of what is left of a
/// patch's block once the patches before it are eliminated.
TEST_P(Patches, DampedStepIsTheDenseOneWithThatDiagonal) {
  const auto example = random_example(GetParam());
  const auto damping = at::tensor({1e-3, 0.5, 20.0}, at::kDouble);
  const auto whole = at::bmm(example.jacobian.transpose(1, 2), example.jacobian);
  std::vector<Tensor> diagonals;
  Tensor eliminated;  // inverse of the damped block before
  for (std::int64_t p = 0; p < GetParam(); ++p) {
    auto block = whole.slice(1, p * size, (p + 1) * size).slice(2, p * size, (p + 1) * size).clone();
    if (p > 0) {
      const auto below = whole.slice(1, p * size, (p + 1) * size).slice(2, (p - 1) * size, p * size);
      block = block - at::bmm(below, at::bmm(eliminated, below.transpose(1, 2)));
    }
    const auto mean = block.diagonal(0, 1, 2).unflatten(1, {constants, features}).mean(2, true);
    const auto added = (damping.view({-1, 1, 1}) * mean).expand({points, constants, features}).flatten(1);
    diagonals.push_back(added);
    eliminated = at::linalg_inv(block + added.diag_embed());
  }
  const auto expected = dense_step(example, at::cat(diagonals, 1));
  const auto step = example.equations.solve(damping, constants);
  EXPECT_TRUE(step.solved.all().item<bool>());
  EXPECT_LT(test::distance(at::cat(step.change, 1), expected), 1e-10 * test::largest(expected));
}

TEST_P(Patches, StrongDampingShortensTheStepAndDescends) {
  const auto example = random_example(GetParam());
  const auto long_step =
      at::cat(example.equations.solve(at::full({points}, 1e-8, at::kDouble), constants).change, 1);
  const auto short_step =
      at::cat(example.equations.solve(at::full({points}, 1e6, at::kDouble), constants).change, 1);
  const auto gradient = at::bmm(example.jacobian.transpose(1, 2), example.residual.unsqueeze(2)).squeeze(2);
  EXPECT_TRUE((short_step.norm(2, 1) < 1e-3 * long_step.norm(2, 1)).all().item<bool>());
  EXPECT_TRUE(((short_step * gradient).sum(1) < 0.0).all().item<bool>());
}

TEST_P(Patches, APointThatCannotBeSolvedLeavesTheOthersAlone) {
  auto example = random_example(GetParam());
  const auto good = example.equations.solve(at::zeros({points}, at::kDouble), constants);
  example.equations.matrix.back()[1].fill_(NAN);
  const auto step = example.equations.solve(at::zeros({points}, at::kDouble), constants);
  EXPECT_FALSE(step.solved[1].item<bool>());
  for (const std::int64_t point : {0, 2}) {
    EXPECT_TRUE(step.solved[point].item<bool>());
    for (std::size_t p = 0; p < step.change.size(); ++p) {
      EXPECT_TRUE(at::equal(step.change[p][point], good.change[p][point]));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, Patches, testing::Values(1, 2, 3));

TEST(NormalEquations, RefusesAnIndefiniteBlock) {
  auto example = random_example(1);
  example.equations.matrix[0][0].neg_();
  const auto step = example.equations.solve(at::zeros({points}, at::kDouble), constants);
  EXPECT_FALSE(step.solved[0].item<bool>());
  EXPECT_TRUE(step.solved[1].item<bool>());
}

}  // namespace
}  // namespace gluesweep::training
