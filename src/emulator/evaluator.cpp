#include "gluesweep/emulator/evaluator.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <functional>
#include <stdexcept>
#include <thread>

#include "curves.hpp"
#include "gluesweep/emulator/domain.hpp"
#include "gluesweep/emulator/tables.hpp"
#include "tensor_form.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr std::int64_t batch = 128;                 // curves whose amplitudes and rows are computed together
constexpr double table_tolerance = 2.0e-11;         // of the constants, in their natural units
constexpr std::int64_t amplitudes_looked_at = 512;  // points of the fit that tell how large they become
constexpr double margin = 2.0;                      // beyond what those points tell

/// The mean and the modes, and how large their amplitudes become.
Tables make_tables(const Emulator& emulator, const network::Trunk& trunk) {
  const auto step = std::max<std::int64_t>(1, emulator.training_z.size(0) / amplitudes_looked_at);
  const auto largest = (*emulator.amplitudes)(emulator.training_z.slice(0, 0, {}, step)).abs().amax(0);
  return Tables(trunk, at::cat({emulator.mean.unsqueeze(0), emulator.modes}),
                at::cat({at::ones({1}, at::kDouble), margin * largest}), emulator.patches, emulator.constants,
                table_tolerance);
}

/// Calls `work` with 0 ... count-1, each once, shared out to so many threads.
void share_out(std::int64_t count, int threads, const std::function<void(std::atomic<std::int64_t>&)>& work) {
  std::atomic<std::int64_t> next{0};
  const auto wanted = static_cast<int>(std::min<std::int64_t>(threads, count));
  if (wanted <= 1) {
    work(next);
    return;
  }
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(wanted));
  std::vector<std::thread> team;
  for (auto& error : errors) {
    team.emplace_back([&] {
      try {
        at::set_num_threads(1);  // of this thread's own operations
        work(next);
      } catch (...) {
        error = std::current_exception();
      }
    });
  }
  for (auto& thread : team) thread.join();
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

void check_shapes(const Emulator& emulator, const Tensor& theta, const Tensor& t) {
  const auto axes = static_cast<std::int64_t>(emulator.axes.size());
  if (theta.dim() != 2 || theta.size(1) != axes || theta.scalar_type() != at::kDouble) {
    throw std::invalid_argument("theta must be a float64 matrix with a column for each of the emulator's " +
                                std::to_string(axes) + " axes");
  }
  if (t.dim() != 1 || t.scalar_type() != at::kDouble) {
    throw std::invalid_argument("the variable must be a float64 vector");
  }
}

}  // namespace

struct Evaluator::Implementation {
  Implementation(std::shared_ptr<const Emulator> given, Outside where_outside, int thread_count)
      : emulator(std::move(given)),
        outside(where_outside),
        threads(thread_count),
        system(emulator->job.problem),
        trunk(emulator->job.network, emulator->trunk),
        tables(make_tables(*emulator, trunk)),
        curves(*emulator, system, tables),
        tensor_form(*emulator, system, trunk),
        domain(*emulator) {}

  Tensor where_inside(const Tensor& theta, const Tensor& values) const {
    auto known = domain.inside(normalised(emulator->axes, theta.detach()));
    while (known.dim() < values.dim()) known = known.unsqueeze(-1);
    return at::where(known, values, at::full_like(values, NAN));
  }

  Tensor as_wanted(const Tensor& theta, const Tensor& values) const {
    return outside == Outside::extrapolated ? values : where_inside(theta, values);
  }

  Tensor fast(const Tensor& theta, const Tensor& t) const;
  void run(Curves::Worker& worker, const Tensor& theta, double* result) const;

  std::shared_ptr<const Emulator> emulator;
  Outside outside;
  int threads;
  problem::System system;
  network::Trunk trunk;
  Tables tables;
  Curves curves;
  TensorForm tensor_form;
  Domain domain;
};

/// Some curves: theta (B, p), B <= batch.
void Evaluator::Implementation::run(Curves::Worker& worker, const Tensor& theta, double* result) const {
  const auto z = normalised(emulator->axes, theta);
  const auto mean = tables.rows().select(0, 0), modes = tables.rows().slice(0, 1);
  const auto amplitudes = (*emulator->amplitudes)(z);
  // A product of matrices would copy all modes for one curve.
  const auto rows = z.size(0) == 1 ? at::addmv(mean, modes.t(), amplitudes[0])
                                   : at::addmm(mean, amplitudes, modes).contiguous();
  const auto layout = layout_at(*emulator, z).contiguous();
  worker.run(
      {theta.size(0), theta.data_ptr<double>(), rows.data_ptr<double>(), layout.data_ptr<double>(), result});
  if (outside == Outside::extrapolated) return;
  const auto known = domain.inside(z);
  const auto values = worker.values_per_curve();
  for (std::int64_t i = 0; i < theta.size(0); ++i) {
    if (!known.data_ptr<bool>()[i]) std::fill_n(result + i * values, values, NAN);
  }
}

Tensor Evaluator::Implementation::fast(const Tensor& theta, const Tensor& t) const {
  const auto points = theta.contiguous();
  const Places places(system, t);
  Tensor result = at::empty({theta.size(0), t.size(0), system.unknowns()}, at::kDouble);
  const auto batches = (theta.size(0) + batch - 1) / batch;
  share_out(batches, threads, [&](std::atomic<std::int64_t>& next) {
    const c10::InferenceMode no_derivatives;
    Curves::Worker worker(curves, places);
    for (auto i = next++; i < batches; i = next++) {
      const auto count = std::min(batch, theta.size(0) - i * batch);
      run(worker, points.narrow(0, i * batch, count), result[i * batch].data_ptr<double>());
    }
  });
  return result;
}

Evaluator::Evaluator(std::shared_ptr<const Emulator> emulator, Outside outside, int threads)
    : implementation_(std::make_unique<Implementation>(std::move(emulator), outside, threads)) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;

const Emulator& Evaluator::emulator() const { return *implementation_->emulator; }

Tensor Evaluator::solution(const Tensor& theta, const Tensor& t) const {
  check_shapes(emulator(), theta, t);
  return implementation_->fast(theta, t);
}

Tensor Evaluator::exact_solution(const Tensor& theta, const Tensor& t) const {
  check_shapes(emulator(), theta, t);
  return implementation_->as_wanted(theta, implementation_->tensor_form.solution(theta, t));
}

Tensor Evaluator::coefficients(const Tensor& theta, const Tensor& t) const {
  check_shapes(emulator(), theta, t);
  return implementation_->as_wanted(theta, implementation_->tensor_form.coefficients(theta, t));
}

Tensor Evaluator::scalars(const Tensor& theta) const {
  const auto values = (*emulator().quantities)(normalised(emulator().axes, theta));
  std::vector<Tensor> columns;
  for (std::size_t s = 0; s < emulator().scalars.size(); ++s) {
    const auto own = values.select(1, static_cast<std::int64_t>(s));
    const auto& scalar = emulator().scalars[s];
    const auto size = scalar.logarithm ? own.exp() : own;
    columns.push_back(scalar.logarithm && scalar.negative ? -size : size);
  }
  if (columns.empty()) return at::empty({theta.size(0), 0}, theta.options());
  return implementation_->as_wanted(theta, at::stack(columns, 1));
}

Tensor Evaluator::inside(const Tensor& theta) const {
  return implementation_->domain.inside(normalised(emulator().axes, theta));
}

Tensor Evaluator::expected_error(const Tensor& theta) const {
  return implementation_->where_inside(
      theta, emulator::expected_error(emulator(), normalised(emulator().axes, theta)));
}

Tensor Evaluator::expected_scalar_errors(const Tensor& theta) const {
  return implementation_->where_inside(
      theta, emulator::expected_scalar_errors(emulator(), normalised(emulator().axes, theta)));
}

}  // namespace gluesweep::emulator
