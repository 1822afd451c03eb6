#include "gluesweep/network/tabulated.hpp"

#include <cmath>

namespace gluesweep::network {
namespace {

using at::Tensor;

constexpr int table_nodes = 10;
constexpr double most_refinement = 4.0;       // times the elements to start from
constexpr double refinement = 1.2;            // a large table costs more than a few trials at the start
constexpr double hopeless = 1.0e-8;           // misfit that so much refinement does not mend
constexpr double neuron_tolerance = 1.0e-13;  // of those that are spread out, 64 elements miss 1e-14
constexpr int checked_places = 5;             // an element, between its nodes
constexpr double first_place = 0.03, apart = 0.235;  // of its width

/// How far polynomials through the neurons at the table's nodes are from the neurons elsewhere.
double misfit(const Trunk& trunk, const Elements& table) {
  const auto& device = table.xi.device();
  const auto start = at::arange(table.count, at::kDouble).to(device) * table.width - 1.0;
  const auto within =
      (at::arange(checked_places, at::kDouble).to(device) * apart + first_place) * table.width;
  const auto places = (start.unsqueeze(1) + within).reshape({1, -1});
  const auto at_nodes = trunk.neurons(table.xi).t().unsqueeze(0);
  const auto wanted = trunk.neurons(places).transpose(1, 2);
  return (table.interpolate(at_nodes, places) - wanted).abs().max().item<double>();
}

std::optional<Elements> table_of(const Trunk& trunk, int elements) {
  const auto device = trunk.arrays().front().second.device();
  for (double finer = 1.0; finer <= most_refinement; finer *= refinement) {
    auto table = Elements(static_cast<int>(std::lround(finer * elements)), table_nodes).to(device);
    const double missed = misfit(trunk, table);
    if (missed <= neuron_tolerance) return table;
    if (!(missed <= hopeless)) break;
  }
  return std::nullopt;
}

}  // namespace

Tabulated::Tabulated(const Trunk& trunk, int elements) : trunk_(trunk), table_(table_of(trunk, elements)) {
  if (table_) features_ = trunk_.features(table_->xi);
}

Tensor Tabulated::prepared(const Tensor& heads) const {
  return table_ ? at::matmul(heads, features_.t()) : heads;
}

Tensor Tabulated::values(const Tensor& prepared, const Tensor& xi) const {
  if (table_) return table_->interpolate(prepared, xi);
  return at::matmul(prepared, trunk_.features(xi).transpose(1, 2));
}

}  // namespace gluesweep::network
