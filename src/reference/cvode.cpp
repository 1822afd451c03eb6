#include "cvode.hpp"

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_config.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

#include <algorithm>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace gluesweep::reference {
namespace {

constexpr double first_step = 1e-9;          // of the domain
constexpr double step_after_restart = 1e-6;  // of the last step: orders begin at 1 again
constexpr int most_tries = 60;               // of one step, each shorter than the one before
constexpr int recoverable = 1;               // what a callback returns to make CVODE try a shorter step

struct FreeContext {
  void operator()(SUNContext context) const { SUNContext_Free(&context); }
};
struct FreeVector {
  void operator()(N_Vector vector) const { N_VDestroy(vector); }
};
struct FreeMatrix {
  void operator()(SUNMatrix matrix) const { SUNMatDestroy(matrix); }
};
struct FreeSolver {
  void operator()(SUNLinearSolver solver) const { SUNLinSolFree(solver); }
};
struct FreeMemory {
  void operator()(void* memory) const { CVodeFree(&memory); }
};

using Context = std::unique_ptr<std::remove_pointer_t<SUNContext>, FreeContext>;
using Vector = std::unique_ptr<std::remove_pointer_t<N_Vector>, FreeVector>;
using Matrix = std::unique_ptr<std::remove_pointer_t<SUNMatrix>, FreeMatrix>;
using Solver = std::unique_ptr<std::remove_pointer_t<SUNLinearSolver>, FreeSolver>;
using Memory = std::unique_ptr<void, FreeMemory>;

void require(int flag) {
  if (flag != 0) throw std::runtime_error("CVODE refused its setup (flag " + std::to_string(flag) + ")");
}

template <class Pointer>
Pointer allocated(Pointer pointer) {
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}

#if SUNDIALS_VERSION_MAJOR >= 7
Context make_context() {
  SUNContext context = nullptr;
  require(SUNContext_Create(SUN_COMM_NULL, &context));
  require(SUNContext_ClearErrHandlers(context));
  return Context(context);
}
void silence(void*) {}
#else
Context make_context() {
  SUNContext context = nullptr;
  require(SUNContext_Create(nullptr, &context));
  return Context(context);
}
void ignore(int, const char*, const char*, char*, void*) {}
void silence(void* memory) { require(CVodeSetErrHandlerFn(memory, ignore, nullptr)); }
#endif

}  // namespace

struct Cvode::Implementation {
  Equation& equation;
  double tolerance;
  std::vector<double> scale;
  double t_end;
  double x = 0.0;
  // In the order of construction: what is below uses what is above.
  Context context;
  Vector state;
  Vector inside;  // for at()
  Matrix matrix;
  Solver solver;
  Memory memory;

  static int slope(sunrealtype x, N_Vector state, N_Vector result, void* self) {
    const auto values = static_cast<Implementation*>(self)->equation.slope(x, N_VGetArrayPointer(state));
    if (values.empty()) return recoverable;
    std::copy(values.begin(), values.end(), N_VGetArrayPointer(result));
    return 0;
  }

  static int jacobian(sunrealtype x, N_Vector state, N_Vector, SUNMatrix result, void* self, N_Vector,
                      N_Vector, N_Vector) {
    auto& equation = static_cast<Implementation*>(self)->equation;
    const auto values = equation.jacobian(x, N_VGetArrayPointer(state));
    if (values.empty()) return recoverable;
    const auto n = equation.size();
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) SM_ELEMENT_D(result, i, j) = values[static_cast<std::size_t>(i * n + j)];
    }
    return 0;
  }

  static int weight(N_Vector, N_Vector result, void* self) {
    const auto& own = *static_cast<Implementation*>(self);
    auto* weights = N_VGetArrayPointer(result);
    for (const double scale : own.scale) *weights++ = 1.0 / (own.tolerance * scale);
    return 0;
  }

  Implementation(Equation& equation_, Method method, double tolerance_, double t_end_,
                 const std::vector<double>& state_, const std::vector<double>& scale_)
      : equation(equation_), tolerance(tolerance_), scale(scale_), t_end(t_end_), context(make_context()) {
    const int n = equation.size();
    state.reset(allocated(N_VNew_Serial(n, context.get())));
    inside.reset(allocated(N_VNew_Serial(n, context.get())));
    matrix.reset(allocated(SUNDenseMatrix(n, n, context.get())));
    solver.reset(allocated(SUNLinSol_Dense(state.get(), matrix.get(), context.get())));
    memory.reset(allocated(CVodeCreate(method == Method::adams ? CV_ADAMS : CV_BDF, context.get())));
    silence(memory.get());
    std::copy(state_.begin(), state_.end(), N_VGetArrayPointer(state.get()));
    require(CVodeInit(memory.get(), slope, 0.0, state.get()));
    require(CVodeSetUserData(memory.get(), this));
    require(CVodeWFtolerances(memory.get(), weight));
    require(CVodeSetLinearSolver(memory.get(), solver.get(), matrix.get()));
    require(CVodeSetJacFn(memory.get(), jacobian));
    require(CVodeSetMaxErrTestFails(memory.get(), most_tries));
    require(CVodeSetMaxConvFails(memory.get(), most_tries));
    begin(first_step * equation.to_x(t_end));
  }

  /// CVODE's own guess of the first step gets too short to move at all where a component starts at zero; this
  /// one may be far too long, so a step may be tried often.
  void begin(double step) {
    require(CVodeSetInitStep(memory.get(), step));
    require(CVodeSetStopTime(memory.get(), equation.to_x(t_end)));
  }
};

Cvode::Cvode(Equation& equation, Method method, double tolerance, double t_end,
             const std::vector<double>& state, const std::vector<double>& scale)
    : implementation_(std::make_unique<Implementation>(equation, method, tolerance, t_end, state, scale)) {}
Cvode::~Cvode() = default;

bool Cvode::step() {
  auto& self = *implementation_;
  const double before = self.x, end = self.equation.to_x(self.t_end);
  const int flag = CVode(self.memory.get(), end, self.state.get(), &self.x, CV_ONE_STEP);
  return flag >= 0 && self.x > before;
}

void Cvode::restart() {
  auto& self = *implementation_;
  double step = 0.0;
  require(CVodeGetLastStep(self.memory.get(), &step));
  if (self.equation.to_x(self.t_end) - self.x < step) return;
  self.equation.set_origin(self.equation.to_t(self.x));
  self.x = 0.0;
  require(CVodeReInit(self.memory.get(), self.x, self.state.get()));
  self.begin(step_after_restart * step);
}

double Cvode::x() const { return implementation_->x; }
const double* Cvode::state() const { return N_VGetArrayPointer(implementation_->state.get()); }
void Cvode::set_scale(const std::vector<double>& scale) { implementation_->scale = scale; }

std::vector<double> Cvode::at(double x) const {
  auto& self = *implementation_;
  if (CVodeGetDky(self.memory.get(), x, 0, self.inside.get()) != CV_SUCCESS) return {};
  const double* values = N_VGetArrayPointer(self.inside.get());
  return {values, values + self.equation.size()};
}

}  // namespace gluesweep::reference
