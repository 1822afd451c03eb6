#pragma once

#include <string>

#include "../support/shipped_problems.hpp"
#include "measure.hpp"

namespace gluesweep::benchmark {

/// A shipped problem on the points and places of its reference table, which judges anybody's solution there.
class Referee {
 public:
  explicit Referee(const std::string& problem, const std::vector<std::string>& overrides = {})
      : table_(test::read_reference(problem, parameter_count(problem))),
        job_(test::job_at(problem, table_, overrides)),
        system_(job_.problem),
        parameters_(test::parameters_of(job_.problem, table_)) {}

  const job::Job& job() const { return job_; }                  ///< its outputs are the table's places
  const at::Tensor& parameters() const { return parameters_; }  ///< (B, p)

  /// Largest error of states (n, B, M) at every point, in the problem's scale: (B).
  at::Tensor errors(const at::Tensor& states) const {
    return errors(states, at::arange(parameters_.size(0)));
  }

  /// The same for some of the points, by their rows in the table.
  at::Tensor errors(const at::Tensor& states, const at::Tensor& rows) const {
    std::vector<at::Tensor> unknowns;
    problem::Tensors references;
    auto table = table_;
    for (auto& [name, values] : table.values) values = values.index_select(0, rows);
    for (const auto& unknown : job_.problem.unknowns) references.push_back(table.values.at(unknown.name));
    for (int u = 0; u < system_.unknowns(); ++u) unknowns.push_back(states[system_.component(u)]);
    return test::error_of(job_, table, parameters_.index_select(0, rows), at::stack(unknowns, 0), references);
  }

  double error(const at::Tensor& states) const { return errors(states).max().item<double>(); }

  double error_of_training() const { return error(ready_trainer(job_).train(parameters_).solution); }

 private:
  static std::size_t parameter_count(const std::string& problem) {
    for (const auto& shipped : test::shipped()) {
      if (shipped.name == problem) return shipped.parameters;
    }
    throw std::invalid_argument("'" + problem + "' is no shipped problem");
  }

  test::ReferenceTable table_;
  job::Job job_;
  problem::System system_;
  at::Tensor parameters_;
};

}  // namespace gluesweep::benchmark
