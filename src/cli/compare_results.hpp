#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "compare_reference.hpp"
#include "gluesweep/cli/compare.hpp"
#include "gluesweep/output/compare_file.hpp"
#include "gluesweep/sweep/driver.hpp"

/// What the methods of a comparison gave, as it is collected, summarised and stored.
namespace gluesweep::cli {

/// Per method and point, float64.
enum class Column {
  error,
  estimate,
  seconds,
  processor_seconds,
  status,
  parameters,
  iterations,
  rescue,
  defect
};
inline constexpr std::int64_t column_count = 9;

class ComparisonResults {
 public:
  /// Everything zero, so that ranks can add up what each of them did. Solutions are kept for all points
  /// where that is little.
  ComparisonResults(const job::Job& job, const problem::System& system, std::vector<std::string> methods,
                    std::int64_t points);

  void store(std::int64_t method, const sweep::Block& block, const at::Tensor& error,
             double processor_seconds, const training::BlockResult& result);

  /// All ranks' results on every rank. Collective.
  void gather(const parallel::Communicator& communicator);

  /// `processor_time`: whether that, or wall time, is what the table shows.
  ComparisonSummary summary(const References& references, bool processor_time) const;

  /// The variables of the comparison file.
  std::vector<output::ComparisonArray> arrays(const sweep::ParameterSpace& space,
                                              const References& references,
                                              const ComparisonSummary& summary) const;

  const std::vector<std::string>& methods() const { return methods_; }

 private:
  at::Tensor column(Column column) const { return numbers_[static_cast<std::int64_t>(column)]; }
  MethodPoints points_of(std::int64_t method, bool processor_time) const;
  void add_points(const sweep::ParameterSpace& space, const References& references,
                  std::vector<output::ComparisonArray>& arrays) const;
  void add_columns(std::vector<output::ComparisonArray>& arrays) const;
  void add_summary(const ComparisonSummary& summary, std::vector<output::ComparisonArray>& arrays) const;
  void add_solutions(const References& references, std::vector<output::ComparisonArray>& arrays) const;

  const job::Job& job_;
  const problem::System& system_;
  std::vector<std::string> methods_;
  at::Tensor numbers_;    // (columns, methods, N)
  at::Tensor solutions_;  // (u, methods, N, M); not defined: not kept
};

}  // namespace gluesweep::cli
