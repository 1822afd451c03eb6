#include "native_cvode.hpp"

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_config.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

#include <array>
#include <cmath>
#include <stdexcept>

#include "native_problems.hpp"

namespace gluesweep::benchmark {
namespace {

void require(int flag, const char* call) {
  if (flag != 0)
    throw std::runtime_error(std::string(call) + " failed with SUNDIALS flag " + std::to_string(flag));
}

// A user looks at the flags; the library's own messages would only stand between the tables.
#if SUNDIALS_VERSION_MAJOR >= 7
SUNContext make_context() {
  SUNContext context = nullptr;
  require(SUNContext_Create(SUN_COMM_NULL, &context), "SUNContext_Create");
  require(SUNContext_ClearErrHandlers(context), "SUNContext_ClearErrHandlers");
  return context;
}
void silence(void*) {}
#else
SUNContext make_context() {
  SUNContext context = nullptr;
  require(SUNContext_Create(nullptr, &context), "SUNContext_Create");
  return context;
}
void ignore(int, const char*, const char*, char*, void*) {}
void silence(void* cvode) { require(CVodeSetErrHandlerFn(cvode, ignore, nullptr), "CVodeSetErrHandlerFn"); }
#endif

/// The problem in t or in ln t, in which all slopes are t times larger.
template <class Problem, Way::Variable variable>
class Solver : public NativeSolver {
 public:
  explicit Solver(const CvodeOptions& options) : rtol_(options.rtol), context_(make_context()) {
    state_ = N_VNew_Serial(n, context_);
    tolerances_ = N_VNew_Serial(n, context_);
    const auto method = options.way.method;
    cvode_ = CVodeCreate(method == Way::Method::bdf ? CV_BDF : CV_ADAMS, context_);
    N_VConst(1.0, state_);
    N_VConst(1.0, tolerances_);
    require(CVodeInit(cvode_, slope, 0.0, state_), "CVodeInit");
    require(CVodeSVtolerances(cvode_, rtol_, tolerances_), "CVodeSVtolerances");
    require(CVodeSetUserData(cvode_, this), "CVodeSetUserData");
    require(CVodeSetMaxNumSteps(cvode_, options.most_steps), "CVodeSetMaxNumSteps");
    silence(cvode_);
    if (method == Way::Method::adams_fixed_point) {
      fixed_point_ = SUNNonlinSol_FixedPoint(state_, 0, context_);
      require(CVodeSetNonlinearSolver(cvode_, fixed_point_), "CVodeSetNonlinearSolver");
    } else {
      matrix_ = SUNDenseMatrix(n, n, context_);
      linear_ = SUNLinSol_Dense(state_, matrix_, context_);
      require(CVodeSetLinearSolver(cvode_, linear_, matrix_), "CVodeSetLinearSolver");
      require(CVodeSetJacFn(cvode_, jacobian), "CVodeSetJacFn");
    }
  }
  ~Solver() override {
    CVodeFree(&cvode_);
    if (fixed_point_ != nullptr) SUNNonlinSolFree(fixed_point_);
    if (linear_ != nullptr) SUNLinSolFree(linear_);
    if (matrix_ != nullptr) SUNMatDestroy(matrix_);
    N_VDestroy(tolerances_);
    N_VDestroy(state_);
    SUNContext_Free(&context_);
  }
  Solver(const Solver&) = delete;
  Solver& operator=(const Solver&) = delete;

  int size() const override { return n; }

  bool solve(const double* parameters, double t_start, const std::vector<double>& outputs,
             double* states) override {
    problem_ = Problem(parameters);
    double* state = N_VGetArrayPointer(state_);
    problem_.start(state);
    double* tolerances = N_VGetArrayPointer(tolerances_);
    problem_.smallest(outputs.back(), tolerances);
    for (int i = 0; i < n; ++i) tolerances[i] *= rtol_;
    require(CVodeReInit(cvode_, to_x(t_start), state_), "CVodeReInit");
    require(CVodeSVtolerances(cvode_, rtol_, tolerances_), "CVodeSVtolerances");
    for (std::size_t m = 0; m < outputs.size(); ++m) {
      double reached = 0.0;
      if (outputs[m] > t_start && CVode(cvode_, to_x(outputs[m]), state_, &reached, CV_NORMAL) < 0)
        return false;
      for (int i = 0; i < n; ++i) states[static_cast<std::size_t>(i) * outputs.size() + m] = state[i];
    }
    return true;
  }

 private:
  static constexpr int n = Problem::size;
  static constexpr bool is_log = variable == Way::Variable::log;

  static double to_x(double t) { return is_log ? std::log(t) : t; }

  static int slope(sunrealtype x, N_Vector state, N_Vector result, void* self) {
    const double t = is_log ? std::exp(x) : x;
    double* slopes = N_VGetArrayPointer(result);
    static_cast<Solver*>(self)->problem_.slope(t, N_VGetArrayPointer(state), slopes);
    if (is_log) {
      for (int i = 0; i < n; ++i) slopes[i] *= t;
    }
    return 0;
  }

  static int jacobian(sunrealtype x, N_Vector state, N_Vector, SUNMatrix result, void* self, N_Vector,
                      N_Vector, N_Vector) {
    const double t = is_log ? std::exp(x) : x;
    std::array<double, static_cast<std::size_t>(n * n)> values;
    static_cast<Solver*>(self)->problem_.jacobian(t, N_VGetArrayPointer(state), values.data());
    double* columns = SUNDenseMatrix_Data(result);
    for (int i = 0; i < n; ++i) {
      for (int k = 0; k < n; ++k)
        columns[k * n + i] = (is_log ? t : 1.0) * values[static_cast<std::size_t>(i * n + k)];
    }
    return 0;
  }

  double rtol_;
  std::array<double, 8> no_parameters_{};
  Problem problem_{no_parameters_.data()};
  SUNContext context_;
  N_Vector state_ = nullptr, tolerances_ = nullptr;
  void* cvode_ = nullptr;
  SUNMatrix matrix_ = nullptr;
  SUNLinearSolver linear_ = nullptr;
  SUNNonlinearSolver fixed_point_ = nullptr;
};

template <class Problem>
std::unique_ptr<NativeSolver> make(const CvodeOptions& options) {
  if (options.way.variable == Way::Variable::log)
    return std::make_unique<Solver<Problem, Way::Variable::log>>(options);
  return std::make_unique<Solver<Problem, Way::Variable::linear>>(options);
}

}  // namespace

std::string to_string(const Way& way) {
  const std::string variable = way.variable == Way::Variable::log ? ", log" : ", linear";
  switch (way.method) {
    case Way::Method::bdf: return "BDF, Newton" + variable;
    case Way::Method::adams_newton: return "Adams, Newton" + variable;
    case Way::Method::adams_fixed_point: return "Adams, fixed point" + variable;
  }
  return variable;
}

std::unique_ptr<NativeSolver> make_native_solver(const std::string& problem, const CvodeOptions& options) {
  if (problem == "mixed_order_decay") return make<native::MixedOrderDecay>(options);
  if (problem == "michaelis_menten") return make<native::MichaelisMenten>(options);
  if (problem == "robertson") return make<native::Robertson>(options);
  if (problem == "friedmann_background") return make<native::FriedmannBackground>(options);
  if (problem == "meszaros_growth") return make<native::MeszarosGrowth>(options);
  if (problem == "misaligned_scalar") return make<native::MisalignedScalar>(options);
  if (problem == "tensor_modes") return make<native::TensorModes>(options);
  if (problem == "freeze_out") return make<native::FreezeOut>(options);
  throw std::invalid_argument("no native right-hand side for the problem '" + problem + "'");
}

}  // namespace gluesweep::benchmark
