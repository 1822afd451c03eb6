#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gluesweep/training/trainer.hpp"
#include "jobs.hpp"
#include "reference_table.hpp"

namespace gluesweep::test {

using at::Tensor;

/// A shipped problem and what is asked of it.
struct Shipped {
  std::string name;
  std::size_t parameters;  ///< swept ones: the first columns of the reference table
  double required;         ///< what the problem set asks of the true error
  double regression;       ///< some ten times what was measured
};

inline const std::vector<Shipped>& shipped() {
  static const std::vector<Shipped> all{
      {"mixed_order_decay", 2, 1e-6, 2e-8}, {"michaelis_menten", 2, 1e-6, 2e-7},
      {"robertson", 2, 1e-6, 2e-8},         {"friedmann_background", 2, 1e-6, 2e-9},
      {"meszaros_growth", 1, 1e-6, 5e-10},  {"misaligned_scalar", 1, 1e-5, 1e-8},
      {"tensor_modes", 1, 1e-5, 3e-8},      {"freeze_out", 1, 1e-6, 1e-7},
      {"boundary_layer", 1, 1e-6, 1e-9}};
  return all;
}

/// Trains points, which are the trunk's pilots as well.
inline training::BlockResult train(const job::Job& job, const Tensor& parameters) {
  training::Trainer trainer(job, at::kCPU);
  trainer.train_trunk(parameters);
  return trainer.train(parameters);
}

/// A shipped job at the places of its reference table.
inline job::Job job_at(const std::string& name, const ReferenceTable& table,
                       const std::vector<std::string>& overrides = {}) {
  auto job = default_job(name, overrides);
  job.output.values = table.places;
  return job;
}

/// Every parameter of the problem at the table's points: swept columns, defaults for the others.
inline Tensor parameters_of(const job::Problem& problem, const ReferenceTable& table) {
  std::vector<Tensor> columns;
  for (const auto& parameter : problem.parameters) {
    const auto swept = std::find(table.names.begin(), table.names.end(), parameter.name);
    columns.push_back(swept == table.names.end()
                          ? at::full({table.parameters.size(0)}, parameter.default_value, at::kDouble)
                          : table.parameters.select(1, swept - table.names.begin()));
  }
  return at::stack(columns, 1);
}

/// Largest |u - u_ref| over the problem's scale, (B).
inline Tensor error_of(const job::Job& job, const ReferenceTable& table, const Tensor& parameters,
                       const Tensor& unknowns, const problem::Tensors& references) {
  const problem::System system(job.problem);
  const auto t = row(table.places).expand({parameters.size(0), -1});
  problem::Tensors state;
  for (const auto& name : job.problem.state_names()) {
    const auto column = table.values.find(name);
    state.push_back(column == table.values.end() ? at::full_like(t, NAN) : column->second);
  }
  const auto scale = system.magnitudes(t, columns_of(parameters), state);
  Tensor worst = at::zeros({parameters.size(0)}, at::kDouble);
  for (std::size_t u = 0; u < references.size(); ++u) {
    const auto difference = (unknowns[static_cast<std::int64_t>(u)] - references[u]).abs();
    const auto relative = at::where(difference == 0.0, difference, difference / scale[u]);
    worst = at::maximum(worst, relative.amax(1));
  }
  return worst;
}

/// Worst true error of the first attempt, on a drawn trunk, over the reference points of a problem; the table
/// is its own.
inline double worst_error(const Shipped& problem, const ReferenceTable& table, int features, int elements) {
  const auto job =
      job_at(problem.name, table,
             {"network.trunk.train=none", "network.features=" + std::to_string(features),
              "network.elements=" + std::to_string(elements), "training={tolerance: 1e-9, rescue: false}"});
  const auto parameters = parameters_of(job.problem, table);
  const auto block = training::Trainer(job, at::kCPU).train(parameters);
  const problem::System system(job.problem);
  std::vector<at::Tensor> unknowns;
  problem::Tensors references;
  for (int u = 0; u < system.unknowns(); ++u) {
    unknowns.push_back(block.solution[system.component(u)]);
    references.push_back(table.values.at(job.problem.unknowns[static_cast<std::size_t>(u)].name));
  }
  return error_of(job, table, parameters, at::stack(unknowns, 0), references).max().item<double>();
}

}  // namespace gluesweep::test
