#include "gluesweep/emulator/tables.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "../../support/jobs.hpp"

namespace gluesweep::emulator {
namespace {

/// The polynomials of one row at places of one patch, (n, m), by their definition.
at::Tensor evaluated(const Tables& tables, std::int64_t row, std::int64_t patch, std::int64_t n,
                     const at::Tensor& xi) {
  const auto elements = tables.elements(patch);
  const auto table = tables.rows()[row]
                         .narrow(0, tables.offset(patch), elements * n * Tables::terms)
                         .view({elements, n, Tables::terms});
  at::Tensor values = at::empty({n, xi.size(0)}, at::kDouble);
  for (std::int64_t i = 0; i < xi.size(0); ++i) {
    const double place = 0.5 * (xi[i].item<double>() + 1.0) * static_cast<double>(elements);
    const auto element = std::min(static_cast<std::int64_t>(place), elements - 1);
    const double u = 2.0 * (place - static_cast<double>(element)) - 1.0;
    const auto powers =
        at::pow(at::full({Tables::terms}, u, at::kDouble), at::arange(Tables::terms, at::kDouble));
    values.select(1, i).copy_(at::matmul(table[element], powers));
  }
  return values;
}

class TablesOfATrunk : public testing::Test {
 protected:
  TablesOfATrunk() {
    network.features = 48;
    network.elements = 24;
    trunk.emplace(network, network::Elements(network.elements, network.nodes));
    at::manual_seed(3);
    // Later features are finer, and matter less.
    const auto decay = at::pow(0.6, at::arange(trunk->size(), at::kDouble)).unsqueeze(1);
    heads = (at::randn({3, trunk->size(), constants}, at::kDouble) * decay).flatten(1);
  }

  static constexpr std::int64_t patches = 2, n = 2, constants = 4;
  job::Network network;
  std::optional<network::Trunk> trunk;
  at::Tensor heads;
};

TEST_F(TablesOfATrunk, GiveTheNetworks) {
  const Tables tables(*trunk, heads, at::ones({3}, at::kDouble), patches, constants, 1e-10);
  const auto xi = at::linspace(-1.0, 1.0, 137, at::kDouble);
  const auto networks = at::matmul(trunk->features(xi), heads.view({3, trunk->size(), constants}));
  for (std::int64_t row = 0; row < 3; ++row) {
    for (std::int64_t p = 0; p < patches; ++p) {
      const auto expected = networks[row].narrow(1, p * n, n).t();
      EXPECT_LT(gluesweep::test::distance(evaluated(tables, row, p, n, xi), expected), 1e-9);
    }
  }
  EXPECT_LE(tables.error(), 1e-10);
}

TEST_F(TablesOfATrunk, AreAsFineAsTheToleranceAsks) {
  const auto ones = at::ones({3}, at::kDouble);
  const Tables fine(*trunk, heads, ones, patches, constants, 1e-10);
  const Tables coarse(*trunk, heads, ones, patches, constants, 1e-4);
  EXPECT_LT(coarse.elements(0), fine.elements(0));
  EXPECT_GT(coarse.error(), fine.error());
  EXPECT_LE(coarse.error(), 1e-4);
  // Rows that matter little may be coarse.
  const Tables small(*trunk, heads, 1e-6 * ones, patches, constants, 1e-10);
  EXPECT_EQ(small.elements(0), coarse.elements(0));
}

}  // namespace
}  // namespace gluesweep::emulator
