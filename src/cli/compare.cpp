#include "gluesweep/cli/compare.hpp"

#include <algorithm>
#include <cmath>

#include "text.hpp"

namespace gluesweep::cli {
namespace {

using training::Status;
using Row = std::vector<std::string>;

std::string share_text(double share) { return std::isnan(share) ? "-" : percent(share); }

/// Two significant digits, without an exponent where a person would write none.
std::string plain(double value) {
  if (!(value >= 99.5 && value < 1e7)) return rough(value);
  const double unit = std::pow(10.0, std::floor(std::log10(value)) - 1.0);
  return grouped(std::llround(std::round(value / unit) * unit));
}

std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - row[i].size(), ' ');
      text += i == 0 ? "  " + row[i] + blanks : "  " + blanks + row[i];
    }
    text += "\n";
  }
  return text;
}

std::string markdown(const std::vector<Row>& rows) {
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (const std::string& cell : rows[r]) text += "| " + cell + " ";
    text += "|\n";
    if (r != 0) continue;
    for (std::size_t i = 0; i < rows[r].size(); ++i) text += i == 0 ? "|---" : "|---:";
    text += "|\n";
  }
  return text;
}

std::string table(const std::vector<Row>& rows, TableFormat format) {
  return format == TableFormat::markdown ? markdown(rows) : aligned(rows);
}

std::string points_text(std::int64_t count) { return grouped(count) + (count == 1 ? " point" : " points"); }

std::string references_text(const ComparisonSummary& summary) {
  const ReferenceCounts& counts = summary.references;
  std::vector<std::string> parts;
  const auto add = [&parts](std::int64_t count, const std::string& what) {
    if (count > 0) parts.push_back(what + " for " + points_text(count));
  };
  add(counts.closed_form, "the closed form");
  add(counts.integrator, "CVODE");
  add(counts.finer_network, "gauss_newton with a finer network");
  std::string text = "reference: " + (parts.empty() ? "none" : joined(parts));
  if (counts.none > 0) text += "; none for " + points_text(counts.none) + ", left out of the errors";
  return text + "\n";
}

std::vector<Row> error_rows(const ComparisonSummary& summary) {
  std::vector<Row> rows{{"method", "median", "99%", "largest", "converged",
                         "within " + rough(summary.tolerance), "s a point", "parameters"}};
  const bool relative = !summary.baseline.empty() && summary.methods.size() > 1;
  if (relative) rows.front().push_back("over " + summary.baseline);
  for (const MethodSummary& method : summary.methods) {
    rows.push_back({method.name, rough(method.error_median), rough(method.error_99), rough(method.error_max),
                    share_text(method.converged), share_text(method.accurate), plain(method.seconds),
                    grouped(std::llround(method.parameters))});
    if (relative) rows.back().push_back(method.name == summary.baseline ? "1" : plain(method.error_ratio));
  }
  return rows;
}

std::vector<Row> calibration_rows(const ComparisonSummary& summary) {
  std::vector<Row> rows{{"method", "points", "below estimate", "estimate/error: median", "5%", "95%"}};
  for (const MethodSummary& method : summary.methods) {
    const Calibration& found = method.calibration;
    if (found.points == 0) continue;
    rows.push_back({method.name, grouped(found.points), percent(found.covered), plain(found.median),
                    plain(found.low), plain(found.high)});
  }
  return rows;
}

double share_of(const std::vector<std::uint8_t>& status, Status wanted) {
  const auto count = std::count(status.begin(), status.end(), static_cast<std::uint8_t>(wanted));
  return static_cast<double>(count) / static_cast<double>(status.size());
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

double quantile(std::vector<double> values, double share) {
  const auto bad = std::remove_if(values.begin(), values.end(), [](double v) { return std::isnan(v); });
  values.erase(bad, values.end());
  if (values.empty()) return undefined;
  const double wanted = std::ceil(share * static_cast<double>(values.size()));
  const auto index = static_cast<std::ptrdiff_t>(std::max(wanted, 1.0)) - 1;
  std::nth_element(values.begin(), values.begin() + index, values.end());
  return values[static_cast<std::size_t>(index)];
}

MethodSummary summarize_method(const MethodPoints& points, const MethodPoints* baseline, double tolerance) {
  MethodSummary summary;
  summary.name = points.name;
  summary.error_median = quantile(points.error, 0.5);
  summary.error_99 = quantile(points.error, 0.99);
  summary.error_max = quantile(points.error, 1.0);
  if (share_of(points.status, Status::matching_only) == 0.0)
    summary.converged = share_of(points.status, Status::converged);
  summary.seconds = mean(points.seconds);
  summary.parameters = mean(points.parameters);
  std::int64_t accurate = 0;
  std::vector<double> ratios;
  CalibrationBuilder calibration;
  for (std::size_t i = 0; i < points.error.size(); ++i) {
    const double error = points.error[i];
    if (std::isnan(error)) continue;
    ++summary.compared;
    if (error <= tolerance) ++accurate;
    if (baseline != nullptr) ratios.push_back(error / baseline->error[i]);
    calibration.add(points.estimate[i], error);
  }
  if (summary.compared > 0)
    summary.accurate = static_cast<double>(accurate) / static_cast<double>(summary.compared);
  summary.error_ratio = quantile(ratios, 0.5);
  summary.calibration = calibration.result();
  return summary;
}

std::string comparison_text(const ComparisonSummary& summary, TableFormat format) {
  const std::string gap = format == TableFormat::markdown ? "\n" : "";
  std::string text = summary.problem + ": " + points_text(summary.points) + "; error: the largest over " +
                     grouped(summary.output_points) +
                     " output points and all unknowns, relative to the unknown's magnitude\n" + gap;
  text += references_text(summary) + "\n" + table(error_rows(summary), format);
  text += gap + "s a point: " + summary.time_kind + " time of training" +
          (summary.time_kind == "processor" ? ", one core" : "") +
          "; parameters: of the point's own networks";
  if (!summary.baseline.empty() && summary.methods.size() > 1)
    text += "; over " + summary.baseline + ": median of the ratio of the errors, point by point";
  text += "\n";
  const auto calibration = calibration_rows(summary);
  if (calibration.size() > 1)
    text += "\ncalibration of the error estimate, on points with a reference:\n" + gap +
            table(calibration, format);
  return text;
}

}  // namespace gluesweep::cli
