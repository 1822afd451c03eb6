#include "gluesweep/emulator/torchscript.hpp"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/serialization/import.h>

#include <filesystem>

#include "../../support/shipped_problems.hpp"
#include "gluesweep/emulator/evaluator.hpp"
#include "gluesweep/job/error.hpp"
#include "small_emulator.hpp"

namespace gluesweep::emulator {
namespace {

using namespace gluesweep::emulator::test;

/// The module as it comes back from a file.
torch::jit::Module stored(const Emulator& emulator) {
  const std::string path = testing::TempDir() + "gluesweep_module_" + std::to_string(::getpid()) + ".pt";
  write_torchscript(path, emulator);
  auto module = torch::jit::load(path);
  std::filesystem::remove(path);
  return module;
}

class NineModules : public testing::TestWithParam<gluesweep::test::Shipped> {};

TEST_P(NineModules, AgreeWithTheEvaluator) {
  const auto scan = small_scan(GetParam().name, 24, cubic);
  const Evaluator evaluator(scan.emulator);
  auto module = stored(*scan.emulator);
  const auto theta = scan.theta.slice(0, 0, 8);
  const auto t = scan.places();
  const auto expected = evaluator.exact_solution(theta, t);
  EXPECT_LE(error_of(scan, theta, t, module.forward({theta, t}).toTensor(), expected), 1e-10);
  const auto scalars = module.get_method("scalars")({theta}).toTensor();
  EXPECT_LT(gluesweep::test::relative_distance(scalars, evaluator.scalars(theta)), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Problems, NineModules, testing::ValuesIn(gluesweep::test::shipped()),
                         [](const auto& problem) { return problem.param.name; });

class ModulesOfTrunks : public testing::TestWithParam<std::string> {};

TEST_P(ModulesOfTrunks, AgreeWithTheEvaluator) {
  const auto scan = small_scan("mixed_order_decay", 24, cubic,
                               {"network.features=48", "training.tolerance=0.1", "training.rescue=false",
                                "network.trunk={" + GetParam() + "}"});
  const Evaluator evaluator(scan.emulator);
  auto module = stored(*scan.emulator);
  const auto theta = scan.theta.slice(0, 0, 8);
  const auto t = scan.places();
  const auto expected = evaluator.exact_solution(theta, t);
  EXPECT_LE(error_of(scan, theta, t, module.forward({theta, t}).toTensor(), expected), 1e-10);
}

INSTANTIATE_TEST_SUITE_P(All, ModulesOfTrunks,
                         testing::Values("layers: 3, activation: sin, init: critical",
                                         "layers: 3, activation: silu, skip: residual",
                                         "layers: 2, activation: gelu, width: 64, skip: residual",
                                         "layers: 4, activation: erf, init: {sigma_w: 1.2, sigma_b: 0.1}",
                                         "activation: selu"),
                         [](const auto& trunk) { return "number_" + std::to_string(trunk.index); });

class Module : public testing::Test {
 protected:
  const SmallScan scan = small_scan("mixed_order_decay", 40, cubic);
};

TEST_F(Module, GradientsAreThoseOfTheEvaluator) {
  const Evaluator evaluator(scan.emulator);
  auto module = stored(*scan.emulator);
  const auto slopes = [](const std::function<at::Tensor(const at::Tensor&, const at::Tensor&)>& solution,
                         const at::Tensor& theta_at, const at::Tensor& t_at) {
    const auto theta = theta_at.clone().set_requires_grad(true), t = t_at.clone().set_requires_grad(true);
    return torch::autograd::grad({solution(theta, t).log().sum()}, {theta, t});
  };
  const auto theta = scan.theta.slice(0, 0, 8), t = at::logspace(-3.0, 1.5, 9, 10.0, at::kDouble);
  const auto found = slopes(
      [&](const auto& a, const auto& b) {
        return module.forward({a, b}).toTensor();
      },
      theta, t);
  const auto expected =
      slopes([&](const auto& a, const auto& b) { return evaluator.exact_solution(a, b); }, theta, t);
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_LT(gluesweep::test::relative_distance(found[i], expected[i]), 1e-9);
}

TEST_F(Module, IsUndefinedOutsideTheDomains) {
  auto module = stored(*scan.emulator);
  const auto theta = at::tensor({0.1, 100.0, 0.1, 2000.0, -1.0, 100.0}, at::kDouble).view({3, 2});
  const auto t = at::tensor({0.5e-4, 1.0e-4, 1.0e2, 1.1e2, -1.0}, at::kDouble);
  const auto values = module.forward({theta, t}).toTensor();
  const Evaluator evaluator(scan.emulator);
  EXPECT_TRUE(at::equal(values.isnan(), evaluator.solution(theta, t).isnan()));
  EXPECT_TRUE(values[0][1].isfinite().all().item<bool>());
  EXPECT_TRUE(at::equal(module.get_method("inside")({theta}).toTensor(), evaluator.inside(theta)));
}

TEST_F(Module, CarriesItsNames) {
  const auto module = stored(*scan.emulator);
  EXPECT_EQ(module.attr("axes").toListRef()[1].toStringRef(), "k2");
  EXPECT_EQ(module.attr("unknowns").toListRef()[0].toStringRef(), "A");
  EXPECT_EQ(module.attr("variable").toStringRef(), "t");
  EXPECT_EQ(module.attr("scalar_names").toListRef().size(), scan.emulator->scalars.size());
}

TEST_F(Module, AFileThatCannotBeWrittenIsBadInput) {
  EXPECT_THROW(write_torchscript("/nonexistent/module.pt", *scan.emulator), job::InputError);
}

}  // namespace
}  // namespace gluesweep::emulator
