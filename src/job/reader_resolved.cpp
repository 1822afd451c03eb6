#include <array>
#include <cstdio>
#include <cstring>

#include "enum_names.hpp"
#include "gluesweep/job/reader.hpp"
#include "text.hpp"

namespace gluesweep::job {

namespace {

/// A text in double quotes that YAML reads back as it was.
std::string scalar(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += std::string("\\") + c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02X", static_cast<unsigned>(byte));
      result += escape.data();
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string scalar(const Expression& expression) { return scalar(expression.text); }

std::string list_of(const std::vector<double>& values) {
  std::vector<std::string> words;
  for (const double value : values) words.push_back(to_text(value));
  return "[" + joined(words) + "]";
}

/// `key: value` pairs of one flow mapping.
class FlowMap {
 public:
  FlowMap& add(const std::string& key, const std::string& value) {
    words_.push_back(key + ": " + value);
    return *this;
  }
  bool empty() const { return words_.empty(); }
  std::string text() const { return "{" + joined(words_) + "}"; }

 private:
  std::vector<std::string> words_;
};

std::string bounds(double low, double high) { return list_of({low, high}); }

std::string word(bool value) { return value ? "true" : "false"; }

/// What is written: everything, or only the settings that the job's method uses.
enum class Contents { all, decisive };

class Writer {
 public:
  Writer(const Job& job, Contents contents) : job_(job), contents_(contents) {}

  std::string text() {
    write_problem(job_.problem);
    write_sweep(job_.sweep);
    write_settings();
    return std::move(text_);
  }

 private:
  void line(int depth, const std::string& content) {
    text_ += std::string(static_cast<std::size_t>(2 * depth), ' ') + content + "\n";
  }

  void write_problem(const Problem& problem) {
    line(0, "problem:");
    line(1, "name: " + problem.name);
    line(1, "description: " + scalar(problem.description));
    const Variable& variable = problem.variable;
    line(1, "variable: " + FlowMap()
                               .add("symbol", variable.symbol)
                               .add("range", bounds(variable.start, variable.end))
                               .add("scale", name_of(variable.scale))
                               .add("unit", scalar(variable.unit))
                               .add("label", scalar(variable.label))
                               .text());
    line(1, problem.parameters.empty() ? "parameters: {}" : "parameters:");
    for (const Parameter& parameter : problem.parameters) {
      FlowMap map;
      if (parameter.has_default) map.add("default", to_text(parameter.default_value));
      map.add("unit", scalar(parameter.unit)).add("label", scalar(parameter.label));
      line(2, parameter.name + ": " + map.text());
    }
    line(1, problem.definitions.empty() ? "definitions: {}" : "definitions:");
    for (const Definition& definition : problem.definitions) {
      line(2, definition.name + ": " + scalar(definition.value));
    }
    write_unknowns(problem.unknowns);
    line(1, "conditions:");
    for (const Condition& condition : problem.conditions) write_condition(condition);
    line(1, "patches:");
    for (const Patch& patch : problem.patches) write_patch(problem, patch);
    line(1, problem.derived.empty() ? "derived: {}" : "derived:");
    for (const Derived& derived : problem.derived) {
      line(2, derived.name + ": " +
                  FlowMap()
                      .add("value", scalar(derived.value))
                      .add("unit", scalar(derived.unit))
                      .add("label", scalar(derived.label))
                      .text());
    }
  }

  void write_unknowns(const std::vector<Unknown>& unknowns) {
    line(1, "unknowns:");
    for (const Unknown& unknown : unknowns) {
      line(2, unknown.name + ": " +
                  FlowMap()
                      .add("order", std::to_string(unknown.order))
                      .add("unit", scalar(unknown.unit))
                      .add("label", scalar(unknown.label))
                      .add("magnitude", scalar(unknown.magnitude))
                      .text());
    }
    line(1, "equations:");
    FlowMap exact;
    for (const Unknown& unknown : unknowns) {
      line(2, unknown.name + ": " + scalar(unknown.equation));
      if (unknown.exact) exact.add(unknown.name, scalar(unknown.exact));
    }
    line(1, "exact: " + exact.text());
  }

  void write_condition(const Condition& condition) {
    FlowMap map;
    map.add("at", condition.place == Condition::Place::start ? "start"
                  : condition.place == Condition::Place::end ? "end"
                                                             : to_text(condition.at));
    for (const auto& [component, value] : condition.values) map.add(component, scalar(value));
    line(2, "- " + map.text());
  }

  void write_patch(const Problem& problem, const Patch& patch) {
    FlowMap constants, definitions, solution, inverse;
    for (std::size_t i = 0; i < patch.constants.size(); ++i) {
      constants.add(patch.constants[i].name, scalar(patch.constants[i].guess));
      if (!patch.inverse.empty()) inverse.add(patch.constants[i].name, scalar(patch.inverse[i]));
    }
    for (std::size_t i = 0; i < patch.solution.size(); ++i) {
      solution.add(problem.unknowns[i].name, scalar(patch.solution[i]));
    }
    for (const Definition& definition : patch.definitions) {
      definitions.add(definition.name, scalar(definition.value));
    }
    std::vector<std::string> resolve;
    for (const Expression& place : patch.resolve) resolve.push_back(scalar(place));
    line(2, "- name: " + patch.name);
    line(3, "constants: " + constants.text());
    if (!patch.definitions.empty()) line(3, "definitions: " + definitions.text());
    line(3, "solution: " + solution.text());
    if (patch.until) line(3, "until: " + scalar(patch.until));
    line(3, "overlap: " + scalar(patch.overlap));
    line(3, "resolve: [" + joined(resolve) + "]");
    if (!patch.inverse.empty()) line(3, "inverse: " + inverse.text());
  }

  void write_sweep(const Sweep& sweep) {
    line(0, "sweep:");
    line(1, "sampler: " + name_of(sweep.sampler));
    line(1, "samples: " + std::to_string(sweep.samples));
    line(1, "seed: " + std::to_string(sweep.seed));
    std::vector<std::string> columns;
    std::vector<std::string> parameters;
    for (const SweptParameter& parameter : sweep.parameters) {
      if (sweep.sampler == Sampler::list && parameter.kind == SweptParameter::Kind::values) {
        columns.push_back(parameter.name);
      } else {
        parameters.push_back(parameter.name + ": " + swept(sweep, parameter));
      }
    }
    if (sweep.sampler == Sampler::list) {
      line(1, "file: " + scalar(sweep.file));
      line(1, "columns: [" + joined(columns) + "]");
    }
    line(1, parameters.empty() ? "parameters: {}" : "parameters:");
    for (const std::string& parameter : parameters) line(2, parameter);
  }

  static std::string swept(const Sweep& sweep, const SweptParameter& parameter) {
    if (parameter.kind == SweptParameter::Kind::fixed) return to_text(parameter.fixed);
    if (parameter.kind == SweptParameter::Kind::values)
      return FlowMap().add("values", list_of(parameter.values)).text();
    FlowMap map;
    map.add("range", bounds(parameter.low, parameter.high)).add("scale", name_of(parameter.scale));
    if (sweep.sampler == Sampler::grid) map.add("points", std::to_string(parameter.points));
    return map.text();
  }

  void write_settings() {
    write_network(job_.network);
    write_training(job_.training);
    line(0, "verification: " + FlowMap()
                                   .add("estimate", word(job_.verification.estimate))
                                   .add("reference_fraction", to_text(job_.verification.reference_fraction))
                                   .text());
    write_run(job_.run);
    const Output& output = job_.output;
    std::vector<std::string> stored;
    if (output.solution) stored.emplace_back("solution");
    if (output.coefficients) stored.emplace_back("coefficients");
    if (output.heads) stored.emplace_back("heads");
    if (output.matching) stored.emplace_back("matching");
    if (output.sensitivities) stored.emplace_back("sensitivities");
    line(0, "output: " + FlowMap()
                             .add("points", output.values.empty() ? std::to_string(output.points)
                                                                  : list_of(output.values))
                             .add("store", "[" + joined(stored) + "]")
                             .text());
  }

  void write_network(const Network& network) {
    FlowMap map;
    map.add("features", std::to_string(network.features))
        .add("elements", std::to_string(network.elements))
        .add("nodes", std::to_string(network.nodes))
        .add("layers", std::to_string(network.layers))
        .add("activation", name_of(network.activation))
        .add("seed", std::to_string(network.seed));
    // Only what departs from the defaults, which keeps the hashes of the files that there are.
    const FlowMap trunk = trunk_map(network);
    if (!trunk.empty()) map.add("trunk", trunk.text());
    line(0, "network: " + map.text());
  }

  FlowMap trunk_map(const Network& network) const {
    FlowMap map;
    if (network.width > 0) map.add("width", std::to_string(network.width));
    if (network.init.law != Network::Init::Law::uniform) {
      const bool critical = network.init.law == Network::Init::Law::critical;
      map.add("init", FlowMap()
                          .add("sigma_w", critical ? "critical" : to_text(network.init.sigma_w))
                          .add("sigma_b", to_text(network.init.sigma_b))
                          .text());
    }
    if (network.skip != Network::Skip::none) map.add("skip", name_of(network.skip));
    if (network.train.points > 0) {
      map.add("train", FlowMap()
                           .add("points", std::to_string(network.train.points))
                           .add("steps", std::to_string(network.train.steps))
                           .text());
    } else if (contents_ == Contents::all) {
      map.add("train", "none");
    }
    return map;
  }

  void write_run(const Run& run) {
    FlowMap map;
    map.add("block", std::to_string(run.block));
    // The empty device keeps the hashes of the files that there are.
    map.add("device", contents_ == Contents::all ? run.device : "");
    if (contents_ == Contents::all) {
      map.add("time_limit", to_text(run.time_limit)).add("sync", to_text(run.sync));
    }
    line(0, "run: " + map.text());
  }

  void write_training(const Training& training) {
    FlowMap map;
    map.add("method", name_of(training.method))
        .add("ansatz", name_of(training.ansatz))
        .add("tolerance", to_text(training.tolerance))
        .add("max_iterations", std::to_string(training.max_iterations));
    if (contents_ == Contents::all || !training.rescue) map.add("rescue", word(training.rescue));
    if (contents_ == Contents::all || training.uses_adam()) {
      const Adam& adam = training.adam;
      map.add("adam", FlowMap()
                          .add("steps", std::to_string(adam.steps))
                          .add("learning_rate", to_text(adam.learning_rate))
                          .add("width", std::to_string(adam.width))
                          .add("layers", std::to_string(adam.layers))
                          .add("points", std::to_string(adam.points))
                          .text());
    }
    line(0, "training: " + map.text());
  }

  const Job& job_;
  Contents contents_;
  std::string text_;
};

/// FNV-1a, 64 bits (Fowler, Noll, Vo; http://www.isthe.com/chongo/tech/comp/fnv).
class Hash {
 public:
  void add(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) value_ = (value_ ^ bytes[i]) * 0x100000001B3ULL;
  }
  std::string text() const {
    std::array<char, 17> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(value_));
    return digits.data();
  }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325ULL;
};

}  // namespace

std::string resolved_yaml(const Job& job) { return Writer(job, Contents::all).text(); }

std::string job_hash(const Job& job) {
  Job decisive = job;
  decisive.sweep.file.clear();
  const std::string text = Writer(decisive, Contents::decisive).text();
  Hash hash;
  hash.add(text.data(), text.size());
  if (job.sweep.sampler == Sampler::list) {
    for (const SweptParameter& parameter : job.sweep.parameters) {
      hash.add(parameter.values.data(), parameter.values.size() * sizeof(double));
    }
  }
  return hash.text();
}

}  // namespace gluesweep::job
