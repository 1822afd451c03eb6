#include "symbols.hpp"

#include <algorithm>

#include "text.hpp"

namespace gluesweep::job {

namespace {

/// What the sweep file holds beside the names of a problem.
const std::set<std::string>& file_names() {
  static const std::set<std::string> names{
      "sample",     "status",  "defect", "error_estimate", "reference_error", "matching_error",
      "iterations", "seconds", "rescue", "seed",           "network"};
  return names;
}

}  // namespace

void NameTable::check(const Field& field, const std::string& name, const std::string& meaning) const {
  if (!is_identifier(name)) {
    field.fail_at_key(in_quotes(name) + " is not a name",
                      "a name is a letter followed by letters, digits and underscores");
  }
  std::string other;
  if (name == "pi") {
    other = "the number pi";
  } else if (reserved_names().count(name) > 0) {
    other = "a function of expressions";
  } else if (file_names().count(name) > 0) {
    other = "a variable of the sweep file";
  } else if (name.rfind("crossover_", 0) == 0) {
    other = "of the form crossover_*, a variable of the sweep file";
  } else if (const auto found = meanings_.find(name); found != meanings_.end()) {
    other = found->second;
  }
  if (other.empty()) return;
  field.fail_at_key("the name " + in_quotes(name) + " for " + meaning + " is taken: it is " + other,
                    "choose another name");
}

void NameTable::claim(const Field& field, const std::string& name, const std::string& meaning) {
  check(field, name, meaning);
  meanings_[name] = meaning;
}

Scope Scope::with(const std::vector<std::string>& more) const {
  Scope scope = *this;
  scope.accepted.insert(scope.accepted.end(), more.begin(), more.end());
  return scope;
}

Expression read_expression(const Field& field, const Scope& scope) {
  Expression expression = field.expression();
  std::string first;
  std::size_t position = std::string::npos;
  for (const std::string& symbol : symbols_of(expression)) {
    if (std::find(scope.accepted.begin(), scope.accepted.end(), symbol) != scope.accepted.end()) continue;
    const std::size_t here = position_of(expression, symbol);
    if (here > position) continue;
    first = symbol;
    position = here;
  }
  if (first.empty()) return expression;
  const auto found = scope.elsewhere.find(first);
  const std::string problem = found == scope.elsewhere.end()
                                  ? "unknown symbol " + in_quotes(first) + suggestion(first, scope.accepted)
                                  : in_quotes(first) + " cannot be used here: it is " + found->second;
  field.fail_inside(position, problem,
                    "accepted here: " + (scope.accepted.empty() ? "numbers only" : joined(scope.accepted)));
}

}  // namespace gluesweep::job
