#include "contest.hpp"

#include <stdexcept>

namespace gluesweep::benchmark {

const Contest& contest_of(const std::string& problem) {
  for (const auto& contest : contests) {
    if (problem == contest.problem) return contest;
  }
  throw std::invalid_argument("no way of using CVODE was chosen for '" + problem + "'");
}

std::optional<at::Tensor> by_cvode(NativeSolver& solver, const job::Job& job, const at::Tensor& points) {
  const auto outputs = job.output_points();
  const auto count = points.size(0), places = static_cast<std::int64_t>(outputs.size());
  const auto rows = points.contiguous();
  const auto states = at::empty({count, solver.size(), places}, at::kDouble);
  for (std::int64_t i = 0; i < count; ++i) {
    if (!solver.solve(rows[i].data_ptr<double>(), job.problem.variable.start, outputs,
                      states[i].data_ptr<double>()))
      return std::nullopt;
  }
  return states.transpose(0, 1);
}

}  // namespace gluesweep::benchmark
