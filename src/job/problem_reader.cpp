#include "problem_reader.hpp"

#include <algorithm>

#include "text.hpp"

namespace gluesweep::job {

namespace {

std::string unit_of(const Field& map) {
  const std::optional<Field> unit = map.find("unit");
  return unit ? unit->text() : "1";
}

std::string label_of(const Field& map) {
  const std::optional<Field> label = map.find("label");
  return label ? label->text() : "";
}

}  // namespace

std::pair<double, double> read_range(const Field& range, Scale scale) {
  const std::vector<double> bounds = range.numbers();
  if (bounds.size() != 2) {
    range.fail("a range has two numbers, this has " + std::to_string(bounds.size()), "write [low, high]");
  }
  const auto [low, high] = std::make_pair(bounds[0], bounds[1]);
  if (!(low < high)) {
    range.fail("the range is empty: low " + to_text(low) + " is not below high " + to_text(high),
               "give two increasing numbers");
  }
  if (scale == Scale::log && low <= 0.0) {
    range.fail("a log scale needs bounds above 0, low is " + to_text(low), "raise it or use `scale: linear`");
  }
  return {low, high};
}

Problem ProblemReader::read() {
  root_.accept_keys({"name", "description", "variable", "parameters", "definitions", "unknowns", "equations",
                     "conditions", "patches", "derived", "exact", "network"});
  const Field name = root_.require("name", "give the problem a name, e.g. `name: decay`");
  problem_.name = name.text();
  if (!is_identifier(problem_.name)) {
    name.fail(in_quotes(problem_.name) + " is not a name",
              "a name is a letter followed by letters, digits and underscores");
  }
  if (const auto description = root_.find("description")) problem_.description = description->long_text();
  read_variable();
  read_parameters();
  read_definitions();
  read_unknowns();
  read_patch_names();
  read_equations();
  read_exact();
  read_conditions();
  read_patches();
  read_derived();
  return std::move(problem_);
}

void ProblemReader::read_variable() {
  const Field field =
      root_.require("variable", "give {symbol: ..., range: [start, end], scale: linear or log}");
  field.accept_keys({"symbol", "range", "scale", "unit", "label"});
  const Field symbol = field.require("symbol", "give the independent variable's name, e.g. `symbol: t`");
  Variable& variable = problem_.variable;
  variable.symbol = symbol.text();
  names_.claim(symbol, variable.symbol, "the variable");
  variable.scale =
      field
          .require("scale",
                   "accepted: linear, log; with log the points, frames and networks are laid out in the "
                   "logarithm of the variable, so there is no default")
          .choice<Scale>();
  const Field range = field.require("range", "give [start, end] of the variable");
  std::tie(variable.start, variable.end) = read_range(range, variable.scale);
  variable.unit = unit_of(field);
  variable.label = label_of(field);
}

void ProblemReader::read_parameters() {
  const std::optional<Field> map = root_.find("parameters");
  if (!map) return;
  for (const Field& field : map->entries()) {
    names_.claim(field, field.key(), "a parameter");
    field.accept_keys({"default", "unit", "label"});
    Parameter parameter;
    parameter.name = field.key();
    if (const auto value = field.find("default")) {
      parameter.default_value = value->number();
      parameter.has_default = true;
    }
    parameter.unit = unit_of(field);
    parameter.label = label_of(field);
    problem_.parameters.push_back(std::move(parameter));
  }
}

void ProblemReader::read_definitions() {
  const std::optional<Field> map = root_.find("definitions");
  if (!map) return;
  const std::vector<Field> entries = map->entries();
  for (const Field& field : entries) names_.claim(field, field.key(), "a definition");
  Scope scope = scope_with_variable();
  scope.elsewhere = names_.meanings();
  if (const std::optional<Field> unknowns = root_.find("unknowns")) {
    for (const Field& unknown : unknowns->entries()) {
      scope.elsewhere[unknown.key()] = "an unknown; a definition uses the variable and parameters";
    }
  }
  for (const Field& field : entries) {
    scope.elsewhere[field.key()] = "a later definition; definitions use earlier ones only";
  }
  for (const Field& field : entries) {
    scope.elsewhere[field.key()] = "the definition itself, which would never end";
    Definition definition{field.key(), read_expression(field, scope)};
    for (const std::string& symbol : symbols_of(definition.value)) {
      if (symbol == problem_.variable.symbol || varying_definitions_.count(symbol) > 0) {
        varying_definitions_.insert(definition.name);
      }
    }
    scope.accepted.push_back(definition.name);
    problem_.definitions.push_back(std::move(definition));
  }
}

void ProblemReader::read_unknowns() {
  const Field map = root_.require("unknowns", "name what the equations determine, e.g. `A: {order: 1}`");
  const std::vector<Field> entries = map.entries();
  if (entries.empty())
    map.fail("there are no unknowns", "name what the equations determine, e.g. `A: {order: 1}`");
  for (const Field& field : entries) {
    field.accept_keys({"order", "unit", "label", "magnitude"});
    Unknown unknown;
    unknown.name = field.key();
    read_integer(field, "order", 1, 8, unknown.order);
    unknown.unit = unit_of(field);
    unknown.label = label_of(field);
    problem_.unknowns.push_back(unknown);
    std::string component = unknown.name;
    for (int derivative = 0; derivative < unknown.order; ++derivative) {
      if (derivative > 0) component += (derivative == 1 ? "_" : "") + problem_.variable.symbol;
      names_.claim(field, component, derivative == 0 ? "an unknown" : "a derivative of " + unknown.name);
      names_.claim(field, component + "_end", "the value of " + component + " at the end");
    }
    names_.claim(field, unknown.name + "_matching", "the matching solution of " + unknown.name);
  }
}

std::map<std::string, std::string> ProblemReader::elsewhere() const {
  std::map<std::string, std::string> result = names_.meanings();
  result[problem_.variable.symbol] = "the variable, which has no value here";
  for (const std::string& name : varying_definitions_) {
    result[name] =
        "a definition that depends on the variable " + problem_.variable.symbol + ", which has no value here";
  }
  for (const auto& [constant, patches] : constant_home_) {
    result[constant] =
        (patches.size() == 1 ? "a constant of patch " : "a constant of patches ") + joined(patches);
  }
  return result;
}

Scope ProblemReader::scope_with_variable() const {
  Scope scope = Scope{{problem_.variable.symbol}, elsewhere()};
  for (const Parameter& parameter : problem_.parameters) scope.accepted.push_back(parameter.name);
  for (const Definition& definition : problem_.definitions) scope.accepted.push_back(definition.name);
  return scope;
}

Scope ProblemReader::scope_without_variable() const {
  Scope scope = Scope{{}, elsewhere()};
  for (const Parameter& parameter : problem_.parameters) scope.accepted.push_back(parameter.name);
  for (const Definition& definition : problem_.definitions) {
    if (varying_definitions_.count(definition.name) == 0) scope.accepted.push_back(definition.name);
  }
  return scope;
}

std::vector<std::string> ProblemReader::unknown_names() const {
  std::vector<std::string> names;
  for (const Unknown& unknown : problem_.unknowns) names.push_back(unknown.name);
  return names;
}

Field ProblemReader::field_of_unknowns(const Field& map, const std::string& key,
                                       const std::string& remedy) const {
  Field field = map.require(key, remedy);
  field.accept_keys(unknown_names());
  for (const std::string& name : unknown_names()) {
    if (!field.has(name)) field.fail_missing(name, remedy);
  }
  return field;
}

void ProblemReader::read_equations() {
  const Field equations =
      field_of_unknowns(root_, "equations", "give every unknown's highest derivative as an expression");
  const Scope scope = scope_with_variable();
  const Scope magnitude_scope = scope.with(unknown_names());
  for (Unknown& unknown : problem_.unknowns) {
    unknown.equation = read_expression(*equations.find(unknown.name), scope.with(problem_.state_names()));
    const std::optional<Field> magnitude = root_.find("unknowns")->find(unknown.name)->find("magnitude");
    unknown.magnitude = magnitude ? read_expression(*magnitude, magnitude_scope)
                                  : parse_expression("abs(" + unknown.name + ")");
  }
}

void ProblemReader::read_exact() {
  const std::optional<Field> exact = root_.find("exact");
  if (!exact) return;
  exact->accept_keys(unknown_names());
  for (Unknown& unknown : problem_.unknowns) {
    if (const auto field = exact->find(unknown.name))
      unknown.exact = read_expression(*field, scope_with_variable());
  }
}

void ProblemReader::read_conditions() {
  const std::string remedy = "give a list like [{at: start, " + problem_.unknowns[0].name + ": ...}]";
  const Field list = root_.require("conditions", remedy);
  std::set<std::pair<double, std::string>> taken;
  for (const Field& item : list.items()) read_condition(item, taken);
  std::size_t count = 0;
  for (const Condition& condition : problem_.conditions) count += condition.values.size();
  const auto needed = static_cast<std::size_t>(problem_.state_size());
  if (count == needed) return;
  list.fail_at_key(plural(static_cast<std::int64_t>(count), "condition") + " for " +
                       plural(problem_.state_size(), "state component") + " (" +
                       joined(problem_.state_names()) + ")",
                   "give exactly " + std::to_string(needed));
}

void ProblemReader::read_condition(const Field& item, std::set<std::pair<double, std::string>>& taken) {
  const Variable& variable = problem_.variable;
  const std::vector<std::string> components = problem_.state_names();
  std::vector<std::string> keys = components;
  keys.insert(keys.begin(), "at");
  item.accept_keys(keys);
  const Field at = item.require("at", "accepted: start, end or a number of " + variable.symbol);
  Condition condition;
  if (at.is_number()) {
    condition.at = at.number();
    if (condition.at < variable.start || condition.at > variable.end) {
      at.fail(to_text(condition.at) + " is out of the range of " + variable.symbol,
              "accepted: " + to_text(variable.start) + " to " + to_text(variable.end));
    }
  } else {
    const std::string word = at.text();
    if (word != "start" && word != "end") {
      at.fail("unknown value " + in_quotes(word) + suggestion(word, {"start", "end"}),
              "accepted: start, end or a number of " + variable.symbol);
    }
    condition.at = word == "start" ? variable.start : variable.end;
  }
  condition.place = condition.at == variable.start ? Condition::Place::start
                    : condition.at == variable.end ? Condition::Place::end
                                                   : Condition::Place::number;
  for (const Field& field : item.entries()) {
    if (field.key() == "at") continue;
    if (!taken.emplace(condition.at, field.key()).second) {
      field.fail_at_key("there are two conditions on " + field.key() + " at " + variable.symbol + " = " +
                            to_text(condition.at),
                        "remove one of the two");
    }
    condition.values.emplace_back(field.key(), read_expression(field, scope_with_variable()));
  }
  if (condition.values.empty()) {
    item.fail("this condition gives no value", "add one of: " + joined(components));
  }
  problem_.conditions.push_back(std::move(condition));
}

}  // namespace gluesweep::job
