#include "gluesweep/output/layout.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>

#include "gluesweep/job/error.hpp"

namespace gluesweep::output {
namespace {

// What HDF5 adds: a variable's header and attributes.
constexpr std::int64_t bytes_per_variable = 2200;
constexpr std::int64_t bytes_per_file = 16384;

std::int64_t product(const std::vector<std::int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{1}, std::multiplies<>());
}

bool composite(const std::string& unit) { return unit.find_first_of(" */^()") != std::string::npos; }

/// Unit of the derivative of order k, for UDUNITS: "mol/L" by "s" twice is "mol/L/s^2".
std::string derivative_unit(const std::string& unit, const std::string& variable_unit, int order) {
  if (order == 0 || variable_unit == "1") return unit;
  std::string divisor = composite(variable_unit) ? "(" + variable_unit + ")" : variable_unit;
  if (order > 1) divisor += "^" + std::to_string(order);
  return unit + "/" + divisor;
}

std::string or_name(const std::string& label, const std::string& name) {
  return label.empty() ? name : label;
}

class Builder {
 public:
  Builder(const job::Job& job, const sweep::Share& share, const NetworkArrays& network)
      : job_(job), problem_(job.problem), network_(network) {
    layout_.share = share;
  }

  Layout build() {
    add_coordinates();
    add_parameters();
    if (job_.output.solution) add_solution();
    if (job_.output.coefficients) add_coefficients();
    add_scalars();
    if (job_.output.matching) add_matching();
    if (job_.output.sensitivities) add_sensitivities();
    add_quality();
    add_provenance();
    add_network();
    check_names();
    return std::move(layout_);
  }

 private:
  struct Quantity {
    std::string name, unit, long_name;
  };

  void dimension(Group group, const std::string& name, std::int64_t size, bool has_variable) {
    layout_.dimensions.push_back({group, name, size, has_variable});
  }

  std::int64_t size_of_dimension(Group group, const std::string& name) const {
    for (const Dimension& known : layout_.dimensions) {
      if (known.name == name && (known.group == group || known.group == Group::root)) return known.size;
    }
    throw std::logic_error("unknown dimension " + name);
  }

  void add(Variable variable) {
    for (const std::string& name : variable.dimensions) {
      variable.shape.push_back(size_of_dimension(variable.group, name));
    }
    layout_.variables.push_back(std::move(variable));
  }

  void add_point(const std::string& name, Type type, Source source, std::int64_t index,
                 const std::string& unit, const std::string& long_name) {
    add({Group::root, name, type, {"sample"}, {}, unit, long_name, source, index});
  }

  void add_points(const std::vector<Quantity>& quantities, Source source) {
    std::int64_t index = 0;
    for (const Quantity& quantity : quantities) {
      add_point(quantity.name, Type::float64, source, index++, quantity.unit, quantity.long_name);
    }
  }

  void add_function(const std::string& name, Source source, std::int64_t index, const std::string& unit,
                    const std::string& long_name) {
    add({Group::root, name, Type::float64, {"sample", symbol()}, {}, unit, long_name, source, index});
  }

  const std::string& symbol() const { return problem_.variable.symbol; }

  void add_coordinates() {
    dimension(Group::root, "sample", layout_.share.count, true);
    dimension(Group::root, symbol(), static_cast<std::int64_t>(job_.output_points().size()), true);
    add({Group::root, "sample", Type::int64, {"sample"}, {}, "1", "sample id", Source::sample, 0});
    add({Group::root,
         symbol(),
         Type::float64,
         {symbol()},
         {},
         problem_.variable.unit,
         or_name(problem_.variable.label, symbol()),
         Source::coordinate,
         0});
  }

  void add_parameters() {
    std::int64_t index = 0;
    for (const std::size_t varied : job_.varied_parameters()) {
      const auto& parameter = problem_.parameters[varied];
      add_point(parameter.name, Type::float64, Source::parameter, index++, parameter.unit,
                or_name(parameter.label, parameter.name));
    }
  }

  void add_solution() {
    const std::vector<std::string> names = problem_.state_names();
    std::int64_t component = 0;
    for (const auto& unknown : problem_.unknowns) {
      for (int order = 0; order < unknown.order; ++order, ++component) {
        std::string long_name = or_name(unknown.label, unknown.name);
        if (order == 1) long_name += ", first derivative by " + symbol();
        if (order > 1) long_name += ", derivative of order " + std::to_string(order) + " by " + symbol();
        add_function(names.at(static_cast<std::size_t>(component)), Source::solution, component,
                     derivative_unit(unknown.unit, problem_.variable.unit, order), long_name);
      }
    }
  }

  void add_coefficients() {
    std::int64_t index = 0;
    for (const auto& patch : problem_.patches) {
      for (const auto& constant : patch.constants) {
        add_function(patch.name + "_" + constant.name, Source::coefficient, index++, "1",
                     "coefficient function " + constant.name + " of patch " + patch.name);
      }
    }
  }

  void add_scalars() {
    add_points(limit_quantities(), Source::limit);
    add_points(crossover_quantities(), Source::crossover);
    add_points(derived_quantities(), Source::derived);
  }

  void add_matching() {
    std::int64_t index = 0;
    for (const auto& unknown : problem_.unknowns) {
      add_function(unknown.name + "_matching", Source::matching, index++, unknown.unit,
                   or_name(unknown.label, unknown.name) + " by conventional matching");
    }
  }

  std::vector<Quantity> crossover_quantities() const {
    std::vector<Quantity> all;
    for (std::size_t p = 0; p + 1 < problem_.patches.size(); ++p) {
      const std::string& left = problem_.patches[p].name;
      const std::string& right = problem_.patches[p + 1].name;
      all.push_back({"crossover_" + left + "_" + right, problem_.variable.unit,
                     symbol() + " where the regimes " + left + " and " + right +
                         " change: their drift rates are equal"});
    }
    return all;
  }

  std::vector<Quantity> limit_quantities() const {
    std::vector<Quantity> all;
    for (const auto& patch : problem_.patches) {
      for (const auto& constant : patch.constants) {
        all.push_back({patch.name + "_" + constant.name + "_limit", "1",
                       "asymptotic value of " + constant.name + " of patch " + patch.name});
      }
    }
    return all;
  }

  std::vector<Quantity> derived_quantities() const {
    std::vector<Quantity> all;
    for (const auto& derived : problem_.derived) {
      all.push_back({derived.name, derived.unit, or_name(derived.label, derived.name)});
    }
    return all;
  }

  std::vector<Quantity> unknown_quantities() const {
    std::vector<Quantity> all;
    for (const auto& unknown : problem_.unknowns) {
      all.push_back({unknown.name, unknown.unit, or_name(unknown.label, unknown.name)});
    }
    return all;
  }

  /// The derivatives of some quantities by each varied parameter.
  void add_derivatives(const std::vector<Quantity>& quantities, Source source,
                       const std::vector<std::string>& dimensions, const std::string& where) {
    std::int64_t index = 0;
    for (const Quantity& quantity : quantities) {
      for (const std::size_t varied : job_.varied_parameters()) {
        const auto& parameter = problem_.parameters[varied];
        add({Group::root,
             quantity.name + "_by_" + parameter.name,
             Type::float64,
             dimensions,
             {},
             derivative_unit(quantity.unit, parameter.unit, 1),
             "derivative by " + parameter.name + where + " of: " + quantity.long_name,
             source,
             index++});
      }
    }
  }

  void add_sensitivities() {
    add_derivatives(unknown_quantities(), Source::solution_by, {"sample", symbol()}, " at fixed " + symbol());
    add_derivatives(limit_quantities(), Source::limit_by, {"sample"}, "");
    add_derivatives(crossover_quantities(), Source::crossover_by, {"sample"}, "");
    add_derivatives(derived_quantities(), Source::derived_by, {"sample"}, "");
  }

  void add_quality() {
    add_point("status", Type::uint8, Source::status, 0, "1", "how the point ended");
    add_point("defect", Type::float64, Source::defect, 0, "1", "largest weighted residual");
    add_point("error_estimate", Type::float64, Source::error_estimate, 0, "1", "estimated relative error");
    add_point("reference_error", Type::float64, Source::reference_error, 0, "1",
              "relative error against an independent integrator");
    add_point("matching_error", Type::float64, Source::matching_error, 0, "1",
              "relative error of conventional matching");
  }

  void add_provenance() {
    add_point("iterations", Type::int32, Source::iterations, 0, "1",
              job_.training.uses_adam()
                  ? "steps of Adam"
                  : "Newton steps of the element that took most, and Gauss-Newton iterations");
    add_point("seconds", Type::float64, Source::seconds, 0, "s",
              "wall time of the point's block over its points");
    add_point("rescue", Type::uint8, Source::rescue, 0, "1",
              "rung of the rescue ladder, 0: first attempt, 1: finer network, 2: by Gauss-Newton as well");
    add_point("seed", Type::int64, Source::seed, 0, "1", "seed of the sampler");
  }

  void add_network_array(const std::string& name, const std::vector<std::string>& dimensions,
                         const std::string& long_name, Source source, std::int64_t index = 0) {
    add({Group::network, name, Type::float64, dimensions, {}, "1", long_name, source, index});
  }

  void add_network() {
    if (job_.output.heads && network_.head_features > 0) {
      if (job_.training.method == job::Training::Method::plain) return add_plain_networks();
      const auto patches = static_cast<std::int64_t>(problem_.patches.size());
      dimension(Group::network, "feature", network_.head_features, false);
      dimension(Group::network, "constant", patches * problem_.state_size(), false);
      dimension(Group::network, "patch", patches, false);
      dimension(Group::network, "map_parameter", network_.map_parameters, false);
      dimension(Group::network, "term", network_.scale_terms, false);
      add_network_array("head", {"sample", "feature", "constant"},
                        job_.training.uses_adam() ? "weights of each point's coefficient networks"
                                                  : "output layer of each point's coefficient network",
                        Source::head);
      add_network_array("map", {"sample", "patch", "map_parameter"},
                        "parameters of the map from the variable to the networks' input", Source::map);
      add_network_array("scale", {"sample", "constant", "term"},
                        "Chebyshev coefficients of the logarithm of each constant's natural size",
                        Source::scale);
    }
    for (std::size_t i = 0; i < network_.trunk.size(); ++i) {
      const auto& [name, array] = network_.trunk[i];
      add_network_array(name, trunk_dimensions(name, array),
                        "array " + name + " of the hidden layers that all points share", Source::trunk,
                        static_cast<std::int64_t>(i));
    }
  }

  /// Networks of the state itself: no constants, and one linear map for all points.
  void add_plain_networks() {
    dimension(Group::network, "feature", network_.head_features, false);
    dimension(Group::network, "component", problem_.state_size(), false);
    add_network_array("head", {"sample", "feature", "component"},
                      "weights of each point's networks for the state", Source::head);
  }

  /// Hidden layers are (neuron), (neuron, neuron_in); the last one mixes neurons and the number 1 into
  /// features.
  std::vector<std::string> trunk_dimensions(const std::string& name, const at::Tensor& array) {
    const std::string last = name.substr(name.rfind('_') + 1);
    std::vector<std::string> roles{"neuron", "neuron_in"};
    if (last == "mixing") roles = {"neuron_or_one", "feature"};
    std::vector<std::string> names;
    for (std::int64_t axis = 0; axis < array.dim(); ++axis) {
      const auto place = static_cast<std::size_t>(axis);
      names.push_back(network_dimension(place < roles.size() ? roles[place] : "axis_" + std::to_string(axis),
                                        array.size(axis)));
    }
    return names;
  }

  /// The dimension of this role and size; trunks of different sizes tell theirs apart by the size.
  std::string network_dimension(const std::string& role, std::int64_t size) {
    for (const std::string& name : {role, role + "_" + std::to_string(size)}) {
      const auto known =
          std::find_if(layout_.dimensions.begin(), layout_.dimensions.end(),
                       [&](const Dimension& d) { return d.group == Group::network && d.name == name; });
      if (known == layout_.dimensions.end()) {
        dimension(Group::network, name, size, false);
        return name;
      }
      if (known->size == size) return name;
    }
    throw std::logic_error("two dimensions of size " + std::to_string(size) + " for " + role);
  }

  void check_names() const {
    std::set<std::pair<Group, std::string>> names;
    for (const Dimension& d : layout_.dimensions) {
      if (!d.has_variable) names.insert({d.group, d.name});
    }
    names.insert({Group::root, "network"});  // the group's own name
    for (const Variable& v : layout_.variables) {
      if (names.insert({v.group, v.name}).second) continue;
      throw job::InputError(
          "the sweep file of problem '" + problem_.name + "' would have two variables named '" + v.name +
          "' (the second: " + v.long_name +
          "): rename the parameter, unknown, constant, patch or derived quantity of that name");
    }
  }

  const job::Job& job_;
  const job::Problem& problem_;
  const NetworkArrays& network_;
  Layout layout_;
};

at::Tensor source_rows(const Variable& variable, const job::Job& job, const at::Tensor& swept,
                       const training::BlockResult& result) {
  switch (variable.source) {
    case Source::parameter: return swept.select(1, variable.index);
    case Source::solution: return result.solution[variable.index];
    case Source::coefficient: return result.coefficients[variable.index];
    case Source::limit: return result.limits[variable.index];
    case Source::crossover: return result.crossovers[variable.index];
    case Source::derived: return result.derived[variable.index];
    case Source::matching: return result.matching[variable.index];
    case Source::solution_by: return result.solution_by[variable.index];
    case Source::limit_by: return result.limits_by[variable.index];
    case Source::crossover_by: return result.crossovers_by[variable.index];
    case Source::derived_by: return result.derived_by[variable.index];
    case Source::status: return result.status;
    case Source::defect: return result.defect;
    case Source::error_estimate: return result.error_estimate;
    case Source::reference_error: return result.reference_error;
    case Source::matching_error: return result.matching_error;
    case Source::iterations: return result.iterations;
    case Source::seconds: return result.seconds;
    case Source::rescue: return result.rescue;
    case Source::seed: return at::full({swept.size(0)}, static_cast<std::int64_t>(job.sweep.seed), at::kLong);
    case Source::head: return result.head;
    case Source::map: return result.map;
    case Source::scale: return result.scale;
    case Source::sample:
    case Source::coordinate:
    case Source::trunk: break;
  }
  throw std::logic_error(variable.name + " has no rows in a block's result");
}

}  // namespace

at::ScalarType scalar_type(Type type) {
  switch (type) {
    case Type::int64: return at::kLong;
    case Type::int32: return at::kInt;
    case Type::uint8: return at::kByte;
    case Type::float64: break;
  }
  return at::kDouble;
}

std::int64_t size_of(Type type) {
  switch (type) {
    case Type::int32: return 4;
    case Type::uint8: return 1;
    case Type::float64:
    case Type::int64: break;
  }
  return 8;
}

Layout make_layout(const job::Job& job, const sweep::Share& share, const NetworkArrays& network) {
  if (share.count < 1)
    throw job::InputError("the sweep has no samples: give sweep.samples, points or a list");
  return Builder(job, share, network).build();
}

std::int64_t expected_bytes(const Layout& layout) {
  std::int64_t bytes = bytes_per_file;
  for (const Variable& variable : layout.variables) {
    bytes += bytes_per_variable + product(variable.shape) * size_of(variable.type);
  }
  return bytes;
}

at::Tensor rows_of(const Variable& variable, const job::Job& job, const at::Tensor& swept,
                   const training::BlockResult& result) {
  const at::Tensor rows =
      source_rows(variable, job, swept, result).to(at::kCPU, scalar_type(variable.type)).contiguous();
  std::vector<std::int64_t> expected = variable.shape;
  expected[0] = swept.size(0);
  if (rows.sizes() != at::IntArrayRef(expected)) {
    throw std::logic_error("training returned rows of a wrong shape for the variable " + variable.name);
  }
  return rows;
}

}  // namespace gluesweep::output
