#pragma once

#include <string>

#include "../support/shipped_problems.hpp"

namespace gluesweep::benchmark {

/// A shipped problem on the points and places of its reference table, which judges anybody's solution there.
class Referee {
 public:
  explicit Referee(const std::string& problem, const std::vector<std::string>& overrides = {})
      : table_(test::read_reference(problem, parameter_count(problem))),
        job_(test::job_at(problem, table_, overrides)),
        system_(job_.problem),
        parameters_(test::parameters_of(job_.problem, table_)) {
    for (const auto& unknown : job_.problem.unknowns) references_.push_back(table_.values.at(unknown.name));
  }

  const job::Job& job() const { return job_; }                  ///< its outputs are the table's places
  const at::Tensor& parameters() const { return parameters_; }  ///< (B, p)

  /// Largest error of states (n, B, M), in the problem's scale.
  double error(const at::Tensor& states) const {
    std::vector<at::Tensor> unknowns;
    for (int u = 0; u < system_.unknowns(); ++u) unknowns.push_back(states[system_.component(u)]);
    return test::error_of(job_, table_, parameters_, at::stack(unknowns, 0), references_)
        .max()
        .item<double>();
  }

  double error_of_training() const {
    return error(training::Trainer(job_, at::kCPU).train(parameters_).solution);
  }

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
  problem::Tensors references_;
};

}  // namespace gluesweep::benchmark
