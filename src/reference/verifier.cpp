#include "gluesweep/reference/verifier.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gluesweep::reference {
namespace {

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014), figure 14, with the
/// constants of Stafford's variant 13: a bijection of 64 bits in which every output bit depends on every
/// input bit.
std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
  return bits ^ (bits >> 31);
}

constexpr std::uint64_t golden = 0x9E3779B97F4A7C15u;
constexpr std::uint64_t purpose = 0x7265666572656E63u;  // keeps this choice apart from other uses of the seed

States rows_of(const at::TensorAccessor<double, 2>& table) {
  States rows;
  for (std::int64_t i = 0; i < table.size(0); ++i) {
    rows.emplace_back();
    for (std::int64_t m = 0; m < table.size(1); ++m) rows.back().push_back(table[i][m]);
  }
  return rows;
}

}  // namespace

bool is_verified(std::uint64_t seed, std::int64_t sample, double fraction) {
  const std::uint64_t stream = mix(seed ^ purpose);
  const std::uint64_t bits = mix(stream + golden * (static_cast<std::uint64_t>(sample) + 1));
  return static_cast<double>(bits >> 11) * 0x1.0p-53 < fraction;
}

Verifier::Verifier(const job::Job& job)
    : system_(job.problem),
      integrator_(system_),
      shooting_(system_),
      outputs_(job.output_points()),
      seed_(job.sweep.seed),
      fraction_(job.verification.reference_fraction) {}

double Verifier::error(const at::Tensor& solution, const std::vector<double>& theta) const {
  const auto trained = solution.accessor<double, 2>();  // (n, M)
  const auto reference = system_.starts_with_all() ? integrator_.solve(theta, outputs_)
                                                   : shooting_.solve(theta, outputs_, rows_of(trained));
  if (reference.empty()) return std::numeric_limits<double>::quiet_NaN();
  double largest = 0.0;
  for (std::size_t m = 0; m < outputs_.size(); ++m) {
    std::vector<double> inputs{outputs_[m]};
    inputs.insert(inputs.end(), theta.begin(), theta.end());
    for (const auto& row : reference) inputs.push_back(row[m]);
    const auto magnitudes = system_.magnitude()(inputs);
    for (int u = 0; u < system_.unknowns(); ++u) {
      const auto i = system_.component(u);
      const double difference =
          trained[i][static_cast<std::int64_t>(m)] - reference[static_cast<std::size_t>(i)][m];
      if (difference == 0.0) continue;  // also where the scale is zero
      const double relative = std::abs(difference) / magnitudes[static_cast<std::size_t>(u)];
      if (std::isnan(relative)) return relative;
      largest = std::max(largest, relative);
    }
  }
  return largest;
}

at::Tensor Verifier::reference_error(const training::BlockResult& result, const at::Tensor& parameters,
                                     std::int64_t first_sample) const {
  auto errors = result.reference_error.clone();
  auto values = errors.accessor<double, 1>();
  const auto rows = parameters.accessor<double, 2>();
  for (std::int64_t b = 0; b < parameters.size(0); ++b) {
    if (!std::isnan(values[b]) || !is_verified(seed_, first_sample + b, fraction_)) continue;
    std::vector<double> theta;
    for (std::int64_t j = 0; j < parameters.size(1); ++j) theta.push_back(rows[b][j]);
    values[b] = error(result.solution.select(1, b), theta);
  }
  return errors;
}

}  // namespace gluesweep::reference
