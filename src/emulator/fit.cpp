#include "gluesweep/emulator/fit.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

#include "gluesweep/emulator/chebyshev.hpp"
#include "gluesweep/emulator/domain.hpp"
#include "gluesweep/emulator/gaussian_process.hpp"
#include "gluesweep/emulator/perceptron.hpp"
#include "gluesweep/emulator/pod.hpp"
#include "gluesweep/emulator/polynomial.hpp"
#include "quantities.hpp"
#include "solution_errors.hpp"
#include "split.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;
using Model = std::shared_ptr<const Regression>;
using Build = std::function<Model(const Samples&)>;

constexpr double near = 0.5;                // see layout_distance: half of what is allowed
constexpr double worst_misfit = 1.0e-4;     // of a point that is kept, as relative error of its solution
constexpr double good_error = 1.0e-5;       // median: no Gaussian process is tried
constexpr double good_for_tolerance = 3.0;  // median: no other layout is tried
constexpr double any_degree = 1.0e3;        // of a layout
constexpr double few_misfits = 0.01;        // of the points
constexpr double fair_error = 1.0e-4;       // median: no perceptron, which takes long to train
constexpr std::int64_t kernel_points =
    1024;  // a Gaussian process takes no more places: it costs too much later
constexpr std::int64_t likelihood_points = 400, likelihood_targets = 8;

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// How far regions reach into the overlaps, and how closely the points' own layouts are followed.
struct LayoutWish {
  double share, most_degree;
};

struct FittedLayout {
  Model model;
  double degree = 0.0;
};

/// The polynomial of the least degree, at most `most_degree`, that comes close to the points' layouts.
FittedLayout fit_layout(const Dataset& data, const Split& split, const LayoutWish& wish) {
  const auto shape = layout_shape(data);
  const Samples all{data.z,
                    packed_layout(wanted_maps(data, wish.share), data.scale, layout_logarithms(shape))};
  const auto samples = chosen(all, split.training);
  const std::vector<double> stretch(static_cast<std::size_t>(data.z.size(1)), 1.0);
  FittedLayout best;
  double least = INFINITY;
  for (const double degree : {0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0}) {
    if (degree > wish.most_degree) break;
    const auto exponents = total_degree_exponents(degree, stretch);
    if (best.model != nullptr && 4 * exponents.size(0) > samples.z.size(0)) break;
    const NestedLeastSquares squares(samples.z, exponents);
    auto model =
        std::make_shared<Chebyshev>(exponents, squares.coefficients(squares.projected(samples.targets)));
    const auto distance = layout_distance(data, wish.share, split.validation,
                                          (*model)(data.z.index_select(0, split.validation)))
                              .clamp(near, 100.0)
                              .mean()
                              .item<double>();
    if (best.model == nullptr || distance < 0.9 * least) {
      best = {model, degree};
      least = distance;
    }
    if (least <= near) break;
  }
  return best;
}

// --- regressions ---

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

Build perceptron_build(const PolynomialChoice& choice, const FitOptions& options) {
  return [choice, seed = options.seed, init = options.init](const Samples& samples) {
    const auto coefficients = fit_polynomial(samples, choice);
    PerceptronSettings settings;
    settings.seed = seed;
    settings.init = init;
    return std::make_shared<Perceptron>(
        fit_perceptron(samples.z, residual(samples, choice.exponents, coefficients), settings),
        choice.exponents, coefficients);
  };
}

// --- the fit ---

/// The points' heads in a layout as wished for, and their modes.
class Representation {
 public:
  Representation(Dataset data, const FitOptions& options, const LayoutWish& wish)
      : data_(std::move(data)), split_(split_of(data_, options)), layout_(fit_layout(data_, split_, wish)) {
    auto projection = reproject(data_, *layout_.model);
    const auto kept = (projection.missed <= worst_misfit).nonzero().squeeze(1);
    misfits_ = data_.size() - kept.size(0);
    if (misfits_ > 0) {
      data_ = points_of(data_, kept);
      projection.heads = projection.heads.index_select(0, kept);
      split_ = split_of(data_, options);
    }
    modes_ = proper_modes(projection.heads.index_select(0, split_.training), options.tolerance);
    amplitudes_ = {data_.z, at::matmul(projection.heads - modes_.mean, modes_.modes.t())};
    polynomial_ = choose_polynomial(training(), chosen(amplitudes_, split_.validation),
                                    options.tolerance / std::sqrt(static_cast<double>(modes_.modes.size(0))));
  }

  const Dataset& data() const { return data_; }
  const Split& split() const { return split_; }
  const Modes& modes() const { return modes_; }
  const PolynomialChoice& polynomial() const { return polynomial_; }
  Model layout() const { return layout_.model; }
  std::int64_t misfits() const { return misfits_; }
  double layout_degree() const { return layout_.degree; }
  Samples training() const { return chosen(amplitudes_, split_.training); }
  Samples all_but_held_out() const { return chosen(amplitudes_, split_.all_but_held_out()); }

  Tensor solution_errors(const Regression& amplitudes, const Tensor& points) const {
    const auto z = data_.z.index_select(0, points);
    const auto heads = modes_.mean + at::matmul(amplitudes(z), modes_.modes);
    return SolutionErrors(data_)(points, (*layout_.model)(z), heads);
  }

 private:
  static Split split_of(const Dataset& data, const FitOptions& options) {
    return make_split(data.size(), data.z.size(1), options.holdout, options.seed);
  }

  Dataset data_;
  Split split_;
  FittedLayout layout_;
  std::int64_t misfits_ = 0;
  Modes modes_;
  Samples amplitudes_;
  PolynomialChoice polynomial_;
};

/// The validation errors' median and 99% as one number.
double quality(const ErrorSummary& errors) { return errors.median * errors.high; }

/// The same of a representation, fitted by a polynomial; points that it cannot represent are all wrong.
ErrorSummary validated(const Representation& heads) {
  const auto model = chebyshev_build(heads.polynomial())(heads.training());
  auto errors = summarize(heads.solution_errors(*model, heads.split().validation));
  if (static_cast<double>(heads.misfits()) > few_misfits * static_cast<double>(heads.data().size()))
    errors.high = std::max(errors.high, 1.0);
  return errors;
}

/// The representation that a polynomial fits best. Far into the overlaps a rough layout will do; but where
/// overlaps have kinks, at hand-overs that reach the end of the domain, layouts without are better. Where
/// that does not suffice, such are tried as do not follow the kinks: with few points, polynomials that do so
/// bend everywhere.
std::unique_ptr<Representation> choose_representation(const Dataset& data, const FitOptions& options) {
  std::unique_ptr<Representation> best;
  ErrorSummary least{INFINITY, INFINITY, INFINITY};
  double highest = 0.0;  // degree of layouts
  for (const double most_degree : {any_degree, 3.0, 1.0}) {
    if (best != nullptr && (least.median <= good_error || highest <= most_degree)) break;
    for (const double share : {0.5, 0.1, 0.02}) {
      auto tried = std::make_unique<Representation>(data, options, LayoutWish{share, most_degree});
      if (most_degree == any_degree) highest = std::max(highest, tried->layout_degree());
      const auto errors = validated(*tried);
      if (best == nullptr || quality(errors) < 0.5 * quality(least)) {
        best = std::move(tried);
        least = errors;
      }
      if (errors.median <= good_for_tolerance * options.tolerance) return best;
    }
  }
  return best;
}

/// Tries the regressions that are asked for and keeps the one of the least error.
class Contest {
 public:
  Contest(const Representation& heads, const FitOptions& options) : heads_(heads), options_(options) {}

  Model run(FitReport& report) {
    using Choice = RegressionChoice;
    const auto& polynomial = heads_.polynomial();
    const auto low = limited(polynomial, 2.0);
    const auto training = heads_.training();
    const bool automatic = options_.regression == Choice::automatic;
    const auto wanted = [&](Choice choice) { return automatic || options_.regression == choice; };
    if (wanted(Choice::chebyshev)) {
      attempt("chebyshev", described(polynomial), [&] { return chebyshev_build(polynomial); });
    }
    if (wanted(Choice::gaussian_process) && !below(good_error)) {
      attempt("gaussian_process", "around degree 2 at most", [&] { return process_build(low, training); });
      attempt("gaussian_process", "around " + described(polynomial),
              [&] { return process_build(polynomial, training); });
    }
    if (wanted(Choice::perceptron) && !below(fair_error)) {
      attempt("perceptron", "beside " + described(low), [&] { return perceptron_build(low, options_); });
    }
    report.candidates = candidates_;
    report.chosen = best_;
    return builds_[best_](heads_.all_but_held_out());
  }

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
    const auto model = build(heads_.training());
    const auto errors = summarize(heads_.solution_errors(*model, heads_.split().validation));
    builds_.push_back(build);
    candidates_.push_back({kind, description, errors, watch.seconds()});
    // Half the error, to be worth the slower kind.
    if (quality(errors) < 0.25 * quality(candidates_[best_].validation)) best_ = candidates_.size() - 1;
  }

  const Representation& heads_;
  const FitOptions& options_;
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
  emulator->trunk = data.trunks.front().arrays();
  emulator->features = data.trunks.front().size();
  emulator->constants = shape.constants;
  emulator->scale_terms = shape.scale_terms;
  emulator->patches = shape.patches;
  emulator->map_parameters = shape.map_parameters;
  emulator->layout_logarithm = layout_logarithms(shape);
  return emulator;
}

std::vector<std::string> names_without(const std::vector<Scalar>& all, const std::vector<Scalar>& some) {
  std::vector<std::string> names;
  for (const auto& scalar : all) {
    const auto same = [&](const Scalar& other) { return other.name == scalar.name; };
    if (std::none_of(some.begin(), some.end(), same)) names.push_back(scalar.name);
  }
  return names;
}

}  // namespace

RegressionChoice regression_choice(const std::string& kind) {
  if (kind == "chebyshev") return RegressionChoice::chebyshev;
  if (kind == "gaussian_process") return RegressionChoice::gaussian_process;
  if (kind == "perceptron") return RegressionChoice::perceptron;
  return RegressionChoice::automatic;
}

ErrorSummary summarize(const Tensor& errors) {
  const auto known = std::get<0>(errors.masked_select(~errors.isnan()).sort());
  if (known.size(0) == 0) return {NAN, NAN, NAN};
  const auto last = static_cast<double>(known.size(0) - 1);
  const auto at_share = [&](double share) {
    return known[static_cast<std::int64_t>(std::ceil(share * last))].item<double>();
  };
  return {at_share(0.5), at_share(0.99), at_share(1.0)};
}

Fitted fit(const Dataset& all, const FitOptions& options) {
  const Stopwatch watch;
  FitReport report;
  const auto heads = choose_representation(all, options);
  const auto& data = heads->data();
  const auto& split = heads->split();
  const auto emulator = described_emulator(data);
  emulator->layout = heads->layout();
  emulator->amplitudes = Contest(*heads, options).run(report);
  emulator->mean = heads->modes().mean;
  emulator->modes = heads->modes().modes;
  const auto quantities = make_quantities(data, split);
  emulator->scalars = quantities.scalars;
  emulator->quantities = fit_quantities(data, quantities, split);
  emulator->training_z = data.z.index_select(0, split.all_but_held_out()).contiguous();
  const auto held_out_z = data.z.index_select(0, split.held_out).contiguous();
  emulator->held_out = {held_out_z, heads->solution_errors(*emulator->amplitudes, split.held_out),
                        scalar_errors(quantities, split.held_out, (*emulator->quantities)(held_out_z))};
  emulator->reach = reach_of(emulator->training_z, held_out_z);
  report.training = split.training.size(0);
  report.validation = split.validation.size(0);
  report.held_out = split.held_out.size(0);
  report.misfits = heads->misfits();
  report.modes = emulator->modes.size(0);
  report.solution = summarize(emulator->held_out.solution);
  for (const auto& column : emulator->held_out.scalars.unbind(1)) report.scalars.push_back(summarize(column));
  report.left_out = names_without(data.scalars, emulator->scalars);
  report.calibration = calibration(emulator->held_out);
  report.seconds = watch.seconds();
  return {emulator, report};
}

}  // namespace gluesweep::emulator
