#include <algorithm>

#include "problem_reader.hpp"
#include "text.hpp"

namespace gluesweep::job {

namespace {

/// The value of an expression that is just a number, with or without signs.
std::optional<double> plain_number(const Expression& expression) {
  const ExpressionNode* node = expression.root.get();
  double sign = 1.0;
  while (node->kind == ExpressionKind::negate) {
    sign = -sign;
    node = node->operands[0].get();
  }
  if (node->kind != ExpressionKind::number) return {};
  return sign * node->number;
}

std::vector<std::string> names_of_constants(const Patch& patch) {
  std::vector<std::string> names;
  for (const Constant& constant : patch.constants) names.push_back(constant.name);
  return names;
}

}  // namespace

void ProblemReader::read_patch_names() {
  const Field list = root_.require("patches", "give a list of {name, constants, solution, until}");
  const std::vector<Field> items = list.items();
  if (items.empty()) list.fail("there are no patches", "give a list of {name, constants, solution, until}");
  std::set<std::string> taken;
  for (const Field& item : items) {
    item.accept_keys(
        {"name", "constants", "definitions", "solution", "until", "overlap", "resolve", "inverse"});
    const Field name = item.require("name", "give the patch a name");
    Patch patch;
    patch.name = name.text();
    if (!is_identifier(patch.name)) {
      name.fail(in_quotes(patch.name) + " is not a name",
                "a name is a letter followed by letters, digits and underscores");
    }
    if (!taken.insert(patch.name).second) {
      name.fail("two patches have the name " + in_quotes(patch.name), "choose another name");
    }
    read_constants(item, patch);
    problem_.patches.push_back(std::move(patch));
  }
}

void ProblemReader::read_constants(const Field& field, Patch& patch) {
  const int needed = problem_.state_size();
  const Field constants = field.require("constants", "give " + plural(needed, "integration constant") +
                                                         " with a first guess, e.g. `{c: \"1\"}`");
  const std::vector<Field> entries = constants.entries();
  if (entries.size() != static_cast<std::size_t>(needed)) {
    constants.fail("patch " + in_quotes(patch.name) + " has " +
                       plural(static_cast<std::int64_t>(entries.size()), "constant") + "; the state has " +
                       plural(needed, "component") + " (" + joined(problem_.state_names()) + ")",
                   "give exactly " + std::to_string(needed));
  }
  for (const Field& entry : entries) {
    const std::string meaning = "a constant of patch " + patch.name;
    const std::string stored = patch.name + "_" + entry.key();
    names_.check(entry, entry.key(), meaning);
    names_.claim(entry, stored, meaning);
    names_.claim(entry, stored + "_limit", "the limit of " + stored);
    constant_home_[entry.key()].push_back(patch.name);
    patch.constants.push_back({entry.key(), {}});
  }
}

void ProblemReader::read_patches() {
  const std::vector<Field> items = root_.find("patches")->items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    read_patch(items[i], problem_.patches[i], i + 1 == items.size());
  }
}

void ProblemReader::read_patch(const Field& field, Patch& patch, bool is_last) {
  const Field guesses = *field.find("constants");
  for (Constant& constant : patch.constants) {
    constant.guess = read_expression(*guesses.find(constant.name), scope_without_variable());
  }
  read_solution(field, patch);
  const std::optional<Field> until = field.find("until");
  if (is_last && until) {
    until->fail_at_key("the last patch reaches to the end of the range and hands over to nothing",
                       "remove `until`");
  }
  if (!is_last && !until) {
    field.fail_missing("until", "give the place where patch " + in_quotes(patch.name) +
                                    " hands over to the next one, e.g. `until: \"1/k1\"`");
  }
  if (until) patch.until = read_place(*until);
  const Variable& variable = problem_.variable;
  const std::optional<Field> overlap = field.find("overlap");
  patch.overlap =
      overlap
          ? read_overlap(*overlap)
          : constant_expression(variable.scale == Scale::log ? 1.5 : 0.05 * (variable.end - variable.start));
  if (const auto resolve = field.find("resolve")) {
    for (const Field& place : resolve->items()) patch.resolve.push_back(read_place(place));
  }
  read_inverse(field, patch);
}

/// A patch's own definitions, added to what its solution may use; returns the names that they use.
std::set<std::string> ProblemReader::read_definitions_of(const Field& field, Patch& patch, Scope& scope) {
  std::set<std::string> used;
  const std::optional<Field> map = field.find("definitions");
  if (!map) return used;
  const std::vector<Field> entries = map->entries();
  const std::vector<std::string> constants = names_of_constants(patch);
  for (const Field& entry : entries) {
    names_.check(entry, entry.key(), "a definition of patch " + patch.name);
    if (std::find(constants.begin(), constants.end(), entry.key()) != constants.end()) {
      entry.fail_at_key(in_quotes(entry.key()) + " is already a constant of patch " + in_quotes(patch.name),
                        "choose another name");
    }
  }
  Scope earlier = scope;
  for (const Field& entry : entries) {
    earlier.elsewhere[entry.key()] = "a later definition; definitions use earlier ones only";
  }
  for (const Field& entry : entries) {
    earlier.elsewhere[entry.key()] = "the definition itself, which would never end";
    Definition definition{entry.key(), read_expression(entry, earlier)};
    used.merge(symbols_of(definition.value));
    earlier.accepted.push_back(definition.name);
    scope.accepted.push_back(definition.name);
    patch.definitions.push_back(std::move(definition));
  }
  return used;
}

void ProblemReader::read_solution(const Field& field, Patch& patch) {
  const Field solution =
      field_of_unknowns(field, "solution", "give every unknown's asymptotic form in this patch");
  Scope scope = scope_with_variable().with(names_of_constants(patch));
  for (auto& [constant, meaning] : scope.elsewhere) {
    if (constant_home_.count(constant) > 0) meaning += ", and this is patch " + patch.name;
  }
  std::set<std::string> used = read_definitions_of(field, patch, scope);
  for (const Unknown& unknown : problem_.unknowns) {
    patch.solution.push_back(read_expression(*solution.find(unknown.name), scope));
    used.merge(symbols_of(patch.solution.back()));
  }
  for (const Constant& constant : patch.constants) {
    if (used.count(constant.name) > 0) continue;
    solution.fail("the solution does not depend on the constant " + in_quotes(constant.name) + " of patch " +
                      in_quotes(patch.name),
                  "use every constant, or the patch cannot meet its neighbours and the conditions");
  }
}

Expression ProblemReader::read_place(const Field& field) const {
  const Variable& variable = problem_.variable;
  Expression place = read_expression(field, scope_without_variable());
  const std::optional<double> number = plain_number(place);
  if (number && !(*number > variable.start && *number < variable.end)) {
    field.fail(to_text(*number) + " is not inside the range of " + variable.symbol,
               "accepted: above " + to_text(variable.start) + " and below " + to_text(variable.end));
  }
  return place;
}

Expression ProblemReader::read_overlap(const Field& field) const {
  Expression overlap = read_expression(field, scope_without_variable());
  const std::optional<double> number = plain_number(overlap);
  const bool is_log = problem_.variable.scale == Scale::log;
  if (number && !(*number > (is_log ? 1.0 : 0.0))) {
    field.fail("the overlap " + to_text(*number) + " is too small",
               is_log ? "accepted: a factor above 1 (the variable's scale is log)"
                      : "accepted: a half-width above 0 (the variable's scale is linear)");
  }
  return overlap;
}

void ProblemReader::read_inverse(const Field& field, Patch& patch) {
  const std::optional<Field> inverse = field.find("inverse");
  if (!inverse) return;
  inverse->accept_keys(names_of_constants(patch));
  const Scope scope = scope_with_variable().with(problem_.state_names());
  for (const Constant& constant : patch.constants) {
    const Field value = inverse->require(constant.name, "give every constant of the patch from the state");
    patch.inverse.push_back(read_expression(value, scope));
  }
}

void ProblemReader::read_derived() {
  const std::optional<Field> map = root_.find("derived");
  if (!map) return;
  Scope scope = scope_without_variable();
  for (const std::string& name : problem_.state_names()) scope.accepted.push_back(name + "_end");
  for (std::size_t i = 0; i < problem_.patches.size(); ++i) {
    const Patch& patch = problem_.patches[i];
    for (const Constant& constant : patch.constants)
      scope.accepted.push_back(patch.name + "_" + constant.name + "_limit");
    if (i > 0) scope.accepted.push_back("crossover_" + problem_.patches[i - 1].name + "_" + patch.name);
  }
  for (const Field& field : map->entries()) {
    names_.claim(field, field.key(), "a derived quantity");
    Derived derived;
    derived.name = field.key();
    Field value = field;
    if (field.kind() == Node::Kind::map) {
      field.accept_keys({"value", "unit", "label"});
      value = field.require("value", "give the expression of this quantity");
      if (const auto unit = field.find("unit")) derived.unit = unit->text();
      if (const auto label = field.find("label")) derived.label = label->text();
    }
    derived.value = read_expression(value, scope);
    problem_.derived.push_back(std::move(derived));
  }
}

}  // namespace gluesweep::job
