#include "gluesweep/cli/summary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "text.hpp"

namespace gluesweep::cli {
namespace {

constexpr double lowest = 1e-30;
constexpr double bin_width = 0.01;        // in ln(value)
constexpr std::size_t bin_count = 13816;  // ln(1e60) / bin_width

using training::Status;

std::string verified_text(const FileSummary& summary) {
  std::string text;
  if (summary.verified > 0) {
    text = "median " + rough(summary.true_median) + ", largest " + rough(summary.true_max) + " on " +
           grouped(summary.verified) + " points checked independently";
  }
  if (summary.unverified > 0) {
    text += (text.empty() ? "" : "; ") + grouped(summary.unverified) +
            " could not be checked: the integrator or the point gave no finite number";
  }
  return text;
}

}  // namespace

LogHistogram::LogHistogram()
    : bins_(bin_count, 0),
      min_(std::numeric_limits<double>::infinity()),
      max_(-std::numeric_limits<double>::infinity()) {}

void LogHistogram::add(double value) {
  if (std::isnan(value)) return;
  const double position = value > 0.0 ? std::log(value / lowest) / bin_width : 0.0;
  const double last = static_cast<double>(bin_count - 1);
  ++bins_[static_cast<std::size_t>(std::clamp(position, 0.0, last))];
  ++count_;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

double LogHistogram::quantile(double share) const {
  if (count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  const auto wanted =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(share * static_cast<double>(count_))));
  std::int64_t seen = 0;
  std::size_t bin = 0;
  while ((seen += bins_[bin]) < wanted) ++bin;
  return std::clamp(lowest * std::exp((static_cast<double>(bin) + 0.5) * bin_width), min_, max_);
}

void CalibrationBuilder::add(double estimate, double error) {
  if (std::isnan(estimate) || std::isnan(error)) return;
  ++points_;
  if (error <= estimate) ++covered_;
  ratios_.add(estimate / error);
}

Calibration CalibrationBuilder::result() const {
  const double covered = points_ > 0 ? static_cast<double>(covered_) / static_cast<double>(points_) : NAN;
  return {points_, covered, ratios_.quantile(0.05), ratios_.quantile(0.5), ratios_.quantile(0.95)};
}

std::string calibration_text(const Calibration& calibration) {
  return percent(calibration.covered) +
         " of the true errors below their estimate; estimate over error: median " +
         rough(calibration.median) + ", 5% to 95%: " + rough(calibration.low) + " to " +
         rough(calibration.high);
}

void SummaryBuilder::add(std::uint8_t status, double error_estimate, double reference_error,
                         double matching_error) {
  ++summary_.points;
  if (status < summary_.by_status.size()) ++summary_.by_status[status];
  if (status == static_cast<std::uint8_t>(Status::pending)) return;
  ++summary_.done;
  if (status != static_cast<std::uint8_t>(Status::converged) &&
      status != static_cast<std::uint8_t>(Status::matching_only)) {
    ++summary_.failed;
  }
  estimates_.add(error_estimate);
  truths_.add(reference_error);
  calibration_.add(error_estimate, reference_error);
  // Matching's error is measured on the trained solution: without a good one it says nothing.
  if (status != static_cast<std::uint8_t>(Status::converged)) return;
  matchings_.add(matching_error);
  const double ours = std::isnan(reference_error) ? error_estimate : reference_error;
  if (ours > 0.0) factors_.add(matching_error / ours);
}

FileSummary SummaryBuilder::result(double file_bytes) const {
  FileSummary summary = summary_;
  summary.estimated = estimates_.count();
  summary.error_median = estimates_.quantile(0.5);
  summary.error_99 = estimates_.quantile(0.99);
  summary.error_max = estimates_.max();
  summary.verified = truths_.count();
  summary.true_median = truths_.quantile(0.5);
  summary.true_max = truths_.max();
  summary.calibration = calibration_.result();
  summary.matched = matchings_.count();
  summary.matching_median = matchings_.quantile(0.5);
  summary.matching_factor = factors_.quantile(0.5);
  summary.file_bytes = file_bytes;
  return summary;
}

std::string summary_text(const FileSummary& summary, const std::string& path) {
  std::string text;
  text += line("points", grouped(summary.done) + " of " + grouped(summary.points) + " done");
  for (const auto& info : training::status_table) {
    const std::int64_t count = summary.by_status[static_cast<std::size_t>(info.status)];
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(summary.points);
    text += line("  " + std::string(info.name), grouped(count) + " (" + percent(share) + ")");
  }
  if (summary.estimated > 0) {
    text += line("error (estimated)", "median " + rough(summary.error_median) + ", 99% below " +
                                          rough(summary.error_99) + ", largest " + rough(summary.error_max));
  }
  if (summary.verified > 0 || summary.unverified > 0)
    text += line("error (verified)", verified_text(summary));
  if (summary.calibration.points > 0) text += line("calibration", calibration_text(summary.calibration));
  if (summary.matched > 0) {
    std::string matching = "median error " + rough(summary.matching_median);
    if (std::isfinite(summary.matching_factor)) {
      const double factor = summary.matching_factor;
      const bool countable = factor >= 10 && factor < 1e7;
      matching +=
          ": " + (countable ? grouped(std::llround(factor)) : rough(factor)) + " times ours in the median";
    }
    text += line("conventional matching", matching);
  }
  return text + line("file", path + " (" + bytes(summary.file_bytes) + ")");
}

namespace {

// More ranks than this are not listed one by one.
constexpr std::size_t most_ranks_listed = 16;

double available(const sweep::Summary& rank) {
  return rank.busy_seconds + rank.write_seconds + rank.open_seconds + rank.wait_seconds + rank.tail_seconds;
}

std::string share_of(double part, double whole) {
  return fixed(whole > 0 ? 100.0 * part / whole : 0.0, 1) + "%";
}

std::string shares_text(const sweep::Summary& spent) {
  const double whole = available(spent);
  return share_of(spent.busy_seconds, whole) + " training, " + share_of(spent.write_seconds, whole) +
         " writing, " + share_of(spent.open_seconds, whole) + " opening and closing the file, " +
         share_of(spent.wait_seconds, whole) + " waiting for blocks, " + share_of(spent.tail_seconds, whole) +
         " idle at the end";
}

sweep::Summary sum_of(const std::vector<sweep::Summary>& ranks) {
  sweep::Summary all;
  for (const sweep::Summary& rank : ranks) {
    all.tally += rank.tally;
    all.blocks += rank.blocks;
    all.busy_seconds += rank.busy_seconds;
    all.write_seconds += rank.write_seconds;
    all.open_seconds += rank.open_seconds;
    all.wait_seconds += rank.wait_seconds;
    all.tail_seconds += rank.tail_seconds;
    all.longest_seconds = std::max(all.longest_seconds, rank.longest_seconds);
  }
  return all;
}

std::string rank_line(const std::vector<sweep::Summary>& ranks, std::size_t rank, const std::string& remark) {
  const sweep::Summary& spent = ranks[rank];
  return line("  rank " + std::to_string(rank), grouped(spent.tally.done()) + " points in " +
                                                    grouped(spent.blocks) + " blocks; " + shares_text(spent) +
                                                    remark);
}

std::string ranks_text(const std::vector<sweep::Summary>& ranks) {
  std::string text;
  if (ranks.size() <= most_ranks_listed) {
    for (std::size_t rank = 0; rank < ranks.size(); ++rank) text += rank_line(ranks, rank, "");
    return text;
  }
  std::vector<std::size_t> order(ranks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return ranks[a].busy_seconds / available(ranks[a]) < ranks[b].busy_seconds / available(ranks[b]);
  });
  return rank_line(ranks, order.front(), " (least busy)") +
         rank_line(ranks, order[order.size() / 2], " (median)") +
         rank_line(ranks, order.back(), " (busiest)");
}

}  // namespace

std::string times_text(double wall, const std::vector<sweep::Summary>& ranks) {
  const sweep::Summary all = sum_of(ranks);
  std::string text = duration(wall) + " on " + grouped(static_cast<std::int64_t>(ranks.size())) +
                     (ranks.size() == 1 ? " rank" : " ranks");
  if (wall > 0) {
    const double rate = static_cast<double>(all.tally.done()) / wall;
    text += ", " + (rate < 10 ? rough(rate) : grouped(std::llround(rate))) + " points/s";
  }
  text = line("time", text + "; " + shares_text(all)) +
         line("blocks", grouped(all.blocks) + ", the longest " + rough(all.longest_seconds) + " s");
  return ranks.size() > 1 ? text + ranks_text(ranks) : text;
}

}  // namespace gluesweep::cli
