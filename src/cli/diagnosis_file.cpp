#include "gluesweep/output/diagnosis_file.hpp"

#include <cmath>
#include <limits>

#include "diagnosis.hpp"
#include "gluesweep/cli/version.hpp"
#include "gluesweep/job/reader.hpp"

namespace gluesweep::cli {
namespace {

using at::Tensor;
using network::Estimates;
using output::Diagnosis;

template <class Values, class Function>
Tensor column_of(const Values& values, Function&& function) {
  std::vector<double> numbers;
  for (const auto& value : values) numbers.push_back(function(value));
  return at::tensor(numbers, at::kDouble);
}

Tensor counted_from(std::int64_t first, std::int64_t count) {
  return at::arange(first, first + count, at::kLong).to(at::kDouble);
}

void add_estimates(Diagnosis& file, const std::string& name, const std::vector<std::string>& dimensions,
                   const std::string& long_name, const Estimates& values) {
  file.add(name, dimensions, long_name, values.value);
  file.add(name + "_error", dimensions, "standard error of " + name, values.error);
}

void add_attributes(Diagnosis& file, const TrunkDiagnosis& found, const DiagnoseOptions& options) {
  const auto& subject = found.subject;
  file.attributes = {{"title", "Diagnosis of a trunk of " + subject.job.problem.name},
                     {"problem", subject.job.problem.name},
                     {"source", "gluesweep " + program_version()},
                     {"git_commit", git_commit()},
                     {"subject", subject.origin},
                     {"job", job::resolved_yaml(subject.job)},
                     {"job_hash", job::job_hash(subject.job)},
                     {"activation", network::activation_name(subject.trunk.activation())},
                     {"skip", subject.trunk.skip() == job::Network::Skip::none ? "none" : "residual"},
                     {"layers", subject.trunk.layers()},
                     {"width", subject.trunk.width()},
                     {"sigma_w", std::sqrt(subject.couplings.weight_variance)},
                     {"sigma_b", std::sqrt(subject.couplings.bias_variance)},
                     {"draws", std::int64_t{options.draws}},
                     {"seed", static_cast<std::int64_t>(options.seed)},
                     {"symmetry_p_value", found.symmetry.p_value},
                     {"rank", found.spectrum.rank},
                     {"condition", found.spectrum.condition}};
  if (found.fixed_point) {
    const auto& fixed = *found.fixed_point;
    file.attributes.insert(file.attributes.end(), {{"phase", network::phase_name(fixed.phase)},
                                                   {"fixed_length", fixed.q},
                                                   {"fixed_correlation", fixed.c},
                                                   {"chi_1", fixed.chi_1},
                                                   {"length_depth", fixed.length_depth},
                                                   {"correlation_depth", fixed.correlation_depth}});
  }
  if (found.critical) {
    file.attributes.insert(file.attributes.end(), {{"critical_sigma_w", found.critical->sigma_w},
                                                   {"critical_length", found.critical->q},
                                                   {"critical_length_slope", found.critical->length_slope}});
  }
}

void add_layers(Diagnosis& file, const TrunkDiagnosis& found) {
  using Layer = network::LayerStatistics;
  const auto add = [&](const std::string& name, const std::string& long_name, double (*value)(const Layer&)) {
    file.add(name, {"layer"}, long_name, column_of(found.layers, value));
  };
  file.add("layer", {"layer"}, "hidden layer, from 1", counted_from(1, found.subject.trunk.layers()));
  add("weight_variance", "sigma_w^2: variance of the weights times the number of inputs",
      [](const Layer& layer) { return layer.weight_variance.value; });
  add("weight_variance_error", "standard error of weight_variance",
      [](const Layer& layer) { return layer.weight_variance.error; });
  add("bias_variance", "sigma_b^2: variance of the biases",
      [](const Layer& layer) { return layer.bias_variance.value; });
  add("bias_variance_error", "standard error of bias_variance",
      [](const Layer& layer) { return layer.bias_variance.error; });
  add("weight_kurtosis", "excess kurtosis of the weights",
      [](const Layer& layer) { return layer.weight_kurtosis; });
  add("activation_mean", "mean of the neurons over the nodes", [](const Layer& layer) { return layer.mean; });
  add("activation_variance", "variance of the neurons over the nodes",
      [](const Layer& layer) { return layer.variance; });
  add("activation_kurtosis", "excess kurtosis of the neurons over the nodes",
      [](const Layer& layer) { return layer.kurtosis; });
}

/// Curves of a trunk with fewer layers, with NaN behind its end.
Tensor padded(const Tensor& rows, std::int64_t count) {
  const Tensor all =
      at::full({count, rows.size(1)}, std::numeric_limits<double>::quiet_NaN(), rows.options());
  all.narrow(0, 0, rows.size(0)).copy_(rows);
  return all;
}

void add_curves(Diagnosis& file, const TrunkDiagnosis& found) {
  const auto depth = found.predicted.length.size(0);
  const Tensor separation = column_of(found.pairs, [&](const auto& pair) {
    return (found.places[pair.second] - found.places[pair.first]).template item<double>();
  });
  file.add("depth", {"depth"}, "layer l of the curves, from 2", counted_from(2, depth));
  file.add("place", {"place"}, "input xi", found.places);
  file.add("separation", {"separation"}, "distance of two inputs, on either side of 0", separation);
  file.add("predicted_length", {"depth", "place"}, "q_l at infinite width", found.predicted.length);
  file.add("predicted_correlation", {"depth", "separation"}, "c_l at infinite width",
           found.predicted.correlation);
  file.add("trunk_length", {"depth", "place"}, "q_l of the trunk", padded(found.own.length, depth));
  file.add("trunk_correlation", {"depth", "separation"}, "c_l of the trunk",
           padded(found.own.correlation, depth));
  if (found.widths.empty()) return;
  const auto stacked = [&](auto curves_of) {
    std::vector<Tensor> lengths, correlations;
    for (const auto& width : found.widths) {
      lengths.push_back(curves_of(width.curves).length);
      correlations.push_back(curves_of(width.curves).correlation);
    }
    return network::DepthCurves{at::stack(lengths), at::stack(correlations)};
  };
  file.add("sampled_width", {"sampled_width"}, "width of the random networks",
           column_of(found.widths, [](const auto& width) { return static_cast<double>(width.width); }));
  const auto add = [&](const std::string& suffix, const std::string& text,
                       const network::DepthCurves& curves) {
    file.add("sampled_length" + suffix, {"sampled_width", "depth", "place"}, text + " of q_l", curves.length);
    file.add("sampled_correlation" + suffix, {"sampled_width", "depth", "separation"}, text + " of c_l",
             curves.correlation);
  };
  add("", "mean over random networks", stacked([](const auto& curves) { return curves.mean; }));
  add("_error", "standard error of the mean", stacked([](const auto& curves) { return curves.error; }));
  add("_spread", "standard deviation of one network",
      stacked([](const auto& curves) { return curves.spread; }));
}

void add_flow(Diagnosis& file, const TrunkDiagnosis& found) {
  if (found.flow.empty()) return;
  using Step = network::FlowStep;
  const auto add = [&](const std::string& name, const std::string& long_name, double (*value)(const Step&)) {
    file.add(name, {"step"}, long_name, column_of(found.flow, value));
  };
  file.add("step", {"step"}, "renormalization-group steps",
           counted_from(0, static_cast<std::int64_t>(found.flow.size())));
  add("flow_weight_variance", "sigma_w^2 after the steps, at infinite width",
      [](const Step& step) { return step.couplings.weight_variance; });
  add("flow_bias_variance", "sigma_b^2 after the steps, at infinite width",
      [](const Step& step) { return step.couplings.bias_variance; });
  add("flow_chi_1", "chi_1 after the steps, at infinite width", [](const Step& step) { return step.chi_1; });
  add("flow_correlation_depth", "1 / |ln chi_1| in layers that remain",
      [](const Step& step) { return step.correlation_depth; });
  if (!found.sampled_flow) return;
  const auto& sampled = *found.sampled_flow;
  add_estimates(file, "sampled_flow_weight_variance", {"step"}, "sigma_w^2 of sampled networks",
                sampled.weight_variance);
  add_estimates(file, "sampled_flow_bias_variance", {"step"}, "sigma_b^2 of sampled networks",
                sampled.bias_variance);
  add_estimates(file, "sampled_flow_chi_1", {"step"}, "chi_1 of sampled networks", sampled.chi_1);
  add_estimates(file, "sampled_flow_length", {"step"}, "q of sampled networks", sampled.length);
}

void add_two_steps(Diagnosis& file, const TrunkDiagnosis& found) {
  if (!found.two_steps) return;
  const auto& map = *found.two_steps;
  file.add("correlation", {"correlation"}, "c of two inputs of length q*", map.correlation);
  file.add("two_step_composed", {"correlation"}, "c after two layers, at infinite width", map.composed);
  file.add("two_step_effective", {"correlation"}, "c after one layer with the decimated couplings",
           map.effective);
  add_estimates(file, "two_step_sampled", {"correlation"}, "c after two layers of sampled networks",
                map.sampled);
}

void add_transition(Diagnosis& file, const TrunkDiagnosis& found) {
  if (!found.transition) return;
  const auto& transition = *found.transition;
  file.add("sigma_w", {"sigma_w"}, "sigma_w of random networks around the transition", transition.sigma_w);
  file.add("finite_depth", {"finite_depth"}, "layers L", transition.depth);
  add_estimates(file, "log_growth", {"sigma_w", "finite_depth"},
                "ln of the growth of the square of a small change over L layers", transition.log_growth);
  add_estimates(file, "difference", {"sigma_w", "finite_depth"}, "1 - c after L layers from c = 0.5",
                transition.difference);
  file.attributes.insert(file.attributes.end(),
                         {{"measured_critical_sigma_w", transition.critical_sigma_w.value},
                          {"measured_critical_sigma_w_error", transition.critical_sigma_w.error},
                          {"nu", transition.nu.value},
                          {"nu_error", transition.nu.error}});
}

/// The line chi_1 = 1 for the picture of the phases.
void add_diagram(Diagnosis& file, const TrunkDiagnosis& found) {
  if (!found.critical) return;
  constexpr int count = 31;
  const double largest = std::max(1.0, 1.5 * std::sqrt(found.subject.couplings.bias_variance));
  const Tensor bias = at::linspace(0.0, largest, count, at::kDouble);
  std::vector<double> critical, slope;
  for (int i = 0; i < count; ++i) {
    const auto point = network::critical_point(found.subject.trunk.activation(), bias[i].item<double>());
    critical.push_back(point.sigma_w);
    slope.push_back(point.length_slope);
  }
  file.add("critical_line_sigma_b", {"critical_line_sigma_b"}, "sigma_b", bias);
  file.add("critical_line_sigma_w", {"critical_line_sigma_b"}, "sigma_w with chi_1 = 1 at its fixed point",
           at::tensor(critical, at::kDouble));
  file.add("critical_line_length_slope", {"critical_line_sigma_b"},
           "dq'/dq there; above 1 no network comes to that point by itself", at::tensor(slope, at::kDouble));
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : "; ") + name;
  return text;
}

void add_features(Diagnosis& file, const TrunkDiagnosis& found) {
  file.add("singular_value", {"number"}, "singular values of the neurons on the nodes, over the largest",
           found.spectrum.values);
  std::vector<std::string> names;
  for (const auto& function : network::test_functions()) names.push_back(function.name);
  file.attributes.emplace_back("functions", listed(names));
  file.add("function_error", {"function"}, "largest error of the best fit over the function's largest size",
           found.function_errors);
  if (!found.coefficients) return;
  file.attributes.emplace_back("constants", listed(found.coefficients->names));
  file.add("coefficient_error", {"sample", "constant"},
           "largest error of the best fit to the coefficient functions of a scan's points, over their size",
           found.coefficients->errors);
}

}  // namespace

void write_diagnosis_file(const std::string& path, const TrunkDiagnosis& found,
                          const DiagnoseOptions& options) {
  Diagnosis file;
  add_attributes(file, found, options);
  add_layers(file, found);
  add_curves(file, found);
  add_flow(file, found);
  add_two_steps(file, found);
  add_transition(file, found);
  add_diagram(file, found);
  add_features(file, found);
  output::write_diagnosis(path, file);
}

}  // namespace gluesweep::cli
