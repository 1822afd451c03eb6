#include "field.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "text.hpp"

namespace gluesweep::job {

namespace {

std::string kind_text(const Node& node) {
  switch (node.kind) {
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a mapping";
    default: break;
  }
  return in_quotes(node.text) + (node.is_quoted && looks_like_number(node.text) ? " in quotes" : "");
}

}  // namespace

bool Field::is_number() const {
  return node_->kind == Node::Kind::scalar && !node_->is_quoted && looks_like_number(node_->text);
}

void Field::fail(const std::string& problem, const std::string& remedy) const {
  // An absent value has no place of its own that helps.
  job::fail(node_->kind == Node::Kind::null ? key_place_ : node_->place, path_, problem, remedy);
}

void Field::fail_at_key(const std::string& problem, const std::string& remedy) const {
  job::fail(key_place_, path_, problem, remedy);
}

void Field::fail_inside(std::size_t offset, const std::string& problem, const std::string& remedy) const {
  if (const std::optional<Place> inside = place_inside(*node_, offset))
    job::fail(*inside, path_, problem, remedy);
  constexpr std::size_t around = 25;
  std::size_t start = offset > around ? offset - around : 0;
  while (start > 0 && start < node_->text.size() &&
         (static_cast<unsigned char>(node_->text[start]) & 0xC0U) == 0x80U) {
    --start;
  }
  const std::string near = in_quotes(clipped(std::string_view(node_->text).substr(start), 2 * around));
  fail(problem + " (character " + std::to_string(offset + 1) + " of the expression, in " + near + ")",
       remedy);
}

void Field::fail_missing(const std::string& key, const std::string& remedy) const {
  job::fail(key_place_, child_path(path_, key), "the key is missing", remedy);
}

void Field::mistyped(const std::string& needed, const std::string& remedy) const {
  fail(needed + " is needed, " +
           (node_->kind == Node::Kind::null ? "nothing is given" : "not " + kind_text(*node_)),
       remedy);
}

void Field::accept_keys(const std::vector<std::string>& accepted) const {
  if (node_->kind != Node::Kind::null && node_->kind != Node::Kind::map) {
    mistyped("a mapping", "accepted keys: " + joined(accepted));
  }
  for (const Field& entry : entries()) {
    if (std::find(accepted.begin(), accepted.end(), entry.key()) != accepted.end()) continue;
    entry.fail_at_key("unknown key " + in_quotes(entry.key()) + suggestion(entry.key(), accepted),
                      accepted.empty() ? "no keys are accepted here" : "accepted keys: " + joined(accepted));
  }
}

std::optional<Field> Field::find(const std::string& key) const {
  for (const Entry& entry : node_->entries) {
    if (entry.key != key) continue;
    Field field(entry.value, child_path(path_, key), entry.place);
    field.key_ = key;
    return field;
  }
  return {};
}

Field Field::require(const std::string& key, const std::string& remedy) const {
  std::optional<Field> field = find(key);
  if (!field) fail_missing(key, remedy);
  return std::move(*field);
}

std::vector<Field> Field::entries() const {
  if (node_->kind == Node::Kind::null) return {};
  if (node_->kind != Node::Kind::map) mistyped("a mapping", "write `key: value` pairs");
  std::vector<Field> fields;
  for (const Entry& entry : node_->entries) {
    fields.emplace_back(entry.value, child_path(path_, entry.key), entry.place);
    fields.back().key_ = entry.key;
  }
  return fields;
}

std::vector<Field> Field::items() const {
  if (node_->kind != Node::Kind::list) mistyped("a list", "write [first, second, ...]");
  std::vector<Field> fields;
  for (const NodePtr& item : node_->items) {
    fields.emplace_back(item, child_path(path_, std::to_string(fields.size())), item->place);
  }
  return fields;
}

const std::string& Field::scalar(const std::string& needed) const {
  if (node_->kind != Node::Kind::scalar) mistyped(needed, "give one value");
  return node_->text;
}

double Field::number() const {
  const std::string& text = scalar("a number");
  if (!is_number()) mistyped("a number", "write it like 0.5 or 1e-3, without quotes or units");
  const std::optional<double> value = parse_number(text);
  if (!value)
    fail("a finite number is needed, not " + in_quotes(text),
         "a number is 0 or has a size from about 1e-307 to 1.8e308");
  return *value;
}

std::vector<double> Field::numbers() const {
  std::vector<double> values;
  for (const Field& item : items()) values.push_back(item.number());
  return values;
}

std::int64_t Field::integer(std::int64_t low, std::int64_t high) const {
  const std::string range = "an integer from " + std::to_string(low) + " to " + std::to_string(high);
  const std::string& text = scalar("an integer");
  if (!is_number()) mistyped("an integer", "accepted: " + range);
  const std::optional<std::int64_t> value = parse_integer(text);
  if (!value) {
    if (text.find_first_not_of("+-0123456789") == std::string::npos)
      fail(clipped(text, 60) + " is out of range", "accepted: " + range);
    const double number = parse_number(text).value_or(std::numeric_limits<double>::infinity());
    if (std::abs(number) >= 1.0e15 || number != std::floor(number))
      mistyped("an integer", "accepted: " + range);
    mistyped("an integer", "write it out: " + std::to_string(static_cast<std::int64_t>(number)));
  }
  if (*value < low || *value > high) fail(text + " is out of range", "accepted: " + range);
  return *value;
}

bool Field::boolean() const {
  const std::string& text = scalar("true or false");
  if (!node_->is_quoted && text == "true") return true;
  if (node_->is_quoted || text != "false") mistyped("true or false", "accepted: true, false");
  return false;
}

std::string Field::text() const {
  const std::string value = long_text();
  const auto breaks = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (std::any_of(value.begin(), value.end(), breaks)) {
    fail("the text " + in_quotes(value) + " has a line break or tab", "write it on one line");
  }
  return value;
}

std::string Field::long_text() const {
  const std::string& value = scalar("a text");
  if (first_bad_byte(value))
    fail("the text " + in_quotes(value) + " has a control character", "use plain text");
  return value;
}

Expression Field::expression() const {
  const std::string& text = scalar("an expression");
  try {
    return parse_expression(text);
  } catch (const ExpressionError& error) {
    fail_inside(error.position(), error.problem(), error.remedy());
  }
}

std::size_t Field::choice_index(const std::vector<std::string>& accepted) const {
  const std::string& text = scalar("one of the words below");
  const auto found = std::find(accepted.begin(), accepted.end(), text);
  if (found == accepted.end()) {
    fail("unknown value " + in_quotes(text) + suggestion(text, accepted), "accepted: " + joined(accepted));
  }
  return static_cast<std::size_t>(found - accepted.begin());
}

}  // namespace gluesweep::job
