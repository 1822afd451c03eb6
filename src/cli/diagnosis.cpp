#include "diagnosis.hpp"

#include <H5Fpublic.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "gluesweep/emulator/emulator_file.hpp"
#include "gluesweep/job/error.hpp"
#include "gluesweep/job/reader.hpp"
#include "gluesweep/output/hdf5.hpp"
#include "gluesweep/output/sweep_reader.hpp"
#include "gluesweep/sweep/parameter_space.hpp"
#include "gluesweep/training/result.hpp"
#include "gluesweep/training/trainer.hpp"

namespace gluesweep::cli {
namespace {

using at::Tensor;
using network::Couplings;

constexpr std::int64_t most_functions = 64;  // points of a file whose coefficients are fitted
constexpr int flow_steps = 4;

// Places in pairs around 0.
const std::vector<double> separations{0.02, 0.1, 0.5, 1.5};

Couplings configured(const job::Network& network) {
  const auto square = [](double x) { return x * x; };
  using Law = job::Network::Init::Law;
  switch (network.init.law) {
    case Law::uniform: return {1.0, 1.0 / 3.0};
    case Law::gaussian: return {square(network.init.sigma_w), square(network.init.sigma_b)};
    case Law::critical: break;
  }
  const auto critical = network::critical_point(network.activation, network.init.sigma_b);
  return {square(critical.sigma_w), square(network.init.sigma_b)};
}

/// Of a trunk's own weights, on average over its layers.
Couplings couplings_of(const network::Trunk& trunk, const job::Network& network) {
  if (trunk.layers() == 1) return configured(network);
  Couplings sum{0.0, 0.0};
  for (const auto& [name, values] : trunk.arrays()) {
    if (name.compare(0, 7, "weight_") == 0)
      sum.weight_variance += values.var().item<double>() * static_cast<double>(values.size(1));
    if (name.compare(0, 5, "bias_") == 0) sum.bias_variance += values.var().item<double>();
  }
  const auto count = static_cast<double>(trunk.layers() - 1);
  return {sum.weight_variance / count, sum.bias_variance / count};
}

/// A sweep file's trunk, not the rescue's.
network::Trunk trunk_of(const output::SweepReader& reader, const job::Job& job, const std::string& path) {
  const auto trunk = reader.trunk(job.network, "trunk_");
  if (trunk) return *trunk;
  throw job::InputError(path +
                        ": its points share no hidden layers that could be diagnosed; give a scan with "
                        "training.method gauss_newton");
}

DiagnosedTrunk stored(job::Job job, const std::string& origin, network::Trunk trunk) {
  const network::Elements elements(job.network.elements, job.network.nodes);
  const auto couplings = couplings_of(trunk, job.network);
  return {std::move(job), origin, elements, std::move(trunk), couplings};
}

/// The trunk as a run would make it, trained on pilot points where it would be.
DiagnosedTrunk configured_trunk(job::Job job) {
  const network::Elements elements(job.network.elements, job.network.nodes);
  network::Trunk trunk(job.network, elements);
  const auto train = job.network.train;
  if (train.points > 0) {
    training::Trainer trainer(job, at::kCPU);
    trainer.train_trunk(sweep::ParameterSpace(job).spread(train.points));
    trunk = network::Trunk(job.network, network::with_prefix(trainer.trunk_arrays(), "trunk_"));
  }
  const auto couplings = train.steps > 0 ? couplings_of(trunk, job.network) : configured(job.network);
  return {std::move(job), "job", elements, std::move(trunk), couplings};
}

bool is_emulator(const std::string& path) {
  const output::Handle file(output::check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open", path),
                            H5Fclose);
  return output::has_attribute(file.get(), "emulator_format_version");
}

DiagnosedTrunk subject_of(const DiagnoseOptions& options) {
  const std::string& path = options.subject;
  output::silence_hdf5();
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored) || H5Fis_hdf5(path.c_str()) <= 0) {
    auto job = job::read_job(path, options.overrides);
    return configured_trunk(std::move(job));
  }
  if (!options.overrides.empty()) {
    throw job::InputError("gluesweep diagnose: --set changes the keys of a job, but '" + path +
                          "' is a file whose trunk is what it is.\nGive the job, or leave --set out.");
  }
  if (is_emulator(path)) {
    const auto emulator = emulator::read_emulator(path);
    return stored(emulator->job, "emulator", network::Trunk(emulator->job.network, emulator->trunk));
  }
  const output::SweepReader reader(path);
  auto job = job::parse_resolved(reader.text("job"), {}, path + ", attribute job");
  auto trunk = trunk_of(reader, job, path);
  return stored(std::move(job), "sweep file", std::move(trunk));
}

/// Rows of the first converged points, whose heads belong to the first trunk.
Tensor good_rows(const output::SweepReader& reader) {
  const auto count = std::min(reader.samples(), output::rows_per_read);
  const auto converged =
      reader.column("status", 0, count, at::kByte) == static_cast<std::int64_t>(training::Status::converged);
  const Tensor good = converged & (reader.column("rescue", 0, count) == 0.0);
  return good.nonzero().squeeze(1).slice(0, 0, most_functions);
}

CoefficientFits fit_coefficients(const std::string& path, const DiagnosedTrunk& subject) {
  const output::SweepReader reader(path);
  const auto job = job::parse_resolved(reader.text("job"), {}, path + ", attribute job");
  const auto trunk = trunk_of(reader, job, path);
  if (!reader.has("network/head")) {
    throw job::InputError(path + ": it does not hold the heads; run the scan with 'heads' in output.store");
  }
  const Tensor rows = good_rows(reader);
  if (rows.size(0) == 0) throw job::InputError(path + ": none of its points is converged");
  const Tensor heads = reader.rows("network/head", 0, rows[-1].item<std::int64_t>() + 1)
                           .index_select(0, rows)
                           .narrow(1, 0, trunk.size());  // (P, F, K)
  const auto values = [&](const Tensor& xi) {
    return at::matmul(trunk.features(xi), heads).permute({1, 0, 2}).reshape({xi.size(0), -1});
  };
  const Tensor errors = network::fit_errors(subject.trunk, subject.elements, values(subject.elements.xi),
                                            values(network::fine_places(subject.elements)));
  CoefficientFits fits{{}, errors.view({heads.size(0), heads.size(2)})};
  for (const auto& patch : job.problem.patches) {
    for (const auto& constant : patch.constants) fits.names.push_back(patch.name + "_" + constant.name);
  }
  return fits;
}

void choose_places(TrunkDiagnosis& found) {
  std::vector<double> places;
  for (const double separation : separations) {
    const auto first = static_cast<int>(places.size());
    found.pairs.emplace_back(first, first + 1);
    places.push_back(-0.5 * separation);
    places.push_back(0.5 * separation);
  }
  found.places = at::tensor(places, at::kDouble);
}

network::Chain chain_of(const DiagnosedTrunk& subject) {
  const auto further = std::max<std::int64_t>(subject.trunk.layers() - 1, 1);
  return {subject.trunk.activation(), subject.couplings, subject.trunk.skip(),
          1.0 / std::sqrt(static_cast<double>(further))};
}

std::vector<std::int64_t> widths_of(const DiagnoseOptions& options, const network::Trunk& trunk) {
  if (trunk.skip() == job::Network::Skip::residual) return {trunk.width()};  // neurons are added to neurons
  auto widths = options.widths;
  if (widths.empty()) widths = {trunk.width(), default_wide};
  std::sort(widths.begin(), widths.end());
  widths.erase(std::unique(widths.begin(), widths.end()), widths.end());
  return widths;
}

void follow_depth(const DiagnoseOptions& options, TrunkDiagnosis& found) {
  const auto& trunk = found.subject.trunk;
  const auto chain = chain_of(found.subject);
  const int layers = std::max(options.depth, static_cast<int>(trunk.layers()));
  const Tensor first = network::activate(trunk.activation(), trunk.preactivations(found.places).front());
  found.predicted = network::predicted_curves(chain, first, found.pairs, layers);
  found.own = network::trunk_curves(trunk, found.places, found.pairs);
  if (options.draws == 0) return;
  for (const auto width : widths_of(options, trunk)) {
    const network::Sampling sampling{width, options.draws, options.seed};
    found.widths.push_back({width, network::sampled_curves(chain, first, found.pairs, layers, sampling)});
  }
}

void decimate(const DiagnoseOptions& options, TrunkDiagnosis& found) {
  const auto activation = found.subject.trunk.activation();
  const auto& couplings = found.subject.couplings;
  found.flow = network::mean_field_flow(activation, couplings, flow_steps);
  if (options.draws == 0) return;
  found.width = widths_of(options, found.subject.trunk).back();
  const network::Sampling sampling{found.width, options.draws, options.seed};
  if (!found.flow.empty()) {
    found.sampled_flow = network::sampled_flow(activation, couplings, flow_steps, sampling);
    found.two_steps = network::two_step_map(activation, couplings, sampling);
  }
  // Where no network comes to the critical point by itself there is nothing to see.
  constexpr double rounding = 1.0e-6;
  if (found.critical->length_slope > 1.0 + rounding) return;
  found.transition = network::finite_depth_scaling(
      activation, found.critical->sigma_w, std::sqrt(couplings.bias_variance), options.depth, sampling);
}

}  // namespace

TrunkDiagnosis diagnose(const DiagnoseOptions& options) {
  TrunkDiagnosis found(subject_of(options));
  const auto& trunk = found.subject.trunk;
  const auto& elements = found.subject.elements;
  found.spectrum = network::feature_spectrum(trunk, elements);
  found.layers = network::layer_statistics(trunk, elements.xi);
  found.symmetry = network::translational_symmetry(trunk);
  choose_places(found);
  follow_depth(options, found);
  if (trunk.skip() == job::Network::Skip::none) {
    const auto& couplings = found.subject.couplings;
    found.fixed_point = network::MeanField(trunk.activation(), couplings).fixed_point();
    found.critical = network::critical_point(trunk.activation(), std::sqrt(couplings.bias_variance));
    decimate(options, found);
  }
  std::vector<Tensor> at_nodes, at_places;
  for (const auto& function : network::test_functions()) {
    at_nodes.push_back(function.value(elements.xi));
    at_places.push_back(function.value(network::fine_places(elements)));
  }
  found.function_errors =
      network::fit_errors(trunk, elements, at::stack(at_nodes, 1), at::stack(at_places, 1));
  if (!options.coefficients.empty())
    found.coefficients = fit_coefficients(options.coefficients, found.subject);
  return found;
}

}  // namespace gluesweep::cli
