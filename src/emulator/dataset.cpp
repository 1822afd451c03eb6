#include "gluesweep/emulator/dataset.hpp"

#include <algorithm>
#include <cmath>

#include "gluesweep/job/error.hpp"
#include "gluesweep/job/reader.hpp"
#include "gluesweep/output/layout.hpp"
#include "gluesweep/output/sweep_reader.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr double wide_range = 30.0;  // listed values over more than this are taken for logarithmic
constexpr std::int64_t rows_at_a_time = 1024;

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
  throw job::InputError(path + ": no emulator can be made of this file: " + reason);
}

void check_method(const std::string& path, const job::Job& job) {
  using Method = job::Training::Method;
  if (job.training.method != Method::gauss_newton) {
    refuse(path,
           "its method does not give all points one trunk, whose heads an emulator learns; run the scan with "
           "training.method gauss_newton");
  }
  if (job.training.ansatz != job::Training::Ansatz::frames) {
    refuse(path, "an emulator needs the ansatz frames, not sum; run the scan with training.ansatz frames");
  }
  if (!job.output.heads) {
    refuse(path, "it does not hold the heads; run the scan with 'heads' in output.store");
  }
  if (!job.output.solution) {
    refuse(path,
           "it does not hold the solution, which held-out errors are measured against; run the scan with "
           "'solution' in output.store");
  }
}

const job::SweptParameter& swept_parameter(const job::Job& job, const std::string& name) {
  for (const auto& swept : job.sweep.parameters) {
    if (swept.name == name) return swept;
  }
  throw job::InputError("the parameter " + name + " has a column in the file, but no place in its job");
}

int place_of(const job::Job& job, const std::string& name) {
  for (std::size_t i = 0; i < job.problem.parameters.size(); ++i) {
    if (job.problem.parameters[i].name == name) return static_cast<int>(i);
  }
  throw job::InputError("the parameter " + name + " has a column in the file, but its problem has no such");
}

/// Of a parameter with the values (N).
Axis axis_of(const std::string& path, const job::Job& job, const std::string& name, const Tensor& values) {
  const auto& swept = swept_parameter(job, name);
  if (swept.kind == job::SweptParameter::Kind::range) {
    return {name, swept.scale, swept.low, swept.high, place_of(job, name)};
  }
  const double low = values.min().item<double>(), high = values.max().item<double>();
  if (low == high) {
    refuse(path,
           "its parameter " + name +
               " takes one value only, so that nothing can be learned about it; give the parameter as a "
               "plain number in the job, which fixes it");
  }
  const bool logarithmic = low > 0.0 && high / low > wide_range;
  return {name, logarithmic ? job::Scale::log : job::Scale::linear, low, high, place_of(job, name)};
}

/// Rows of a variable at increasing places (K).
Tensor rows_at(const output::SweepReader& reader, const std::string& variable, const Tensor& places) {
  std::vector<Tensor> pieces;
  const auto chosen = places.accessor<std::int64_t, 1>();
  for (std::int64_t i = 0; i < places.size(0);) {
    const auto first = chosen[i];
    auto end = i;
    while (end < places.size(0) && chosen[end] < first + rows_at_a_time) ++end;
    const auto count = chosen[end - 1] - first + 1;
    pieces.push_back(reader.rows(variable, first, count).index_select(0, places.slice(0, i, end) - first));
    i = end;
  }
  return at::cat(pieces, 0);
}

Tensor evenly_chosen(const Tensor& all) {
  if (all.size(0) <= most_points) return all;
  const auto even = at::linspace(0.0, static_cast<double>(all.size(0) - 1), most_points, at::kDouble);
  return all.index_select(0, even.round().to(at::kLong));
}

/// Which samples take part and which were trained to no avail: their numbers in the file.
struct Chosen {
  Tensor good, bad;
};
Chosen choose(const output::SweepReader& reader, double max_error, Dataset& data) {
  std::vector<Tensor> chosen, useless;
  data.in_file = reader.samples();
  for (std::int64_t first = 0; first < data.in_file; first += output::rows_per_read) {
    const auto count = std::min(output::rows_per_read, data.in_file - first);
    const auto status = reader.column("status", first, count, at::kByte);
    const auto converged = status == static_cast<std::int64_t>(training::Status::converged);
    const auto pending = status == static_cast<std::int64_t>(training::Status::pending);
    const auto error = reader.column("error_estimate", first, count);
    const auto good = converged & ~(error > max_error);  // an estimate that was not asked for is no reason
    data.not_converged += (~converged).sum().item<std::int64_t>();
    data.above_max_error += (converged & ~good).sum().item<std::int64_t>();
    chosen.push_back(good.nonzero().squeeze(1) + first);
    useless.push_back((~good & ~pending).nonzero().squeeze(1) + first);
  }
  const auto all = at::cat(chosen, 0);
  data.beyond_most = std::max<std::int64_t>(0, all.size(0) - most_points);
  return {evenly_chosen(all), evenly_chosen(at::cat(useless, 0))};
}

/// The scan's parameters with those it varies in the axes' columns.
Tensor all_parameters(const job::Job& job, const std::vector<Axis>& axes, const Tensor& values) {
  std::vector<Tensor> columns;
  for (const auto& parameter : job.problem.parameters) {
    double value = parameter.default_value;
    for (const auto& swept : job.sweep.parameters) {
      const bool fixed = swept.kind == job::SweptParameter::Kind::fixed;
      if (swept.name == parameter.name && fixed) value = swept.fixed;
    }
    columns.push_back(at::full({values.size(0)}, value, values.options()));
  }
  for (std::size_t j = 0; j < axes.size(); ++j) {
    columns[static_cast<std::size_t>(axes[j].parameter)] = values.select(1, static_cast<std::int64_t>(j));
  }
  return at::stack(columns, 1);
}

std::vector<std::string> scalar_names(const job::Problem& problem) {
  std::vector<std::string> names;
  for (const auto& patch : problem.patches) {
    for (const auto& constant : patch.constants) names.push_back(patch.name + "_" + constant.name + "_limit");
  }
  for (std::size_t p = 0; p + 1 < problem.patches.size(); ++p) {
    names.push_back("crossover_" + problem.patches[p].name + "_" + problem.patches[p + 1].name);
  }
  for (const auto& derived : problem.derived) names.push_back(derived.name);
  return names;
}

/// An emulator's layout is smoother than the points' own, which stretches their functions beyond what a
/// trained trunk knows: freeze_out's emulator would be 40 times worse. One drawn layer knows all alike.
bool needs_drawn_trunk(const job::Network& network) {
  return network.train.points > 0 && network.layers == 1 &&
         network.activation == job::Network::Activation::tanh;
}

/// The emulator's, then those of the first attempt and of the rescue.
void read_trunks(const std::string& path, const output::SweepReader& reader, Dataset& data) {
  const auto& network = data.job.network;
  if (needs_drawn_trunk(network)) {
    data.trunks.emplace_back(network.drawn(), network::Elements(network.elements, network.nodes));
  }
  for (const auto* prefix : {"trunk_", "rescue_trunk_"}) {
    const auto trunk = reader.trunk(network, prefix);
    if (!trunk) refuse(path, "its points share no hidden layers");
    data.trunks.push_back(*trunk);
  }
}

/// Of no places as well.
Tensor column_at(const output::SweepReader& reader, const std::string& variable, const Tensor& places) {
  return places.size(0) == 0 ? at::empty({0}, at::kDouble) : rows_at(reader, variable, places);
}

void read_points(const std::string& path, const output::SweepReader& reader, const Chosen& samples,
                 Dataset& data) {
  const auto& chosen = samples.good;
  std::vector<Tensor> swept, left_out;
  for (const auto& name : reader.swept_names()) {
    swept.push_back(rows_at(reader, name, chosen));
    left_out.push_back(column_at(reader, name, samples.bad));
    data.axes.push_back(axis_of(path, data.job, name, swept.back()));
  }
  const auto values = at::stack(swept, 1);
  data.z = normalised(data.axes, values);
  data.parameters = all_parameters(data.job, data.axes, values);
  data.left_out = at::stack(left_out, 1);
  data.sample = rows_at(reader, "sample", chosen).to(at::kLong);
  data.head = rows_at(reader, "network/head", chosen);
  data.map = rows_at(reader, "network/map", chosen);
  data.scale = rows_at(reader, "network/scale", chosen);
  const auto rescued = rows_at(reader, "rescue", chosen) > 0.0;
  data.trunk = static_cast<std::int64_t>(data.trunks.size()) - 2 + rescued.to(at::kLong);
  data.t = reader.values(data.job.problem.variable.symbol);
  std::vector<Tensor> state;
  for (const auto& name : data.job.problem.state_names()) state.push_back(rows_at(reader, name, chosen));
  data.state = at::stack(state, 0);
}

void read_scalars(const output::SweepReader& reader, const Tensor& chosen, Dataset& data) {
  std::vector<Tensor> columns;
  for (const auto& name : scalar_names(data.job.problem)) {
    if (!reader.has(name)) continue;
    data.scalars.push_back({name, reader.unit(name), reader.long_name(name)});
    columns.push_back(rows_at(reader, name, chosen));
  }
  data.numbers = at::stack(columns, 1);
}

}  // namespace

Dataset points_of(Dataset data, const Tensor& rows) {
  for (auto* values : {&data.sample, &data.z, &data.parameters, &data.head, &data.map, &data.scale,
                       &data.trunk, &data.numbers}) {
    *values = values->index_select(0, rows);
  }
  data.state = data.state.index_select(1, rows);
  return data;
}

Dataset read_dataset(const std::string& path, double max_error) {
  const output::SweepReader reader(path);
  Dataset data;
  data.job_text = reader.text("job");
  data.job = job::parse_resolved(data.job_text, {}, path + ", attribute job");
  data.job_hash = reader.text("job_hash");
  data.source = reader.text("source");
  data.git_commit = reader.text("git_commit");
  check_method(path, data.job);
  if (reader.swept_names().empty()) refuse(path, "its scan varies no parameter");
  const auto chosen = choose(reader, max_error, data);
  if (chosen.good.size(0) == 0) {
    refuse(path, "none of its " + std::to_string(data.in_file) + " points is converged" +
                     (data.above_max_error > 0 ? " with an error estimate below --max-error" : "") +
                     "; see 'gluesweep show' for their statuses and errors, or give a larger --max-error");
  }
  read_trunks(path, reader, data);
  read_points(path, reader, chosen, data);
  read_scalars(reader, chosen.good, data);
  return data;
}

}  // namespace gluesweep::emulator
