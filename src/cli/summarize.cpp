#include "summarize.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "gluesweep/job/reader.hpp"
#include "gluesweep/output/sweep_reader.hpp"
#include "verification.hpp"

namespace gluesweep::cli {
namespace {

using training::Status;

/// What decides how bad a point is; larger is worse.
double badness(const WorstPoint& point) {
  return std::isnan(point.error_estimate) ? std::numeric_limits<double>::infinity() : point.error_estimate;
}

bool worse(const WorstPoint& a, const WorstPoint& b) {
  if (badness(a) != badness(b)) return badness(a) > badness(b);
  return a.sample < b.sample;
}

bool worth_listing(Status status, double estimate) {
  if (status == Status::pending) return false;
  const bool fine = status == Status::converged || status == Status::matching_only;
  return !(fine && std::isnan(estimate));  // fine, but nobody estimated its error
}

}  // namespace

FileSummary summarize(const std::string& path) {
  const output::SweepReader reader(path);
  const job::Job job = job::parse_resolved(reader.text("job"), {}, path + ", attribute job");
  const std::int64_t first_sample = reader.share().first;
  SummaryBuilder builder(job.training.tolerance);
  for (std::int64_t first = 0; first < reader.samples(); first += output::rows_per_read) {
    const std::int64_t count = std::min(output::rows_per_read, reader.samples() - first);
    const at::Tensor status = reader.column("status", first, count);
    const at::Tensor estimate = reader.column("error_estimate", first, count);
    const at::Tensor truth = reader.column("reference_error", first, count);
    const at::Tensor matching = reader.column("matching_error", first, count);
    for (std::int64_t i = 0; i < count; ++i) {
      builder.add(static_cast<std::uint8_t>(status.data_ptr<double>()[i]), estimate.data_ptr<double>()[i],
                  truth.data_ptr<double>()[i], matching.data_ptr<double>()[i]);
      const bool done = status.data_ptr<double>()[i] != static_cast<double>(Status::pending);
      if (done && std::isnan(truth.data_ptr<double>()[i]) && to_be_verified(job, first_sample + first + i))
        builder.add_unverified();
    }
  }
  return builder.result(static_cast<double>(std::filesystem::file_size(path)));
}

std::vector<WorstPoint> worst_points(const std::string& path, std::int64_t count) {
  const output::SweepReader reader(path);
  const std::int64_t first_sample = reader.share().first;
  std::vector<WorstPoint> worst;
  const auto keep = static_cast<std::size_t>(count);
  for (std::int64_t first = 0; first < reader.samples() && keep > 0; first += output::rows_per_read) {
    const std::int64_t rows = std::min(output::rows_per_read, reader.samples() - first);
    const at::Tensor status = reader.column("status", first, rows);
    const at::Tensor estimate = reader.column("error_estimate", first, rows);
    for (std::int64_t i = 0; i < rows; ++i) {
      WorstPoint point{first_sample + first + i,
                       static_cast<Status>(status.data_ptr<double>()[i]),
                       estimate.data_ptr<double>()[i],
                       {}};
      if (!worth_listing(point.status, point.error_estimate)) continue;
      if (worst.size() == keep && !worse(point, worst.back())) continue;
      worst.insert(std::upper_bound(worst.begin(), worst.end(), point, worse), point);
      if (worst.size() > keep) worst.pop_back();
    }
  }
  for (WorstPoint& point : worst) {
    for (const std::string& name : reader.swept_names()) {
      point.parameters.push_back(reader.column(name, point.sample - first_sample, 1).item<double>());
    }
  }
  return worst;
}

}  // namespace gluesweep::cli
