#include <algorithm>
#include <cmath>

#include "diagnosis.hpp"
#include "text.hpp"

namespace gluesweep::cli {
namespace {

using at::Tensor;
using network::Estimate;
using network::Estimates;

std::string entry(const std::string& name, const std::string& text) { return line(name, text, 26); }

/// Four digits after the point; "infinite" and "-" for what has none.
std::string number_text(double value) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return "infinite";
  constexpr double half_a_digit = 0.5e-4;
  return fixed(std::abs(value) < half_a_digit ? 0.0 : value, 4);
}

/// The root of a variance; that of a negative one, which no real layer has, is imaginary.
std::string root_text(double variance) {
  constexpr double rounding = 1.0e-12;
  return variance < -rounding ? fixed(std::sqrt(-variance), 4) + "i"
                              : number_text(std::sqrt(std::max(variance, 0.0)));
}

std::string with_error(double value, double error) {
  return number_text(value) + (std::isnan(error) ? "" : " +- " + fixed(error, 4));
}

/// Of a variance, as that of its root.
std::string root_with_error(const Estimate& variance) {
  if (std::isnan(variance.value)) return "-";
  const double root = std::sqrt(variance.value);
  return with_error(root, root > 0.0 ? 0.5 * variance.error / root : 0.0);
}

using Rows = std::vector<std::vector<std::string>>;

/// Right-aligned columns.
std::string columns_text(const Rows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());
  }
  std::string text;
  for (const auto& row : rows) {
    text += "  ";
    for (std::size_t column = 0; column < row.size(); ++column)
      text += "  " + std::string(widths[column] - row[column].size(), ' ') + row[column];
    text += "\n";
  }
  return text;
}

std::string trunk_text(const TrunkDiagnosis& found) {
  const auto& trunk = found.subject.trunk;
  const auto& values = found.spectrum.values;
  return entry("trunk", counted(trunk.layers(), "layer") + " of " + grouped(trunk.width()) + " neurons, " +
                            network::activation_name(trunk.activation()) +
                            (trunk.skip() == job::Network::Skip::none ? "" : ", residual") + ", of the " +
                            found.subject.origin) +
         (found.subject.origin == "job" && found.network().train.points > 0
              ? entry("", "trained on points of the job, as a run trains it")
              : "") +
         entry("features", grouped(found.spectrum.rank) + " on " + grouped(found.subject.elements.size()) +
                               " nodes, condition " + rough(found.spectrum.condition)) +
         entry("  singular values", "down to " + rough(values[-1].item<double>()) + " of the largest");
}

std::string layers_text(const TrunkDiagnosis& found) {
  Rows rows{{"layer", "sigma_w", "sigma_b", "neurons: mean", "variance", "excess kurtosis"}};
  for (std::size_t layer = 0; layer < found.layers.size(); ++layer) {
    const auto& own = found.layers[layer];
    rows.push_back({std::to_string(layer + 1), root_with_error(own.weight_variance),
                    root_with_error(own.bias_variance), fixed(own.mean, 3), fixed(own.variance, 3),
                    fixed(own.kurtosis, 2)});
  }
  std::string text = "couplings\n" + columns_text(rows);
  const auto& symmetry = found.symmetry;
  if (std::isnan(symmetry.p_value)) return text;
  return text + entry("equal along the depth", "p = " + rough(symmetry.p_value) + " (weights " +
                                                   rough(symmetry.weights.p_value) + ", biases " +
                                                   rough(symmetry.biases.p_value) + ")");
}

std::string theory_text(const TrunkDiagnosis& found) {
  const auto& couplings = found.subject.couplings;
  std::string text = "infinite width\n" +
                     entry("couplings", "sigma_w " + number_text(std::sqrt(couplings.weight_variance)) +
                                            ", sigma_b " + number_text(std::sqrt(couplings.bias_variance)));
  if (!found.fixed_point) return text + entry("phase", "none: with skip connections lengths add up");
  const auto& point = *found.fixed_point;
  const auto& critical = *found.critical;
  text += entry("phase",
                std::string(network::phase_name(point.phase)) +
                    (point.phase == network::Phase::divergent ? ": the length grows without bound" : ""));
  if (point.phase != network::Phase::divergent) {
    text += entry("fixed point", "q* " + number_text(point.q) + ", c* " + number_text(point.c) + ", chi_1 " +
                                     number_text(point.chi_1));
    text += entry("depth scales", "length " + number_text(point.length_depth) + ", correlation " +
                                      number_text(point.correlation_depth) + " layers");
  }
  const bool reached = critical.length_slope <= 1.0 + 1.0e-6;
  return text + entry("critical", "sigma_w " + number_text(critical.sigma_w) + " at this sigma_b" +
                                      (reached ? "" : "; no network comes to it, its length is unstable"));
}

/// "largest deviation 2.1 standard errors, 98% within 2" of measured from expected values.
std::string deviation_text(const Estimates& measured, const Tensor& expected) {
  const Tensor deviation = ((measured.value - expected) / measured.error).abs();
  const Tensor known = deviation.masked_select(measured.error > 1.0e-12);
  if (known.numel() == 0) return "nothing varies";
  return "largest deviation " + fixed(known.max().item<double>(), 1) + " standard errors, " +
         percent((known < 3.0).to(at::kDouble).mean().item<double>()) + " within 3";
}

std::string curves_text(const TrunkDiagnosis& found) {
  std::string text;
  for (const auto& width : found.widths) {
    const auto& curves = width.curves;
    text +=
        "random networks of width " + grouped(width.width) + "\n" +
        entry("lengths", deviation_text({curves.mean.length, curves.error.length}, found.predicted.length)) +
        entry("correlations", deviation_text({curves.mean.correlation, curves.error.correlation},
                                             found.predicted.correlation));
  }
  return text;
}

std::string flow_text(const TrunkDiagnosis& found) {
  if (found.flow.empty()) return "";
  const auto& sampled = found.sampled_flow;
  Rows rows{{"layers into one", "sigma_w", "sigma_b", "chi_1", "depth scale"}};
  if (sampled) {
    for (const auto* name : {"sigma_w^2 sampled", "expected", "sigma_b^2 sampled", "expected"})
      rows.front().emplace_back(name);
  }
  for (std::size_t step = 0; step < found.flow.size(); ++step) {
    const auto& own = found.flow[step];
    rows.push_back({std::to_string(std::int64_t{1} << step), root_text(own.couplings.weight_variance),
                    root_text(own.couplings.bias_variance), number_text(own.chi_1),
                    number_text(own.correlation_depth)});
    if (!sampled) continue;
    const auto at = static_cast<std::int64_t>(step);
    const auto measured = [at](const Estimates& values) {
      return with_error(values.value[at].item<double>(), values.error[at].item<double>());
    };
    for (const auto& cell : {measured(sampled->weight_variance), number_text(own.couplings.weight_variance),
                             measured(sampled->bias_variance), number_text(own.couplings.bias_variance)})
      rows.back().push_back(cell);
  }
  std::string text = "layers integrated out" +
                     (sampled ? ", sampled at width " + grouped(found.width) : std::string()) + "\n" +
                     columns_text(rows);
  if (found.two_steps)
    text += entry("map of two layers", deviation_text(found.two_steps->sampled, found.two_steps->composed));
  return text;
}

std::string transition_text(const TrunkDiagnosis& found) {
  if (!found.transition) return "";
  const auto& transition = *found.transition;
  return "transition, found from networks of width " + grouped(found.width) + "\n" +
         entry("sigma_w", with_error(transition.critical_sigma_w.value, transition.critical_sigma_w.error) +
                              ", expected " + number_text(found.critical->sigma_w)) +
         entry("exponent nu", with_error(transition.nu.value, transition.nu.error));
}

std::string fits_text(const TrunkDiagnosis& found) {
  std::string text = "errors of the best fits, over the function's size\n";
  const auto& functions = network::test_functions();
  for (std::size_t i = 0; i < functions.size(); ++i)
    text +=
        entry(functions[i].name, rough(found.function_errors[static_cast<std::int64_t>(i)].item<double>()));
  if (!found.coefficients) return text;
  const auto& fits = *found.coefficients;
  text += "the same to the coefficient functions of " + counted(fits.errors.size(0), "point") + "\n";
  for (std::size_t k = 0; k < fits.names.size(); ++k) {
    const Tensor errors = fits.errors.select(1, static_cast<std::int64_t>(k));
    text += entry(fits.names[k], "median " + rough(errors.median().item<double>()) + ", largest " +
                                     rough(errors.max().item<double>()));
  }
  return text;
}

}  // namespace

std::string diagnosis_text(const TrunkDiagnosis& found) {
  return found.subject.job.problem.name + "\n" + trunk_text(found) + layers_text(found) + theory_text(found) +
         curves_text(found) + flow_text(found) + transition_text(found) + fits_text(found);
}

}  // namespace gluesweep::cli
