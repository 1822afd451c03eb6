#pragma once

#include <memory>
#include <string>
#include <vector>

/// What a user of SUNDIALS CVODE would write for the shipped problems: the other side of `against_cvode`.
namespace gluesweep::benchmark {

/// How CVODE is used. Which way is fastest depends on the problem: `benchmark_against_cvode --ways` measures.
struct Way {
  enum class Method {
    bdf,               ///< BDF, Newton with the dense Jacobian
    adams_newton,      ///< Adams-Moulton, Newton with the dense Jacobian
    adams_fixed_point  ///< Adams-Moulton, fixed-point iteration
  };
  enum class Variable { linear, log };  ///< integrate in t or in ln t
  Method method;
  Variable variable;
};

std::string to_string(const Way& way);

struct CvodeOptions {
  Way way;
  double rtol = 1.0e-8;
  long most_steps = 2'000'000'000;  ///< oscillations take as many as they take
};

/// One CVODE object that is re-initialised for every point.
class NativeSolver {
 public:
  virtual ~NativeSolver() = default;

  virtual int size() const = 0;  ///< n, state components

  /// The state at `outputs` (increasing; the first may be the start of the domain) by interpolation
  /// (CV_NORMAL), component i of output m at states[i M + m]; `parameters` in the order of the job's problem.
  /// False where CVODE gives up.
  virtual bool solve(const double* parameters, double t_start, const std::vector<double>& outputs,
                     double* states) = 0;
};

/// Throws std::invalid_argument for a problem that is not written here.
std::unique_ptr<NativeSolver> make_native_solver(const std::string& problem, const CvodeOptions& options);

}  // namespace gluesweep::benchmark
