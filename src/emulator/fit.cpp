#include "gluesweep/emulator/fit.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

#include "gluesweep/emulator/chebyshev.hpp"
#include "gluesweep/emulator/domain.hpp"
#include "gluesweep/emulator/gaussian_process.hpp"
#include "gluesweep/emulator/perceptron.hpp"
#include "gluesweep/emulator/pod.hpp"
#include "gluesweep/emulator/polynomial.hpp"
#include "gluesweep/job/error.hpp"
#include "solution_errors.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;
using Model = std::shared_ptr<const Regression>;
using Build = std::function<Model(const Samples&)>;

constexpr double scalar_tolerance = 1.0e-9;  // relative: no higher degree for less
constexpr double worst_scalar = 0.05;        // median error of one that is no noise
constexpr double near = 0.5;                 // see layout_distance: half of what is allowed
constexpr double worst_misfit = 1.0e-4;      // of a point that is kept, as relative error of its solution
constexpr double good_error = 1.0e-5;        // median: no Gaussian process is tried
constexpr double fair_error = 1.0e-4;        // median: no perceptron, which takes long to train
constexpr std::int64_t kernel_points =
    1024;  // a Gaussian process takes no more places: it costs too much later
constexpr std::int64_t likelihood_points = 400, likelihood_targets = 8;
constexpr double least_share = 0.9;  // of the points must have a scalar

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

Samples chosen(const Samples& all, const Tensor& rows) {
  return {all.z.index_select(0, rows), all.targets.index_select(0, rows)};
}

/// 0 ... size-1 in an order that depends on the seed only.
Tensor shuffled(std::int64_t size, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<std::int64_t> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[engine() % i]);
  return at::tensor(order, at::kLong);
}

/// Which points train, which choose the regression, which measure it.
struct Split {
  Tensor training, validation, held_out;

  Tensor all_but_held_out() const { return at::cat({training, validation}); }
};

Split make_split(const Dataset& data, const FitOptions& options) {
  const auto points = data.size(), axes = data.z.size(1);
  const auto apart = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::lround(options.holdout * static_cast<double>(points))));
  const auto training = points - 2 * apart, needed = 4 * (axes + 1);
  if (training < needed) {
    throw job::InputError("too few points for an emulator of " + std::to_string(axes) + " parameters: of " +
                          std::to_string(points) + " usable points " +
                          std::to_string(std::max<std::int64_t>(training, 0)) + " would train it (" +
                          std::to_string(apart) +
                          " choose the regression, as many measure its error), and at "
                          "least " +
                          std::to_string(needed) +
                          " are needed; run the scan with more samples, or give a smaller "
                          "--holdout");
  }
  const auto order = shuffled(points, options.seed);
  const auto sorted = [&](std::int64_t first, std::int64_t count) {
    return std::get<0>(order.narrow(0, first, count).sort());
  };
  return {sorted(2 * apart, training), sorted(apart, apart), sorted(0, apart)};
}

Dataset without(Dataset data, const Tensor& kept) {
  for (auto* values : {&data.sample, &data.z, &data.parameters, &data.head, &data.map, &data.scale,
                       &data.rescue, &data.numbers}) {
    *values = values->index_select(0, kept);
  }
  data.state = data.state.index_select(1, kept);
  return data;
}

/// The polynomial of the least degree that comes close to the points' layouts.
Model fit_layout(const Dataset& data, const Split& split) {
  const auto shape = layout_shape(data);
  const Samples all{data.z, packed_layout(wanted_maps(data), data.scale, layout_logarithms(shape))};
  const auto samples = chosen(all, split.training);
  const std::vector<double> stretch(static_cast<std::size_t>(data.z.size(1)), 1.0);
  Model best;
  double least = INFINITY;
  for (const double degree : {0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0}) {
    const auto exponents = total_degree_exponents(degree, stretch);
    if (best != nullptr && 4 * exponents.size(0) > samples.z.size(0)) break;
    const NestedLeastSquares squares(samples.z, exponents);
    auto model =
        std::make_shared<Chebyshev>(exponents, squares.coefficients(squares.projected(samples.targets)));
    const auto distance =
        layout_distance(data, split.validation, (*model)(data.z.index_select(0, split.validation)))
            .clamp(near, 100.0)
            .mean()
            .item<double>();
    if (best == nullptr || distance < 0.9 * least) {
      best = model;
      least = distance;
    }
    if (least <= near) break;
  }
  return best;
}

// --- regressions
// -----------------------------------------------------------------------------------------------------

std::string described(const PolynomialChoice& choice) {
  const auto terms = choice.exponents.size(0);
  return "degree " + std::to_string(static_cast<int>(choice.exponents.sum(1).max().item<double>())) + ", " +
         std::to_string(terms) + (terms == 1 ? " term" : " terms");
}

PolynomialChoice limited(PolynomialChoice choice, double degree) {
  const auto low = (choice.exponents.sum(1) <= degree).sum().item<std::int64_t>();
  choice.exponents = choice.exponents.narrow(0, 0, low).contiguous();
  choice.terms = choice.terms.clamp_max(low);
  return choice;
}

/// Every so many of the samples.
Samples thinned(const Samples& samples, std::int64_t most) {
  const auto stride = (samples.z.size(0) + most - 1) / most;
  return {samples.z.slice(0, 0, samples.z.size(0), stride),
          samples.targets.slice(0, 0, samples.z.size(0), stride)};
}

Tensor residual(const Samples& samples, const Tensor& exponents, const Tensor& coefficients) {
  return samples.targets - at::matmul(chebyshev_basis(samples.z, exponents), coefficients);
}

Build chebyshev_build(const PolynomialChoice& choice) {
  return [choice](const Samples& samples) {
    return std::make_shared<Chebyshev>(choice.exponents, fit_polynomial(samples, choice));
  };
}

/// A Gaussian process of what a polynomial leaves.
Build process_build(const PolynomialChoice& choice, const Samples& training) {
  const auto few = thinned(training, likelihood_points);
  const auto left = residual(few, choice.exponents, fit_polynomial(training, choice));
  const auto largest = std::get<1>(left.square().mean(0).topk(std::min(likelihood_targets, left.size(1))));
  const auto kernel = choose_kernel(few.z, left.index_select(1, largest));
  return [choice, kernel](const Samples& samples) {
    const auto coefficients = fit_polynomial(samples, choice);
    const auto places = thinned(samples, kernel_points);
    return std::make_shared<GaussianProcess>(
        fit_kernel(places.z, residual(places, choice.exponents, coefficients), kernel), choice.exponents,
        coefficients);
  };
}

Build perceptron_build(const PolynomialChoice& choice, std::uint64_t seed) {
  return [choice, seed](const Samples& samples) {
    const auto coefficients = fit_polynomial(samples, choice);
    PerceptronSettings settings;
    settings.seed = seed;
    return std::make_shared<Perceptron>(
        fit_perceptron(samples.z, residual(samples, choice.exponents, coefficients), settings),
        choice.exponents, coefficients);
  };
}

// --- scalars
// ---------------------------------------------------------------------------------------------------------

/// The scalars that can be learned, with what regressions are given: logarithms of those of one sign.
struct Quantities {
  std::vector<Scalar> scalars;
  Tensor values;   // (N, S)
  Tensor targets;  // (N, S)
  Tensor sizes;    // (S): what an error of one that changes its sign is relative to, 0 for others
};

Quantities some_of(const Quantities& all, const std::vector<std::int64_t>& columns) {
  const auto taken = at::tensor(columns, at::kLong);
  Quantities some{{},
                  all.values.index_select(1, taken),
                  all.targets.index_select(1, taken),
                  all.sizes.index_select(0, taken)};
  for (const auto s : columns) some.scalars.push_back(all.scalars[static_cast<std::size_t>(s)]);
  return some;
}

Quantities make_quantities(const Dataset& data) {
  Quantities result{data.scalars, data.numbers, data.numbers.clone(),
                    at::zeros({data.numbers.size(1)}, at::kDouble)};
  for (std::size_t s = 0; s < data.scalars.size(); ++s) {
    const auto i = static_cast<std::int64_t>(s);
    const auto column = data.numbers.select(1, i);
    const auto numbers = column.masked_select(column.isfinite());
    auto& scalar = result.scalars[s];
    scalar.negative = (numbers < 0.0).all().item<bool>();
    scalar.logarithm = scalar.negative || (numbers > 0.0).all().item<bool>();
    if (scalar.logarithm) {
      result.targets.select(1, i).copy_(column.abs().log());
    } else {
      result.sizes.select(0, i).copy_(numbers.square().mean().sqrt());
    }
  }
  return result;
}

/// Relative errors of what a regression gives at points (B): (B, S).
Tensor scalar_errors(const Quantities& quantities, const Tensor& points, const Tensor& given) {
  Tensor errors = at::empty_like(given);
  for (std::size_t s = 0; s < quantities.scalars.size(); ++s) {
    const auto i = static_cast<std::int64_t>(s);
    const auto& scalar = quantities.scalars[s];
    const auto size = scalar.logarithm ? given.select(1, i).exp() : given.select(1, i);
    const auto value = scalar.negative ? -size : size;
    const auto own = quantities.values.select(1, i).index_select(0, points);
    errors.select(1, i).copy_((value - own).abs() / at::maximum(own.abs(), quantities.sizes[i]));
  }
  return errors;
}

/// What regressions are given with all columns of the size of one, so that one tolerance serves them.
struct ScaledTargets {
  ScaledTargets(const Dataset& data, const Quantities& quantities) {
    const auto known = quantities.targets.isfinite();
    const auto size = at::where(known, quantities.targets, at::zeros_like(quantities.targets)).abs().amax(0);
    unit = at::where(size > 0.0, size, at::ones_like(size));
    samples = {data.z, quantities.targets / unit};
  }
  Tensor unit;
  Samples samples;
};

/// The scalars that enough points have and that a polynomial fits: others are noise, or jump.
std::vector<std::int64_t> learnable(const Dataset& data, const Quantities& quantities, const Split& split) {
  std::vector<std::int64_t> frequent, good;
  const auto share = quantities.values.isfinite().to(at::kDouble).mean(0);
  for (std::int64_t s = 0; s < share.size(0); ++s) {
    if (share[s].item<double>() >= least_share) frequent.push_back(s);
  }
  if (frequent.empty()) return good;
  const auto some = some_of(quantities, frequent);
  const ScaledTargets scaled(data, some);
  const auto training = chosen(scaled.samples, split.training);
  const auto choice = choose_polynomial(training, chosen(scaled.samples, split.validation), scalar_tolerance);
  const Chebyshev model(choice.exponents, fit_polynomial(training, choice) * scaled.unit);
  const auto errors = scalar_errors(some, split.validation, model(data.z.index_select(0, split.validation)));
  for (std::size_t s = 0; s < frequent.size(); ++s) {
    const auto summary = summarize(errors.select(1, static_cast<std::int64_t>(s)));
    if (summary.median <= worst_scalar) good.push_back(frequent[s]);
  }
  return good;
}

Model fit_quantities(const Dataset& data, const Quantities& quantities, const Split& split) {
  if (quantities.scalars.empty()) {
    return std::make_shared<Chebyshev>(at::zeros({1, data.z.size(1)}, at::kDouble),
                                       at::zeros({1, 0}, at::kDouble));
  }
  const ScaledTargets scaled(data, quantities);
  const auto choice = choose_polynomial(chosen(scaled.samples, split.training),
                                        chosen(scaled.samples, split.validation), scalar_tolerance);
  const auto coefficients = fit_polynomial(chosen(scaled.samples, split.all_but_held_out()), choice);
  return std::make_shared<Chebyshev>(choice.exponents, coefficients * scaled.unit);
}

// --- the fit ---

class Fitter {
 public:
  Fitter(const Dataset& data, const FitOptions& options, const Split& split, Model layout,
         const Tensor& heads)
      : data_(data), options_(options), split_(split), layout_(std::move(layout)), errors_(data) {
    modes_ = proper_modes(heads.index_select(0, split_.training), options.tolerance);
    amplitudes_ = {data_.z, at::matmul(heads - modes_.mean, modes_.modes.t())};
  }

  Model amplitudes(FitReport& report) {
    const auto training = chosen(amplitudes_, split_.training);
    const auto polynomial =
        choose_polynomial(training, chosen(amplitudes_, split_.validation),
                          options_.tolerance / std::sqrt(static_cast<double>(modes_.modes.size(0))));
    using Choice = RegressionChoice;
    const bool automatic = options_.regression == Choice::automatic;
    const auto wanted = [&](Choice choice) { return automatic || options_.regression == choice; };
    if (wanted(Choice::chebyshev))
      attempt("chebyshev", described(polynomial), [&] { return chebyshev_build(polynomial); });
    const auto low = limited(polynomial, 2.0);
    if (wanted(Choice::gaussian_process) && !below(good_error)) {
      attempt("gaussian_process", "around degree 2 at most", [&] { return process_build(low, training); });
      attempt("gaussian_process", "around " + described(polynomial),
              [&] { return process_build(polynomial, training); });
    }
    if (wanted(Choice::perceptron) && !below(fair_error)) {
      attempt("perceptron", "beside " + described(low), [&] { return perceptron_build(low, options_.seed); });
      if (polynomial.exponents.size(0) > low.exponents.size(0)) {
        attempt("perceptron", "beside " + described(polynomial),
                [&] { return perceptron_build(polynomial, options_.seed); });
      }
    }
    report.candidates = candidates_;
    report.chosen = best_;
    report.modes = modes_.modes.size(0);
    return builds_[best_](chosen(amplitudes_, split_.all_but_held_out()));
  }

  Tensor solution_errors(const Regression& amplitudes, const Tensor& points) const {
    const auto z = data_.z.index_select(0, points);
    return errors_(points, (*layout_)(z), modes_.mean + at::matmul(amplitudes(z), modes_.modes));
  }

  const Modes& modes() const { return modes_; }

 private:
  /// Where the choice is free: what was tried has errors below this.
  bool below(double error) const {
    return options_.regression == RegressionChoice::automatic && !candidates_.empty() &&
           candidates_[best_].validation.median <= error;
  }

  void attempt(const std::string& kind, const std::string& description,
               const std::function<Build()>& prepare) {
    const Stopwatch watch;
    const auto build = prepare();
    const auto model = build(chosen(amplitudes_, split_.training));
    const auto summary = summarize(solution_errors(*model, split_.validation));
    builds_.push_back(build);
    candidates_.push_back({kind, description, summary, watch.seconds()});
    const auto quality = [&](std::size_t i) {
      return candidates_[i].validation.median * candidates_[i].validation.high;
    };
    const auto last = candidates_.size() - 1;
    if (quality(last) < 0.25 * quality(best_)) best_ = last;  // half the error, to be worth the slower kind
  }

  const Dataset& data_;
  const FitOptions& options_;
  const Split& split_;
  Model layout_;
  SolutionErrors errors_;
  Modes modes_;
  Samples amplitudes_;
  std::vector<Candidate> candidates_;
  std::vector<Build> builds_;
  std::size_t best_ = 0;
};

/// Share of held-out points whose error is below what the other ones let expect there.
double calibration(const HeldOut& held_out) {
  const auto count = held_out.z.size(0);
  double below = 0.0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto others = at::cat({at::arange(i, at::kLong), at::arange(i + 1, count, at::kLong)});
    if (others.size(0) == 0) return NAN;
    const auto expected =
        nearby_errors(held_out.z.index_select(0, others),
                      held_out.solution.index_select(0, others).unsqueeze(1), held_out.z.narrow(0, i, 1));
    below += (held_out.solution[i] <= expected.squeeze()).item<bool>() ? 1.0 : 0.0;
  }
  return below / static_cast<double>(count);
}

std::shared_ptr<Emulator> described_emulator(const Dataset& data) {
  auto emulator = std::make_shared<Emulator>();
  const auto shape = layout_shape(data);
  emulator->job = data.job;
  emulator->job_text = data.job_text;
  emulator->job_hash = data.job_hash;
  emulator->source = data.source;
  emulator->git_commit = data.git_commit;
  emulator->axes = data.axes;
  emulator->trunk = data.trunk;
  emulator->features = network::Trunk(data.job.network.activation, data.trunk).size();
  emulator->constants = shape.constants;
  emulator->scale_terms = shape.scale_terms;
  emulator->patches = shape.patches;
  emulator->map_parameters = shape.map_parameters;
  emulator->layout_logarithm = layout_logarithms(shape);
  return emulator;
}

}  // namespace

ErrorSummary summarize(const Tensor& errors) {
  const auto known = std::get<0>(errors.masked_select(~errors.isnan()).sort());
  if (known.size(0) == 0) return {NAN, NAN, NAN};
  const auto last = static_cast<double>(known.size(0) - 1);
  const auto at_share = [&](double share) {
    return known[static_cast<std::int64_t>(std::ceil(share * last))].item<double>();
  };
  return {at_share(0.5), at_share(0.99), at_share(1.0)};
}

Fitted fit(Dataset data, const FitOptions& options) {
  const Stopwatch watch;
  FitReport report;
  auto split = make_split(data, options);
  auto layout = fit_layout(data, split);
  auto projection = reproject(data, *layout);
  const auto kept = projection.missed <= worst_misfit;
  report.misfits = data.size() - kept.sum().item<std::int64_t>();
  if (report.misfits > 0) {
    const auto rows = kept.nonzero().squeeze(1);
    data = without(std::move(data), rows);
    projection.heads = projection.heads.index_select(0, rows);
    split = make_split(data, options);
  }
  const auto emulator = described_emulator(data);
  Fitter fitter(data, options, split, layout, projection.heads);
  emulator->layout = layout;
  emulator->amplitudes = fitter.amplitudes(report);
  emulator->mean = fitter.modes().mean;
  emulator->modes = fitter.modes().modes;
  const auto all_quantities = make_quantities(data);
  const auto columns = learnable(data, all_quantities, split);
  const auto quantities = some_of(all_quantities, columns);
  emulator->scalars = quantities.scalars;
  emulator->quantities = fit_quantities(data, quantities, split);
  emulator->training_z = data.z.index_select(0, split.all_but_held_out()).contiguous();
  const auto held_out_z = data.z.index_select(0, split.held_out).contiguous();
  emulator->held_out = {held_out_z, fitter.solution_errors(*emulator->amplitudes, split.held_out),
                        scalar_errors(quantities, split.held_out, (*emulator->quantities)(held_out_z))};
  emulator->reach = reach_of(emulator->training_z, held_out_z);
  report.training = split.training.size(0);
  report.validation = split.validation.size(0);
  report.held_out = split.held_out.size(0);
  report.solution = summarize(emulator->held_out.solution);
  for (const auto& column : emulator->held_out.scalars.unbind(1)) report.scalars.push_back(summarize(column));
  for (std::size_t s = 0; s < data.scalars.size(); ++s) {
    const bool taken =
        std::find(columns.begin(), columns.end(), static_cast<std::int64_t>(s)) != columns.end();
    if (!taken) report.left_out.push_back(data.scalars[s].name);
  }
  report.calibration = calibration(emulator->held_out);
  report.seconds = watch.seconds();
  return {emulator, report};
}

}  // namespace gluesweep::emulator
