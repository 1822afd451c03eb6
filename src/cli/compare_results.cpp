#include "compare_results.hpp"

#include <algorithm>
#include <utility>

namespace gluesweep::cli {
namespace {

using output::ComparisonArray;

// Solutions of all methods at all points are stored up to this size.
constexpr std::int64_t most_solution_bytes = std::int64_t{64} << 20;

/// Numbers that a point's networks consist of. Stored networks are padded with zeros; without one they are
/// undefined.
at::Tensor parameter_counts(const training::BlockResult& result) {
  return (result.head.isfinite() & (result.head != 0.0)).sum(at::IntArrayRef{1, 2}).to(at::kDouble);
}

std::vector<double> as_vector(const at::Tensor& row) {
  const at::Tensor values = row.contiguous();
  const auto* first = values.data_ptr<double>();
  return {first, first + values.numel()};
}

std::vector<std::pair<std::uint8_t, std::string>> status_flags() {
  std::vector<std::pair<std::uint8_t, std::string>> flags;
  for (const auto& entry : training::status_table)
    flags.emplace_back(static_cast<std::uint8_t>(entry.status), entry.name);
  return flags;
}

std::string or_name(const std::string& label, const std::string& name) {
  return label.empty() ? name : label;
}

std::int64_t count_of(const at::Tensor& kind, ReferenceKind wanted) {
  return (kind == static_cast<std::int64_t>(wanted)).sum().item<std::int64_t>();
}

}  // namespace

ComparisonResults::ComparisonResults(const job::Job& job, const problem::System& system,
                                     std::vector<std::string> methods, std::int64_t points)
    : job_(job), system_(system), methods_(std::move(methods)) {
  const auto rows = static_cast<std::int64_t>(methods_.size());
  const auto outputs = static_cast<std::int64_t>(job.output_points().size());
  numbers_ = at::zeros({column_count, rows, points}, at::kDouble);
  if (8 * system.unknowns() * rows * points * outputs <= most_solution_bytes)
    solutions_ = at::zeros({system.unknowns(), rows, points, outputs}, at::kDouble);
}

void ComparisonResults::store(std::int64_t method, const sweep::Block& block, const at::Tensor& error,
                              double processor_seconds, const training::BlockResult& result) {
  const auto put = [&](Column target, const at::Tensor& values) {
    column(target)[method].narrow(0, block.first, block.count).copy_(values);
  };
  put(Column::error, error);
  put(Column::estimate, result.error_estimate);
  put(Column::seconds, result.seconds);
  put(Column::processor_seconds, at::full_like(error, processor_seconds / static_cast<double>(block.count)));
  put(Column::status, result.status);
  put(Column::parameters, parameter_counts(result));
  put(Column::iterations, result.iterations);
  put(Column::rescue, result.rescue);
  put(Column::defect, result.defect);
  for (int u = 0; u < system_.unknowns() && solutions_.defined(); ++u) {
    solutions_[u][method].narrow(0, block.first, block.count).copy_(result.solution[system_.component(u)]);
  }
}

void ComparisonResults::gather(const parallel::Communicator& communicator) {
  sum_over_ranks(communicator, numbers_);
  if (solutions_.defined()) sum_over_ranks(communicator, solutions_);
}

MethodPoints ComparisonResults::points_of(std::int64_t method, bool processor_time) const {
  MethodPoints points;
  points.name = methods_[static_cast<std::size_t>(method)];
  points.error = as_vector(column(Column::error)[method]);
  points.estimate = as_vector(column(Column::estimate)[method]);
  points.seconds = as_vector(column(processor_time ? Column::processor_seconds : Column::seconds)[method]);
  points.parameters = as_vector(column(Column::parameters)[method]);
  for (const double status : as_vector(column(Column::status)[method]))
    points.status.push_back(static_cast<std::uint8_t>(status));
  return points;
}

ComparisonSummary ComparisonResults::summary(const References& references, bool processor_time) const {
  ComparisonSummary summary;
  summary.problem = job_.problem.name;
  summary.points = references.kind.numel();
  summary.output_points = references.unknowns.size(2);
  summary.tolerance = job_.training.tolerance;
  summary.references = {count_of(references.kind, ReferenceKind::closed_form),
                        count_of(references.kind, ReferenceKind::integrator),
                        count_of(references.kind, ReferenceKind::finer_network),
                        count_of(references.kind, ReferenceKind::none)};
  summary.time_kind = processor_time ? "processor" : "wall";
  std::vector<MethodPoints> all;
  for (std::size_t method = 0; method < methods_.size(); ++method)
    all.push_back(points_of(static_cast<std::int64_t>(method), processor_time));
  // The first row that is this project's own method, whatever its ansatz.
  const auto own = std::find_if(all.begin(), all.end(), [](const MethodPoints& points) {
    return points.name.rfind("gauss_newton", 0) == 0;
  });
  if (own != all.end()) summary.baseline = own->name;
  for (const MethodPoints& points : all) {
    summary.methods.push_back(
        summarize_method(points, own == all.end() ? nullptr : &*own, summary.tolerance));
  }
  return summary;
}

void ComparisonResults::add_points(const sweep::ParameterSpace& space, const References& references,
                                   std::vector<ComparisonArray>& arrays) const {
  const job::Problem& problem = job_.problem;
  const std::string& symbol = problem.variable.symbol;
  const std::int64_t points = references.kind.numel();
  arrays.push_back({"sample", {"sample"}, at::arange(points, at::kLong), "1", "sample id"});
  arrays.push_back({symbol,
                    {symbol},
                    at::tensor(job_.output_points(), at::kDouble),
                    problem.variable.unit,
                    or_name(problem.variable.label, symbol)});
  const at::Tensor swept = space.swept(space.block(0, points));
  for (std::size_t i = 0; i < space.swept_names().size(); ++i) {
    for (const auto& parameter : problem.parameters) {
      if (parameter.name != space.swept_names()[i]) continue;
      arrays.push_back({parameter.name,
                        {"sample"},
                        swept.select(1, static_cast<std::int64_t>(i)),
                        parameter.unit,
                        or_name(parameter.label, parameter.name)});
    }
  }
  arrays.push_back({"reference_kind",
                    {"sample"},
                    references.kind,
                    "1",
                    "where the reference values come from",
                    {{0, "none"}, {1, "closed_form"}, {2, "integrator"}, {3, "finer_network"}}});
}

void ComparisonResults::add_columns(std::vector<ComparisonArray>& arrays) const {
  const auto add = [&](const std::string& name, const at::Tensor& values, const std::string& unit,
                       const std::string& long_name) {
    arrays.push_back({name, {output::method_dimension, "sample"}, values, unit, long_name});
  };
  add("reference_error", column(Column::error), "1",
      "error relative to the reference; NaN without one, infinite where the solution is not finite");
  add("error_estimate", column(Column::estimate), "1", "estimated relative error");
  add("defect", column(Column::defect), "1", "largest weighted residual");
  add("status", column(Column::status).to(at::kByte), "1", "how the point ended");
  arrays.back().flags = status_flags();
  add("seconds", column(Column::seconds), "s", "wall time of the point's block over its points");
  add("processor_seconds", column(Column::processor_seconds), "s",
      "processor time of the point's block over its points");
  add("network_parameters", column(Column::parameters), "1", "numbers that the point's networks consist of");
  add("iterations", column(Column::iterations).to(at::kLong), "1", "iterations of the training");
  add("rescue", column(Column::rescue).to(at::kByte), "1", "rung of the rescue ladder, 0: first attempt");
}

void ComparisonResults::add_summary(const ComparisonSummary& summary,
                                    std::vector<ComparisonArray>& arrays) const {
  const auto add = [&](const std::string& name, const std::string& unit, const std::string& long_name,
                       double (*value)(const MethodSummary&)) {
    std::vector<double> values;
    for (const MethodSummary& method : summary.methods) values.push_back(value(method));
    arrays.push_back({name, {output::method_dimension}, at::tensor(values, at::kDouble), unit, long_name});
  };
  using Row = MethodSummary;
  add("error_median", "1", "median error", [](const Row& row) { return row.error_median; });
  add("error_99", "1", "99% of the errors are not above", [](const Row& row) { return row.error_99; });
  add("error_max", "1", "largest error", [](const Row& row) { return row.error_max; });
  add("converged", "1", "share of the points that converged", [](const Row& row) { return row.converged; });
  add("accurate", "1", "share of the errors within training.tolerance",
      [](const Row& row) { return row.accurate; });
  add("seconds_mean", "s", summary.time_kind + " time of training a point, mean",
      [](const Row& row) { return row.seconds; });
  add("network_parameters_mean", "1", "numbers that a point's networks consist of, mean",
      [](const Row& row) { return row.parameters; });
  add("error_ratio", "1",
      "median over the points of the error over that of " +
          (summary.baseline.empty() ? "no method" : summary.baseline),
      [](const Row& row) { return row.error_ratio; });
  add("calibration_points", "1", "points with an estimate and a reference",
      [](const Row& row) { return static_cast<double>(row.calibration.points); });
  add("calibration_covered", "1", "share of errors not above their estimate",
      [](const Row& row) { return row.calibration.covered; });
  add("calibration_ratio_05", "1", "5% quantile of estimate over error",
      [](const Row& row) { return row.calibration.low; });
  add("calibration_ratio_50", "1", "median of estimate over error",
      [](const Row& row) { return row.calibration.median; });
  add("calibration_ratio_95", "1", "95% quantile of estimate over error",
      [](const Row& row) { return row.calibration.high; });
}

void ComparisonResults::add_solutions(const References& references,
                                      std::vector<ComparisonArray>& arrays) const {
  if (!solutions_.defined()) return;
  const std::string& symbol = job_.problem.variable.symbol;
  for (std::size_t u = 0; u < job_.problem.unknowns.size(); ++u) {
    const auto& unknown = job_.problem.unknowns[u];
    const std::string label = or_name(unknown.label, unknown.name);
    const auto index = static_cast<std::int64_t>(u);
    arrays.push_back(
        {unknown.name, {output::method_dimension, "sample", symbol}, solutions_[index], unknown.unit, label});
    arrays.push_back({unknown.name + "_reference",
                      {"sample", symbol},
                      references.unknowns[index],
                      unknown.unit,
                      label + ", reference"});
    arrays.push_back({unknown.name + "_magnitude",
                      {"sample", symbol},
                      references.magnitudes[index],
                      unknown.unit,
                      label + ", what its error is relative to"});
  }
}

std::vector<ComparisonArray> ComparisonResults::arrays(const sweep::ParameterSpace& space,
                                                       const References& references,
                                                       const ComparisonSummary& summary) const {
  std::vector<ComparisonArray> arrays;
  add_points(space, references, arrays);
  add_columns(arrays);
  add_summary(summary, arrays);
  add_solutions(references, arrays);
  return arrays;
}

}  // namespace gluesweep::cli
